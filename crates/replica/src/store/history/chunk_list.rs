//! A room's chunks in order, the older ones packed.
//!
//! Promise: it answers as a `Vec<Chunk>` would, and in a long history costs less than half of one.
//! What that costs a read: looking for a chunk compares heads of blocks and unpacks one block, some
//! microseconds, and then the chunk itself is read from a file.

mod pack;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::room::Chunk;
use pack::{Rows, pack};

/// Chunks of a block. With more, a look-up unpacks more and each room keeps more of them plain;
/// with fewer, what a block costs beside its rows begins to show.
const BLOCK: usize = 32;
/// Chunks that stay plain when a block is packed: the newest come and go, and a block shall not be
/// packed and unpacked at every step.
const PLAIN_MIN: usize = 8;
/// Chunks by which the plain part grows. Most rooms have few chunks, and doubling would show.
const PLAIN_STEP: usize = 4;

#[derive(Debug, Default)]
pub(super) struct ChunkList {
    /// Each of `BLOCK` rows.
    blocks: VecDeque<Box<[u8]>>,
    /// Rows of the first block that were taken from the list; none if there is no block.
    skipped: usize,
    /// Those after the blocks, fewer than `BLOCK + PLAIN_MIN`.
    plain: Vec<Chunk>,
}

impl ChunkList {
    pub(super) fn len(&self) -> usize {
        self.packed_len() + self.plain.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, position: usize) -> Option<Chunk> {
        match position.checked_sub(self.packed_len()) {
            Some(at) => self.plain.get(at).copied(),
            None => {
                let at = position + self.skipped;
                Rows::new(&self.blocks[at / BLOCK]).nth(at % BLOCK)
            }
        }
    }

    /// All from `position` on, also from the end; each block is unpacked as it is come to.
    pub(super) fn iter_from(&self, position: usize) -> impl DoubleEndedIterator<Item = Chunk> + '_ {
        let (block, row) = self.place(position);
        let plain = position.saturating_sub(self.packed_len()).min(self.plain.len());
        let blocks = self.blocks.range(block..).enumerate();
        let rows = blocks.flat_map(move |(nth, it)| {
            let gone = if nth == 0 { row } else { 0 };
            Rows::new(it).skip(gone).collect::<Vec<_>>()
        });
        rows.chain(self.plain[plain..].iter().copied())
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = Chunk> + '_ {
        self.iter_from(0)
    }

    /// Position of the first chunk for which `is_before` does not hold; it holds for none after it.
    pub(super) fn partition_point(&self, is_before: impl Fn(&Chunk) -> bool) -> usize {
        if self.plain.first().is_some_and(&is_before) {
            return self.packed_len() + self.plain.partition_point(is_before);
        }
        // The head of the first block may be gone from the list. What it answers is still right: if
        // not even that is before, nothing is.
        let heads =
            self.blocks.partition_point(|it| Rows::new(it).next().is_some_and(|it| is_before(&it)));
        let Some(block) = heads.checked_sub(1) else {
            return 0;
        };
        let before = Rows::new(&self.blocks[block]).take_while(|it| is_before(it)).count();
        (block * BLOCK + before).saturating_sub(self.skipped)
    }

    /// The chunk that begins with this ordinal, with its position.
    pub(super) fn find(&self, first_ordinal: u64) -> Option<(usize, Chunk)> {
        let position = self.partition_point(|it| it.first_ordinal < first_ordinal);
        let it = self.get(position).filter(|it| it.first_ordinal == first_ordinal)?;
        Some((position, it))
    }

    pub(super) fn push(&mut self, it: Chunk) {
        if self.plain.len() == self.plain.capacity() {
            self.plain.reserve_exact(PLAIN_STEP);
        }
        self.plain.push(it);
        if self.plain.len() == BLOCK + PLAIN_MIN {
            self.blocks.push_back(pack(&self.plain[..BLOCK]));
            self.plain.drain(..BLOCK);
        }
    }

    /// Puts another chunk in the place of the one at `position`, which is there.
    pub(super) fn replace(&mut self, position: usize, with: Chunk) {
        match position.checked_sub(self.packed_len()) {
            Some(at) => self.plain[at] = with,
            None => {
                let at = position + self.skipped;
                let block = &mut self.blocks[at / BLOCK];
                let mut rows: Vec<Chunk> = Rows::new(block).collect();
                rows[at % BLOCK] = with;
                *block = pack(&rows);
            }
        }
    }

    /// Takes the first `count`, or all there are, out of the list.
    pub(super) fn take_front(&mut self, count: usize) -> Vec<Chunk> {
        let gone = self.iter().take(count).collect();
        let (block, row) = self.place(count);
        let plain = count.saturating_sub(self.packed_len()).min(self.plain.len());
        self.blocks.drain(..block);
        self.plain.drain(..plain);
        self.skipped = row;
        gone
    }

    /// Takes all from `position` on out of the list.
    pub(super) fn take_from(&mut self, position: usize) -> Vec<Chunk> {
        let packed = self.packed_len();
        if let Some(at) = position.checked_sub(packed) {
            return self.plain.drain(at.min(self.plain.len())..).collect();
        }
        let gone = self.iter_from(position).collect();
        let (block, row) = self.place(position);
        let first = if block == 0 { std::mem::take(&mut self.skipped) } else { 0 };
        self.plain.clear();
        self.plain.extend(Rows::new(&self.blocks[block]).take(row).skip(first));
        self.blocks.truncate(block);
        gone
    }

    /// The block and the row in it of what is at `position`; one past the last block if it is not packed.
    fn place(&self, position: usize) -> (usize, usize) {
        let at = position.saturating_add(self.skipped);
        if position < self.packed_len() { (at / BLOCK, at % BLOCK) } else { (self.blocks.len(), 0) }
    }

    fn packed_len(&self) -> usize {
        self.blocks.len() * BLOCK - self.skipped
    }
}
