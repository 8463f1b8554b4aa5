//! What travels on a peer link, byte by byte.
//!
//! Promise: frames come out whole and in the order they went in, however the bytes are cut; bytes
//! that are no frame are refused before anything is allocated for them.
//!
//! A frame is a little-endian `u32` length and that many bytes. Length 0 is a heartbeat. With the
//! highest bit set the word is no length: it names a ping or a pong, and a `u64` counter follows.
//! TCP has checksums, so frames carry none.

use bytes::{Buf, Bytes, BytesMut};

const WORD_BYTES: usize = 4;
const COUNTER_BYTES: usize = 8;
const PING: u32 = 0x8000_0001;
const PONG: u32 = 0x8000_0002;
/// Smaller frames are copied out. An entry of a hundred bytes may be kept for hours, and would keep all
/// the bytes alive that were read together with it.
const SHARED_BYTES_MIN: usize = 32 << 10;

/// One thing read from a link.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A frame of the node's.
    Frame(Bytes),
    /// Says only that the peer is alive.
    Heartbeat,
    /// Wants its counter back on our own link to the sender.
    Ping(u64),
    /// Our counter, coming back.
    Pong(u64),
}

/// The bytes are no frame, and no later byte can be trusted to start one: the link must close.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("frame word {word:#x}: longer than {max} bytes, or no word of ours")]
pub(super) struct NotAFrame {
    word: u32,
    max: usize,
}

/// Takes the next whole frame off `buffer`; `None` when more bytes must come first.
pub(super) fn take(buffer: &mut BytesMut, max: usize) -> Result<Option<Received>, NotAFrame> {
    let Some(word) = peek_word(buffer) else {
        return Ok(None);
    };
    if word == PING || word == PONG {
        if buffer.len() < WORD_BYTES + COUNTER_BYTES {
            return Ok(None);
        }
        buffer.advance(WORD_BYTES);
        let counter = buffer.get_u64_le();
        return Ok(Some(match word {
            PING => Received::Ping(counter),
            _ => Received::Pong(counter),
        }));
    }
    let length = word as usize;
    if length > max {
        return Err(NotAFrame { word, max });
    }
    if buffer.len() < WORD_BYTES + length {
        return Ok(None);
    }
    buffer.advance(WORD_BYTES);
    if length == 0 {
        return Ok(Some(Received::Heartbeat));
    }
    if length < SHARED_BYTES_MIN {
        let frame = Bytes::copy_from_slice(&buffer[..length]);
        buffer.advance(length);
        return Ok(Some(Received::Frame(frame)));
    }
    Ok(Some(Received::Frame(buffer.split_to(length).freeze())))
}

/// How many bytes the frame at the head of `buffer` still lacks; 0 when its word is not there yet.
pub(super) fn missing(buffer: &BytesMut, max: usize) -> usize {
    match peek_word(buffer) {
        Some(word) if word as usize <= max => {
            (WORD_BYTES + word as usize).saturating_sub(buffer.len())
        }
        _ => 0,
    }
}

/// Appends a frame; false, and nothing appended, when it is longer than `max`.
pub(super) fn append(buffer: &mut Vec<u8>, max: usize, fill: impl FnOnce(&mut Vec<u8>)) -> bool {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; WORD_BYTES]);
    fill(buffer);
    let body = start + WORD_BYTES;
    assert!(body <= buffer.len(), "`fill` only appends");
    let length = buffer.len() - body;
    match u32::try_from(length) {
        Ok(word) if length <= max => {
            buffer[start..body].copy_from_slice(&word.to_le_bytes());
            true
        }
        _ => {
            buffer.truncate(start);
            false
        }
    }
}

pub(super) fn append_heartbeat(buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&0u32.to_le_bytes());
}

pub(super) fn append_ping(buffer: &mut Vec<u8>, counter: u64) {
    append_counter(buffer, PING, counter);
}

pub(super) fn append_pong(buffer: &mut Vec<u8>, counter: u64) {
    append_counter(buffer, PONG, counter);
}

fn append_counter(buffer: &mut Vec<u8>, word: u32, counter: u64) {
    buffer.extend_from_slice(&word.to_le_bytes());
    buffer.extend_from_slice(&counter.to_le_bytes());
}

fn peek_word(buffer: &BytesMut) -> Option<u32> {
    let word = buffer.first_chunk::<WORD_BYTES>()?;
    Some(u32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: usize = 64;

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_bytes_are_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..MAX), 0..20),
            cut in 1usize..40,
        ) {
            let mut wire = Vec::new();
            for frame in &frames {
                prop_assert!(append(&mut wire, MAX, |out| out.extend_from_slice(frame)));
                append_ping(&mut wire, 7);
            }
            let mut buffer = BytesMut::new();
            let mut out = Vec::new();
            for piece in wire.chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(it) = take(&mut buffer, MAX).unwrap() {
                    match it {
                        Received::Frame(bytes) => out.push(bytes.to_vec()),
                        other => prop_assert_eq!(other, Received::Ping(7)),
                    }
                }
            }
            prop_assert_eq!(out, frames);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn garbage_is_refused_or_awaits_more_and_never_panics(
            garbage in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut buffer = BytesMut::from(&garbage[..]);
            while let Ok(Some(_)) = take(&mut buffer, MAX) {}
            prop_assert!(missing(&buffer, MAX) <= MAX + WORD_BYTES);
        }
    }

    #[test]
    fn a_small_frame_that_is_kept_does_not_keep_what_was_read_with_it() {
        let mut wire = Vec::new();
        for _ in 0..20 {
            assert!(append(&mut wire, MAX, |out| out.extend_from_slice(b"kept")));
        }
        let mut buffer = BytesMut::with_capacity(wire.len());
        buffer.extend_from_slice(&wire);
        let mut kept = Vec::new();
        while let Some(it) = take(&mut buffer, MAX).unwrap() {
            kept.push(it);
        }
        assert_eq!(kept.len(), 20);
        assert!(buffer.try_reclaim(wire.len()), "nobody but the buffer holds its memory");
    }

    #[test]
    fn a_frame_over_the_limit_is_neither_written_nor_read() {
        let mut wire = vec![1, 2];
        assert!(!append(&mut wire, MAX, |out| out.resize(out.len() + MAX + 1, 0)));
        assert_eq!(wire, [1, 2]);

        let mut buffer = BytesMut::from(&(MAX as u32 + 1).to_le_bytes()[..]);
        assert!(take(&mut buffer, MAX).is_err());
    }
}
