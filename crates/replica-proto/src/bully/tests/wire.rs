//! Messages as bytes.

use super::super::Message;
use super::garbage::message;
use bytes::Bytes;
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(message in message()) {
        prop_assert_eq!(Message::decode(message.encode()), Some(message));
    }

    #[test]
    fn a_message_cut_short_or_with_more_behind_is_none(message in message(), at in any::<prop::sample::Index>()) {
        let bytes = message.encode();
        prop_assert_eq!(Message::decode(bytes.slice(..at.index(bytes.len()))), None);
        let longer = [&bytes[..], &[0]].concat();
        prop_assert_eq!(Message::decode(longer.into()), None);
    }

    #[test]
    fn garbage_panics_nowhere(tag in 0u8..9, body in prop::collection::vec(any::<u8>(), 0..60)) {
        let bytes: Vec<u8> = [tag].into_iter().chain(body).collect();
        let _ = Message::decode(Bytes::from(bytes));
    }
}
