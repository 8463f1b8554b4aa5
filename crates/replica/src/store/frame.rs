//! One record on disk: crc32c, length, sequence, kind, body.
//!
//! Promise: bytes parse as a frame only if they were sealed as one in this very file. The crc starts
//! from a salt made of the file's id, so what a recycled file held before never passes.

use crate::planted;

/// Bytes before the body: crc 4, body length 4, sequence 8, kind 1.
pub(super) const HEADER: usize = 17;

/// Set in the kind of the last frame of a batch: without it the batch is incomplete.
pub(super) const LAST: u8 = 0x80;

/// A frame whose crc was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The log's batch number; other stores use it as they like.
    pub(super) seq: u64,
    /// Without the `LAST` bit; never 0.
    pub(super) kind: u8,
    pub(super) is_last: bool,
    pub(super) body: &'a [u8],
    /// Header and body.
    pub(super) len: usize,
}

/// The crc's start value for a file.
pub(super) fn salt(file_id: u64) -> u32 {
    crc32c::crc32c(&file_id.to_le_bytes())
}

/// Starts a frame at the end of `into`; `end` must follow once the body is written.
pub(super) fn begin(into: &mut Vec<u8>, kind: u8) -> usize {
    let start = into.len();
    into.extend_from_slice(&[0; HEADER]);
    into[start + 16] = kind;
    start
}

/// Writes the body's length into the frame that began at `start`.
pub(super) fn end(into: &mut [u8], start: usize) {
    let body = u32::try_from(into.len() - start - HEADER).expect("a frame is far below 4 GiB");
    into[start + 4..start + 8].copy_from_slice(&body.to_le_bytes());
}

/// The whole length of the frame that begins at `bytes`, before any check of its contents.
pub(super) fn len_of(bytes: &[u8]) -> usize {
    HEADER + u32_at(bytes, 4) as usize
}

/// Gives an ended frame its sequence and crc.
pub(super) fn seal(frame: &mut [u8], salt: u32, seq: u64, is_last: bool) {
    frame[8..16].copy_from_slice(&seq.to_le_bytes());
    if is_last {
        frame[16] |= LAST;
    }
    let crc = crc32c::crc32c_append(salt, &frame[4..]);
    frame[..4].copy_from_slice(&crc.to_le_bytes());
}

/// The frame at the start of `bytes`, or `None` if they are anything else.
pub(super) fn parse(bytes: &[u8], salt: u32) -> Option<Frame<'_>> {
    if bytes.len() < HEADER || bytes[16] & !LAST == 0 {
        return None;
    }
    let len = len_of(bytes);
    let covered = bytes.get(4..len)?;
    let is_whole = crc32c::crc32c_append(salt, covered) == u32_at(bytes, 0);
    if !is_whole && !planted!("checksum-unchecked") {
        return None;
    }
    let (kind, is_last) = (bytes[16] & !LAST, bytes[16] & LAST != 0);
    Some(Frame { seq: u64_at(bytes, 8), kind, is_last, body: &bytes[HEADER..len], len })
}

/// The first valid frame at or after `from` whose sequence is at least `seq_min`.
pub(super) fn find(bytes: &[u8], salt: u32, from: usize, seq_min: u64) -> Option<usize> {
    // Nothing can have used up more numbers than there is room for frames; this keeps random bytes
    // from being mistaken for a header, and so from costing a crc over what they call the length.
    let seq_max = seq_min.saturating_add(1 << 40);
    (from..bytes.len().saturating_sub(HEADER - 1)).find(|&at| {
        let here = &bytes[at..];
        (seq_min..seq_max).contains(&u64_at(here, 8)) && parse(here, salt).is_some()
    })
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut raw = [0; 4];
    raw.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(raw)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut raw = [0; 8];
    raw.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(salt: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let start = begin(&mut bytes, 3);
        bytes.extend_from_slice(b"body");
        end(&mut bytes, start);
        seal(&mut bytes, salt, 42, true);
        bytes
    }

    #[test]
    fn a_sealed_frame_reads_back() {
        let bytes = frame(salt(1));
        let it = parse(&bytes, salt(1)).unwrap();
        assert_eq!((it.seq, it.kind, it.is_last, it.body, it.len), (42, 3, true, &b"body"[..], 21));
    }

    #[test]
    fn a_frame_of_the_files_earlier_life_does_not_pass() {
        assert!(parse(&frame(salt(1)), salt(2)).is_none());
    }

    #[test]
    fn no_flipped_bit_and_no_cut_passes() {
        let bytes = frame(salt(1));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&flipped, salt(1)).is_none(), "bit {bit}");
        }
        assert!((0..bytes.len()).all(|len| parse(&bytes[..len], salt(1)).is_none()));
        assert!(parse(&[0; 64], salt(1)).is_none());
    }

    #[test]
    fn a_later_frame_is_found_behind_anything() {
        let mut bytes = vec![0xA7; 100];
        bytes.extend_from_slice(&frame(salt(1)));
        assert_eq!(find(&bytes, salt(1), 0, 42), Some(100));
        assert_eq!(find(&bytes, salt(1), 0, 43), None);
        assert_eq!(find(&bytes, salt(1), 101, 42), None);
    }
}
