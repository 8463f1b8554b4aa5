//! What waits to be written to each connection.
//!
//! Promise: appending a line to a connection takes no lock, no system call and, once the pool is
//! warm, no allocation. A connection with nothing to write holds no buffer.

use irc_proto::{Cap, CapSet};

/// Which encodings of a line differ: the tags a connection gets, and the form of JOIN.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Class(u8);

impl Class {
    pub(crate) const COUNT: usize = 16;

    pub(crate) fn of(caps: CapSet) -> Class {
        let bit = |cap, bit: u8| if caps.has(cap) { bit } else { 0 };
        Class(
            bit(Cap::MessageTags, 1)
                | bit(Cap::ServerTime, 2)
                | bit(Cap::AccountTag, 4)
                | bit(Cap::ExtendedJoin, 8),
        )
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn has_tags(self) -> bool {
        self.0 & 1 != 0
    }

    pub(crate) fn has_time(self) -> bool {
        self.0 & 2 != 0
    }

    pub(crate) fn has_account(self) -> bool {
        self.0 & 4 != 0
    }

    pub(crate) fn has_extended_join(self) -> bool {
        self.0 & 8 != 0
    }
}

/// One connection's output. Kept small and dense: delivery to a room walks these and nothing else.
#[derive(Default)]
pub(crate) struct Outbox {
    /// Lines to write; those before `sent` are written.
    pub(crate) buf: Vec<u8>,
    pub(crate) sent: usize,
    /// The last happening this connection was told of: nobody hears of one twice.
    pub(crate) mark: u64,
    pub(crate) caps: CapSet,
    pub(crate) class: Class,
    /// It is in the list of those to flush.
    pub(crate) is_dirty: bool,
    /// The socket takes no more; it will say when it does.
    pub(crate) is_blocked: bool,
}

impl Outbox {
    pub(crate) fn waiting(&self) -> usize {
        self.buf.len() - self.sent
    }
}

/// Buffers longer than this are given back to the allocator, not to the pool.
const POOLED_BYTES_MAX: usize = 512 * 1024;
/// Buffers kept for the next burst: a room of this many local occupants allocates nothing.
const POOL_BUFFERS_MAX: usize = 1024;
/// What all of them may take: a thousand as long as most get, or some that a busy room has filled.
const POOL_BYTES_MAX: usize = 8 << 20;
const FIRST_BYTES: usize = 512;

/// The outboxes of a shard, by slot.
#[derive(Default)]
pub(crate) struct Outs {
    boxes: Vec<Outbox>,
    dirty: Vec<u32>,
    pool: Vec<Vec<u8>>,
    /// What those in the pool take.
    pooled: usize,
    /// Bytes appended since somebody last set this to zero.
    pub(crate) appended: usize,
    /// Lines appended by delivery, for the metrics.
    pub(crate) deliveries: u64,
    mark: u64,
}

impl Outs {
    /// A fresh outbox for a new connection.
    pub(crate) fn open(&mut self, slot: u32) {
        let slot = slot as usize;
        if self.boxes.len() <= slot {
            self.boxes.resize_with(slot + 1, Outbox::default);
        }
        let is_dirty = self.boxes[slot].is_dirty; // Still listed from the user before.
        self.boxes[slot] = Outbox { is_dirty, ..Outbox::default() };
    }

    /// The connection is gone; so is what waited for it.
    pub(crate) fn close(&mut self, slot: u32) {
        let it = &mut self.boxes[slot as usize];
        let (buf, is_dirty) = (std::mem::take(&mut it.buf), it.is_dirty);
        *it = Outbox { is_dirty, ..Outbox::default() };
        self.recycle(buf);
    }

