//! What a replica must know again to start, beside its log: a line, and who the members are.

use super::PeerId;
use bytes::{Buf, BufMut, Bytes, BytesMut};

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// Of which line the state is.
    pub(super) line: u64,
    /// The state is of a line that was dropped.
    pub(super) was_reset: bool,
    /// From the lowest rank to the highest.
    pub(super) members: Vec<PeerId>,
}

impl Memory {
    pub(super) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(9 + 8 * self.members.len());
        out.put_u64_le(self.line);
        out.put_u8(u8::from(self.was_reset));
        self.members.iter().for_each(|it| out.put_u64_le(*it));
        out.freeze()
    }

    /// `None`: nobody wrote this.
    pub(super) fn decode(mut from: &[u8]) -> Option<Memory> {
        let line = from.try_get_u64_le().ok()?;
        let was_reset = match from.try_get_u8().ok()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (ids, rest) = from.as_chunks::<8>();
        let members = ids.iter().map(|it| u64::from_le_bytes(*it)).collect();
        rest.is_empty().then_some(Memory { line, was_reset, members })
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn what_is_remembered_is_known_again_and_nothing_else_is() {
        for members in [vec![], vec![1, 2, u64::MAX]] {
            let memory = Memory { line: 7, was_reset: true, members };
            let bytes = memory.encode();
            assert_eq!(Memory::decode(&bytes), Some(memory));
            assert_eq!(Memory::decode(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(Memory::decode(&[0, 0, 0, 0, 0, 0, 0, 0, 2]), None);
    }
}
