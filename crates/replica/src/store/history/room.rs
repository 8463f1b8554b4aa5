//! One room's index: where its chunks are, and the newest records themselves.
//!
//! Promise: 17 bytes per chunk of a long history, nothing per record. The tail holds the records that do not fill a
//! chunk yet; those a checkpoint wrote as short chunks are written once more, together, when they do.

use super::chunk_list::ChunkList;

/// Records that make a full chunk of a young room, whose tail shall not take much memory.
const CHUNK_RECORDS_MIN: u64 = 32;
/// Records that make a full chunk of a room with a long history, so that its index stays short: a message
/// costs a thirtieth of a byte of memory.
const CHUNK_RECORDS_MAX: u64 = 512;
/// Bytes that make a full chunk, however few records: a page stays cheap to read.
pub(super) const CHUNK_BYTES: usize = 128 << 10;

/// Records that fill the chunk that begins with this ordinal: the more, the more are before it.
pub(super) fn chunk_records(first_ordinal: u64) -> u64 {
    (first_ordinal / 64).clamp(CHUNK_RECORDS_MIN, CHUNK_RECORDS_MAX)
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) first_ordinal: u64,
    pub(super) first_sort: u64,
    pub(super) last_index: u64,
    pub(super) segment: u32,
    pub(super) offset: u32,
    pub(super) len: u32,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    /// In order, without gaps; the short ones at the end may repeat what `tail` holds.
    pub(super) chunks: ChunkList,
    pub(super) tail: Option<Tail>,
    /// Listed to be written out by the next checkpoint.
    pub(super) is_dirty: bool,
    /// Below it everything is forgotten, even if a chunk still holds it.
    pub(super) floor: u64,
    pub(super) next_ordinal: u64,
    pub(super) last_index: u64,
    pub(super) last_sort: u64,
}

/// Records since the last full chunk, encoded.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) first_ordinal: u64,
    pub(super) first_sort: u64,
    pub(super) records: Vec<u8>,
    /// Of `records`, what short chunks hold already: bytes and records.
    pub(super) flushed: (usize, u32),
    /// Nothing was appended since the last checkpoint: may leave memory.
    pub(super) is_idle: bool,
}

impl Room {
    pub(super) fn count(&self) -> u64 {
        self.next_ordinal - self.floor
    }

    /// One past the ordinals of the chunk at `position`.
    pub(super) fn chunk_end(&self, position: usize) -> u64 {
        match self.chunks.get(position + 1) {
            Some(next) => next.first_ordinal,
            None => self.flushed_end(),
        }
    }

    /// How many of the first chunks end at `limit` or before it.
    pub(super) fn chunks_within(&self, limit: u64) -> usize {
        // A chunk ends where the next begins.
        let begun = self.chunks.partition_point(|it| it.first_ordinal <= limit);
        let is_all = begun == self.chunks.len() && self.flushed_end() <= limit;
        if is_all { begun } else { begun.saturating_sub(1) }
    }

    /// One past the ordinals that are in chunks.
    pub(super) fn flushed_end(&self) -> u64 {
        let tail = self.tail.as_ref();
        tail.map_or(self.next_ordinal, |it| it.first_ordinal + u64::from(it.flushed.1))
    }

    /// Position of the first of the short chunks at the end: those a full one will replace.
    pub(super) fn first_short(&self) -> usize {
        let is_short = |it: &Chunk| {
            let count = self.next_ordinal - it.first_ordinal;
            count < chunk_records(it.first_ordinal) && (it.len as usize) < CHUNK_BYTES
        };
        self.chunks.len() - self.chunks.iter().rev().take_while(is_short).count()
    }
}
