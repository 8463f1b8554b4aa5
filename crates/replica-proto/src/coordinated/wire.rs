//! What members say to each other, and its bytes: a tag, then what the tag says.
//!
//! Promise: `decode` gives back what `encode` was given, and of other bytes `None` or some message, never
//! more than they hold.

use crate::bully::{self, PeerId, Reign};
use crate::number::{put, take, take_all};
use crate::primary_backup::{self as copy, Propose, REPLICAS_MAX, View};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// A view, and what its reign began from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Whose view it is.
    pub reign: Reign,
    /// Of which line the copy was that the reign began from.
    pub parent: u64,
    /// How far that copy had come: epoch and index of its last entry.
    pub base: (u64, u64),
    /// The view.
    pub view: View,
}

/// Between members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Who coordinates.
    Elect(bully::Message),
    /// Between copies of one line.
    Copy {
        /// Which.
        line: u64,
        /// What.
        message: copy::Message,
    },
    /// Of the coordinator.
    Decided(Decided),
    /// Of a primary, to the coordinator.
    Propose {
        /// Of whose reign it is.
        line: u64,
        /// What.
        propose: Propose,
    },
}

const ELECT: u8 = 1;
const COPY: u8 = 2;
const DECIDED: u8 = 3;
const PROPOSE: u8 = 4;

impl Message {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Message::Elect(message) => {
                out.put_u8(ELECT);
                out.put_slice(&message.encode());
            }
            Message::Copy { line, message } => {
                let message = message.encode();
                out.reserve(9 + message.len());
                out.put_u8(COPY);
                out.put_u64_le(*line);
                out.put_slice(&message);
            }
            Message::Decided(Decided { reign, parent, base, view }) => {
                out.put_u8(DECIDED);
                let Reign { round, coordinator, life } = *reign;
                let head = [round, coordinator, life, *parent, base.0, base.1];
                head.into_iter().for_each(|it| put(it, &mut out));
                put_view(view, &mut out);
            }
            Message::Propose { line, propose } => {
                out.put_u8(PROPOSE);
                put(*line, &mut out);
                put(propose.on_epoch, &mut out);
                put_view(&propose.view, &mut out);
            }
        }
        out.freeze()
    }

    /// From bytes; entries share them. `None`: no member wrote this.
    #[must_use]
    pub fn decode(mut from: Bytes) -> Option<Message> {
        let bytes = &mut from;
        let message = match bytes.try_get_u8().ok()? {
            ELECT => return bully::Message::decode(from).map(Message::Elect),
            COPY => {
                let line = bytes.try_get_u64_le().ok()?;
                let message = copy::Message::decode(from)?;
                return Some(Message::Copy { line, message });
            }
            DECIDED => {
                let [round, coordinator, life, parent, epoch, index] = take_all(bytes)?;
                let reign = Reign { round, coordinator, life };
                let view = take_view(bytes)?;
                Message::Decided(Decided { reign, parent, base: (epoch, index), view })
            }
            PROPOSE => {
                let [line, on_epoch] = take_all(bytes)?;
                let view = take_view(bytes)?;
                Message::Propose { line, propose: Propose { on_epoch, view } }
            }
            _ => return None,
        };
        from.is_empty().then_some(message)
    }
}

fn put_view(view: &View, out: &mut BytesMut) {
    put(view.epoch, out);
    put(view.primary, out);
    for ids in [&view.in_sync, &view.replicas] {
        put(ids.len() as u64, out);
        ids.iter().for_each(|it| put(*it, out));
    }
}

fn take_view(from: &mut Bytes) -> Option<View> {
    let [epoch, primary] = take_all(from)?;
    let mut ids = || {
        let count = usize::try_from(take(from)?).ok().filter(|it| *it <= REPLICAS_MAX)?;
        (0..count).map(|_| take(from)).collect::<Option<Vec<PeerId>>>()
    };
    let (in_sync, replicas) = (ids()?, ids()?);
    Some(View { epoch, primary, in_sync, replicas })
}

#[cfg(test)]
mod tests {
    use super::{Decided, Message};
    use crate::bully::{self, Reign};
    use crate::primary_backup::{self as copy, Propose, View};
    use bytes::Bytes;
    use proptest::prelude::*;

    fn view() -> impl Strategy<Value = View> {
        let ids = || prop::collection::vec(any::<u64>(), 0..5);
        (any::<u64>(), any::<u64>(), ids(), ids()).prop_map(
            |(epoch, primary, in_sync, replicas)| View { epoch, primary, in_sync, replicas },
        )
    }

    fn message() -> impl Strategy<Value = Message> {
        (0..4, view(), any::<[u64; 6]>()).prop_map(|(kind, view, [a, b, c, d, e, f])| match kind {
            0 => Message::Elect(bully::Message::Election { round: a }),
            1 => Message::Copy { line: a, message: copy::Message::Stale { epoch: b } },
            2 => {
                let reign = Reign { round: a, coordinator: b, life: c };
                Message::Decided(Decided { reign, parent: d, base: (e, f), view })
            }
            _ => Message::Propose { line: a, propose: Propose { on_epoch: b, view } },
        })
    }

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
        fn garbage_panics_nowhere(tag in 0u8..6, body in prop::collection::vec(any::<u8>(), 0..100)) {
            let bytes: Vec<u8> = [tag].into_iter().chain(body).collect();
            let _ = Message::decode(Bytes::from(bytes));
        }
    }
}