    pub(crate) fn get(&self, slot: u32) -> &Outbox {
        &self.boxes[slot as usize]
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Outbox {
        &mut self.boxes[slot as usize]
    }

    pub(crate) fn caps(&self, slot: u32) -> CapSet {
        self.boxes[slot as usize].caps
    }

    pub(crate) fn class(&self, slot: u32) -> Class {
        self.boxes[slot as usize].class
    }

    /// Appends a delivered line.
    #[inline]
    pub(crate) fn deliver(&mut self, slot: u32, line: &[u8]) {
        self.buffer(slot).extend_from_slice(line);
        self.appended += line.len();
        self.deliveries += 1;
    }

    /// The buffer to write into; it will be flushed.
    #[inline]
    pub(crate) fn buffer(&mut self, slot: u32) -> &mut Vec<u8> {
        let it = &mut self.boxes[slot as usize];
        if !it.is_dirty {
            it.is_dirty = true;
            self.dirty.push(slot);
        }
        if it.buf.capacity() == 0 {
            it.buf = match self.pool.pop() {
                Some(buf) => {
                    self.pooled -= buf.capacity();
                    buf
                }
                None => Vec::with_capacity(FIRST_BYTES),
            };
        }
        &mut it.buf
    }

    /// Asks for a flush without adding anything.
    pub(crate) fn touch(&mut self, slot: u32) {
        let it = &mut self.boxes[slot as usize];
        if !it.is_dirty {
            it.is_dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Begins telling of something new; see [`Outs::is_first`].
    pub(crate) fn next_mark(&mut self) {
        self.mark += 1;
    }

    /// Whether this connection has not been asked about since [`Outs::next_mark`].
    pub(crate) fn is_first(&mut self, slot: u32) -> bool {
        let it = &mut self.boxes[slot as usize];
        let is_first = it.mark != self.mark;
        it.mark = self.mark;
        is_first
    }

    pub(crate) fn is_anything_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Those to flush. Give the list back with [`Outs::end_flush`].
    pub(crate) fn begin_flush(&mut self) -> Vec<u32> {
        self.appended = 0;
        for slot in &self.dirty {
            self.boxes[*slot as usize].is_dirty = false;
        }
        std::mem::take(&mut self.dirty)
    }

    pub(crate) fn end_flush(&mut self, mut list: Vec<u32>) {
        list.clear();
        if self.dirty.is_empty() {
            self.dirty = list;
        }
    }

    /// Everything was written: the buffer goes back.
    pub(crate) fn emptied(&mut self, slot: u32) {
        let it = &mut self.boxes[slot as usize];
        it.sent = 0;
        let buf = std::mem::take(&mut it.buf);
        self.recycle(buf);
    }

    fn recycle(&mut self, mut buf: Vec<u8>) {
        if buf.capacity() == 0
            || buf.capacity() > POOLED_BYTES_MAX
            || self.pool.len() >= POOL_BUFFERS_MAX
            || self.pooled + buf.capacity() > POOL_BYTES_MAX
        {
            return;
        }
        buf.clear();
        self.pooled += buf.capacity();
        self.pool.push(buf);
    }

    /// Gives half of the spare buffers back to the allocator; called now and then.
    pub(crate) fn trim(&mut self) {
        self.pool.truncate(self.pool.len() / 2);
        self.pooled = self.pool.iter().map(Vec::capacity).sum();
        if self.pool.is_empty() {
            self.pool = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_flushed_once_and_an_empty_one_holds_no_buffer() {
        let mut outs = Outs::default();
        outs.open(3);
        outs.deliver(3, b"a");
        outs.deliver(3, b"b");
        let list = outs.begin_flush();
        assert_eq!(list, [3]);
        assert_eq!(outs.get(3).buf, b"ab");
        outs.emptied(3);
        outs.end_flush(list);
        assert_eq!(outs.get(3).buf.capacity(), 0);
        assert!(!outs.is_anything_dirty());
    }

    #[test]
    fn nobody_hears_of_one_happening_twice() {
        let mut outs = Outs::default();
        outs.open(0);
        outs.next_mark();
        assert!(outs.is_first(0));
        assert!(!outs.is_first(0));
        outs.next_mark();
        assert!(outs.is_first(0));
    }

    #[test]
    fn the_pool_gives_buffers_back() {
        let mut outs = Outs::default();
        outs.open(0);
        outs.deliver(0, &[b'x'; 5000]);
        let list = outs.begin_flush();
        outs.emptied(0);
        outs.end_flush(list);
        outs.open(1);
        assert!(outs.buffer(1).capacity() >= 5000);
        outs.close(1);
        outs.trim();
        assert!(outs.buffer(0).capacity() < 5000);
    }
}
