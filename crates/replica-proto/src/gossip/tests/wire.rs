//! Messages as bytes, and any bytes as messages.

use crate::gossip::{Ask, Entry, Exchange, Kept, Message, Part, Range};
use bytes::Bytes;
use proptest::prelude::*;

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = (0u64..3, 1u64..9, any::<u64>(), prop::collection::vec(any::<u8>(), 0..20));
    prop::collection::vec(
        one.prop_map(|(origin, index, hlc, data)| Entry {
            origin: origin << 60,
            index,
            hlc,
            data: data.into(),
        }),
        0..20,
    )
}

pub(super) fn message() -> impl Strategy<Value = Message> {
    let part = (any::<u64>(), entries()).prop_map(|(id, entries)| Part { id, entries });
    let kept = (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(origin, upto, floor)| Kept {
        origin,
        upto,
        floor,
    });
    let exchange = (any::<bool>(), 0..1u64 << 63, prop::collection::vec(kept, 0..5))
        .prop_map(|(is_question, asked_ms, kept)| Exchange { is_question, asked_ms, kept });
    let range = (any::<u64>(), any::<u64>(), any::<u64>())
        .prop_map(|(origin, after, upto)| Range { origin, after, upto });
    let ask = (0..1u64 << 63, any::<bool>(), any::<u64>(), prop::collection::vec(range, 0..5))
        .prop_map(|(id, is_graft, bytes_max, ranges)| Ask { id, is_graft, bytes_max, ranges });
    (
        entries(),
        prop::collection::vec(part, 0..3),
        prop::option::of(exchange),
        prop::collection::vec(any::<(u64, u64)>(), 0..4),
        prop::collection::vec(ask, 0..3),
        prop::collection::vec(any::<u64>(), 0..4),
    )
        .prop_map(|(push, parts, exchange, have, asks, prune)| Message {
            push,
            parts,
            exchange,
            have,
            asks,
            prune,
        })
}

proptest! {
    #[test]
    fn what_was_encoded_decodes_to_the_same(message in message()) {
        // Question numbers and times are a bit shorter than 64.
        let mut message = message;
        message.asks.iter_mut().for_each(|it| it.id &= u64::MAX >> 1);
        prop_assert_eq!(Message::decode(&message.encode()), Some(message));
    }

    #[test]
    fn any_bytes_are_refused_or_some_message(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::decode(&bytes.into());
    }

    #[test]
    fn damaged_messages_are_refused_or_some_message(
        message in message(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = message.encode().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(cut.index(bytes.len()) + 1);
        let _ = Message::decode(&bytes.into());
    }
}

#[test]
fn a_single_entry_costs_at_most_25_bytes_more_than_its_data() {
    let entry = Entry { origin: u64::MAX, index: 1 << 20, hlc: 1 << 57, data: vec![7; 100].into() };
    let bytes = Message { push: vec![entry], ..Message::default() }.encode();
    assert!(bytes.len() <= 125, "{}", bytes.len());
}

#[test]
fn a_run_whose_indexes_would_overflow_is_refused() {
    let entry = Entry { origin: 1, index: u64::MAX - 1, hlc: 1, data: Bytes::new() };
    let bytes = Message { push: vec![entry], ..Message::default() }.encode();
    assert_eq!(Message::decode(&bytes), None);
}

/// Found by fuzzing: the reader thought an ask to be a byte longer than the shortest is.
#[test]
fn many_of_the_shortest_parts_are_read_again() {
    let ask = Ask { id: 0, is_graft: false, bytes_max: 0, ranges: vec![] };
    let part = Part { id: 0, entries: vec![] };
    let kept = Kept { origin: 0, upto: 0, floor: 0 };
    let exchange = Exchange { is_question: false, asked_ms: 0, kept: vec![kept; 9] };
    for message in [
        Message { asks: vec![ask; 9], ..Message::default() },
        Message { parts: vec![part; 9], ..Message::default() },
        Message { exchange: Some(exchange), ..Message::default() },
        Message { have: vec![(0, 0); 9], ..Message::default() },
        Message { prune: vec![0; 9], ..Message::default() },
    ] {
        assert_eq!(Message::decode(&message.encode()), Some(message));
    }
}
