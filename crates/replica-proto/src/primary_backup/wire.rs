//! What replicas say to each other, and its bytes: a tag, then numbers of seven bits a byte, and an
//! entry's data behind its length.
//!
//! Promise: `decode` gives back what `encode` was given, and of other bytes `None` or some message, never
//! more than they hold.

use super::log::Entry;
use crate::number::{put, put_all, take, take_all};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Between replicas of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Of a primary: entries, a heartbeat, or that more is committed.
    Append(Append),
    /// Everything up to `matched` is on disk here and is what the primary has.
    Ack {
        /// Of the primary that is answered.
        epoch: u64,
        /// See above.
        matched: u64,
        /// The newest [`Append::stamp`] that was seen.
        stamp: u64,
    },
    /// There is another entry at `prev_index`, or none.
    Reject {
        /// Of the primary that is answered.
        epoch: u64,
        /// As it was sent.
        prev_index: u64,
        /// The last entry here that could be the primary's.
        hint_index: u64,
        /// Its epoch.
        hint_epoch: u64,
    },
    /// You speak in an epoch that is over.
    Stale {
        /// The one that was taken here.
        epoch: u64,
    },
    /// The log does not reach back to what you have: fetch the state.
    State {
        /// Of the primary that says so.
        epoch: u64,
        /// State up to and including this.
        index: u64,
        /// Epoch of that entry.
        index_epoch: u64,
    },
}

/// From a primary to a backup or learner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The primary's.
    pub epoch: u64,
    /// The entry before the first of `entries`; zeros when there are none.
    pub prev_index: u64,
    /// Its epoch.
    pub prev_epoch: u64,
    /// Committed up to here.
    pub commit: u64,
    /// By the primary's clock, for its lease. Zero: no answer is needed.
    pub stamp: u64,
    /// From `prev_index + 1` on.
    pub entries: Vec<Entry>,
}

/// Entries of one message, whatever their bytes: what is read is looked at in one step.
pub(super) const ENTRIES_MAX: usize = 4096;

const APPEND: u8 = 1;
const ACK: u8 = 2;
const REJECT: u8 = 3;
const STALE: u8 = 4;
const STATE: u8 = 5;

impl Message {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Message::Append(it) => {
                let bytes: usize = it.entries.iter().map(|it| it.data.len() + 16).sum();
                out.reserve(64 + bytes);
                let head = [it.epoch, it.prev_index, it.prev_epoch, it.commit, it.stamp];
                put_all(&mut out, APPEND, &head);
                put(it.entries.len() as u64, &mut out);
                for entry in &it.entries {
                    put(entry.epoch, &mut out);
                    put(entry.data.len() as u64, &mut out);
                    out.put_slice(&entry.data);
                }
            }
            Message::Ack { epoch, matched, stamp } => {
                put_all(&mut out, ACK, &[*epoch, *matched, *stamp]);
            }
            Message::Reject { epoch, prev_index, hint_index, hint_epoch } => {
                put_all(&mut out, REJECT, &[*epoch, *prev_index, *hint_index, *hint_epoch]);
            }
            Message::Stale { epoch } => put_all(&mut out, STALE, &[*epoch]),
            Message::State { epoch, index, index_epoch } => {
                put_all(&mut out, STATE, &[*epoch, *index, *index_epoch]);
            }
        }
        out.freeze()
    }

    /// From bytes; entries share them. `None`: no replica wrote this.
    #[must_use]
    pub fn decode(mut from: Bytes) -> Option<Message> {
        let from = &mut from;
        let tag = from.try_get_u8().ok()?;
        let message = match tag {
            APPEND => {
                let [epoch, prev_index, prev_epoch, commit, stamp] = take_all(from)?;
                let count = usize::try_from(take(from)?).ok().filter(|it| *it <= ENTRIES_MAX)?;
                // Every entry has two bytes at least, so a lie reserves no more than was sent.
                let mut entries = Vec::with_capacity(count.min(from.len() / 2));
                for _ in 0..count {
                    let epoch = take(from)?;
                    let len = usize::try_from(take(from)?).ok().filter(|it| *it <= from.len())?;
                    entries.push(Entry { epoch, data: from.split_to(len) });
                }
                Message::Append(Append { epoch, prev_index, prev_epoch, commit, stamp, entries })
            }
            ACK => {
                let [epoch, matched, stamp] = take_all(from)?;
                Message::Ack { epoch, matched, stamp }
            }
            REJECT => {
                let [epoch, prev_index, hint_index, hint_epoch] = take_all(from)?;
                Message::Reject { epoch, prev_index, hint_index, hint_epoch }
            }
            STALE => Message::Stale { epoch: take(from)? },
            STATE => {
                let [epoch, index, index_epoch] = take_all(from)?;
                Message::State { epoch, index, index_epoch }
            }
            _ => return None,
        };
        from.is_empty().then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::{Append, Entry, Message};
    use bytes::Bytes;
    use proptest::prelude::*;

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let data = prop::collection::vec(any::<u8>(), 0..300);
        let entry =
            (any::<u64>(), data).prop_map(|(epoch, data)| Entry { epoch, data: data.into() });
        prop::collection::vec(entry, 0..10)
    }

    fn message() -> impl Strategy<Value = Message> {
        let appends = (any::<[u64; 5]>(), entries()).prop_map(|(numbers, entries)| {
            let [epoch, prev_index, prev_epoch, commit, stamp] = numbers;
            Message::Append(Append { epoch, prev_index, prev_epoch, commit, stamp, entries })
        });
        let others = (0..4, any::<[u64; 4]>()).prop_map(|(kind, [epoch, a, b, c])| match kind {
            0 => Message::Ack { epoch, matched: a, stamp: b },
            1 => Message::Reject { epoch, prev_index: a, hint_index: b, hint_epoch: c },
            2 => Message::Stale { epoch },
            _ => Message::State { epoch, index: a, index_epoch: b },
        });
        prop_oneof![appends, others]
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
        fn garbage_panics_nowhere(tag in 0u8..7, body in prop::collection::vec(any::<u8>(), 0..100)) {
            let bytes: Vec<u8> = [tag].into_iter().chain(body).collect();
            let _ = Message::decode(Bytes::from(bytes));
        }
    }
}
