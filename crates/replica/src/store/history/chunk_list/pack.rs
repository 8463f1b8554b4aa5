//! A block of chunks as bytes: of each the differences to the one before it.
//!
//! Promise: whatever was packed comes back, also fields that go down or leap. Chunks of one room differ
//! by little in most fields, and 40 bytes become 17.

use crate::store::history::room::Chunk;

/// The differences of the fields, in their order. Small numbers of either sign become few bytes.
type Row = (i64, i64, i64, i32, i32, i32);

pub(super) fn pack(chunks: &[Chunk]) -> Box<[u8]> {
    let mut bytes = Vec::new();
    let mut before = Chunk::default();
    for it in chunks {
        bytes = postcard::to_extend(&row(&before, it), bytes).expect("memory takes all");
        before = *it;
    }
    bytes.into_boxed_slice()
}

/// The chunks of a packed block, in order.
pub(super) struct Rows<'a> {
    bytes: &'a [u8],
    before: Chunk,
}

impl<'a> Rows<'a> {
    pub(super) fn new(block: &'a [u8]) -> Rows<'a> {
        Rows { bytes: block, before: Chunk::default() }
    }
}

impl Iterator for Rows<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        if self.bytes.is_empty() {
            return None;
        }
        let (row, rest) = postcard::take_from_bytes(self.bytes).expect("a block is whole rows");
        (self.bytes, self.before) = (rest, chunk(&self.before, row));
        Some(self.before)
    }
}

// Differences wrap, so that any two numbers have one.

fn row(before: &Chunk, it: &Chunk) -> Row {
    let wide = |before: u64, it: u64| it.wrapping_sub(before).cast_signed();
    let narrow = |before: u32, it: u32| it.wrapping_sub(before).cast_signed();
    (
        wide(before.first_ordinal, it.first_ordinal),
        wide(before.first_sort, it.first_sort),
        wide(before.last_index, it.last_index),
        narrow(before.segment, it.segment),
        narrow(before.offset, it.offset),
        narrow(before.len, it.len),
    )
}

fn chunk(before: &Chunk, row: Row) -> Chunk {
    Chunk {
        first_ordinal: before.first_ordinal.wrapping_add_signed(row.0),
        first_sort: before.first_sort.wrapping_add_signed(row.1),
        last_index: before.last_index.wrapping_add_signed(row.2),
        segment: before.segment.wrapping_add_signed(row.3),
        offset: before.offset.wrapping_add_signed(row.4),
        len: before.len.wrapping_add_signed(row.5),
    }
}
