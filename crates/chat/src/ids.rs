//! Identifiers that entries carry.

use crate::planted::planted;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One replica identity of a node: drawn once per data directory, never reused. A node that lost its
/// disk comes back under a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct NodeId(pub u64);

/// A presence that outlives sockets. Drawn at random by the node that registers it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// A hybrid-logical time: wall milliseconds shifted left by 16, plus a counter. Orders, never measures.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The earliest stamp of a wall-clock millisecond.
    #[must_use]
    pub fn from_ms(unix_ms: u64) -> Stamp {
        Stamp(unix_ms << 16)
    }

    /// Unix milliseconds of this stamp.
    #[must_use]
    pub fn ms(self) -> u64 {
        self.0 >> 16
    }

    /// The next stamp after `self` that is not before `now`.
    #[must_use]
    pub fn after(self, now: Stamp) -> Stamp {
        if planted!("clock-runs-back") {
            return now;
        }
        // Saturates: a stamp from damaged bytes must not panic. Real time ends there in 8,900 years.
        Stamp(now.0.max(self.0.saturating_add(1)))
    }
}

/// The id of a message: made once, equal on every node and door, sorted by time within a room.
///
/// `origin` says which log (or, in gossip rooms, which node) stamped it, so that ids of different
/// logs never meet. As text: 20 characters of lower-case base32hex, whose order is the ids' order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MsgId {
    /// When, and in which order.
    pub stamp: Stamp,
    /// Who stamped it.
    pub origin: u32,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const STAMP_DIGITS: usize = 13; // 65 bits hold a u64.
const ORIGIN_DIGITS: usize = 7; // 35 bits hold a u32.

impl MsgId {
    /// The text form, without allocating.
    #[must_use]
    pub fn text(self) -> [u8; STAMP_DIGITS + ORIGIN_DIGITS] {
        let mut text = [b'0'; STAMP_DIGITS + ORIGIN_DIGITS];
        write_base32(self.stamp.0, &mut text[..STAMP_DIGITS]);
        write_base32(u64::from(self.origin), &mut text[STAMP_DIGITS..]);
        text
    }
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        f.write_str(std::str::from_utf8(&text).expect("base32hex is ASCII"))
    }
}

/// The text is no message id of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message id")]
pub struct InvalidMsgId;

impl FromStr for MsgId {
    type Err = InvalidMsgId;

    fn from_str(text: &str) -> Result<MsgId, InvalidMsgId> {
        let text = text.as_bytes();
        if text.len() != STAMP_DIGITS + ORIGIN_DIGITS {
            return Err(InvalidMsgId);
        }
        let stamp = read_base32(&text[..STAMP_DIGITS])?;
        let origin = read_base32(&text[STAMP_DIGITS..])?;
        Ok(MsgId {
            stamp: Stamp(u64::try_from(stamp).map_err(|_| InvalidMsgId)?),
            origin: u32::try_from(origin).map_err(|_| InvalidMsgId)?,
        })
    }
}

fn write_base32(mut value: u64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
}

fn read_base32(text: &[u8]) -> Result<u128, InvalidMsgId> {
    text.iter().try_fold(0u128, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'v' => digit - b'a' + 10,
            _ => return Err(InvalidMsgId),
        };
        Ok(value << 5 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_message_id_survives_text_and_keeps_its_order(a in any::<(u64, u32)>(), b in any::<(u64, u32)>()) {
            let id = |(stamp, origin)| MsgId { stamp: Stamp(stamp), origin };
            prop_assert_eq!(id(a).to_string().parse(), Ok(id(a)));
            prop_assert_eq!(id(a).cmp(&id(b)), id(a).to_string().cmp(&id(b).to_string()));
        }

        #[test]
        fn no_text_panics(text in ".{0,30}") {
            let _ = text.parse::<MsgId>();
        }
    }
}
