//! Getting back the room of what nobody needs any more.
//!
//! Promise: bounded work per checkpoint. What is still of use in a mostly dead file is copied to the
//! end under its old number; the file goes once the checkpoint that has the copies is finished.

use std::io;

use super::chunk::{self, Item, What};
use super::files::Segment;
use super::room::Chunk;
use super::{History, HistoryError};
use crate::store::frame;

const SKIP_FACTOR: u64 = 16; // Stepping over a dead chunk costs far less than copying a live one.
const HEAD_READ_BYTES: usize = 512; // A head with a usual key; longer ones are read again.

/// Reads the head of the item at `offset` into `into`; `false` if it is damaged.
pub(super) fn read_head(
    segment: &Segment,
    salt: u32,
    offset: u64,
    into: &mut Vec<u8>,
) -> io::Result<bool> {
    let left = (segment.len - offset) as usize;
    into.resize(left.min(HEAD_READ_BYTES), 0);
    segment.file.read_at(offset, into)?;
    if into.len() < frame::HEADER {
        return Ok(false);
    }
    let len = frame::len_of(into);
    if len > into.len() {
        if len > left {
            return Ok(false);
        }
        into.resize(len, 0);
        segment.file.read_at(offset, into)?;
    }
    Ok(chunk::parse(into, salt).is_some_and(|it| offset + it.len <= segment.len))
}

impl History {
    /// Goes on with the file being emptied, or picks one.
    pub(super) fn collect(&mut self) -> Result<(), HistoryError> {
        let Some((id, mut at)) = self.collecting.take().or_else(|| self.pick()) else {
            return Ok(());
        };
        let (mut copied, mut passed) = (0, 0);
        while copied < self.options.collect_bytes_max
            && passed < self.options.collect_bytes_max * SKIP_FACTOR
        {
            if self.files.segments.get(&id).is_none_or(|it| at >= it.len) {
                self.retired.push(id);
                return Ok(());
            }
            match self.rescue(id, at) {
                Ok((len, bytes)) => {
                    at += len;
                    passed += len;
                    copied += bytes;
                }
                Err(HistoryError::Damaged { segment, offset }) => {
                    // Whoever reads it will meet the error; the file stays as it is.
                    tracing::error!(segment, offset, "damaged history cannot be copied");
                    if let Some(it) = self.files.segments.get_mut(&id) {
                        it.live = it.len; // Not picked again before the next start.
                    }
                    return Ok(());
                }
                Err(error) => {
                    self.is_poisoned = true;
                    return Err(error);
                }
            }
        }
        self.collecting = Some((id, at));
        Ok(())
    }

    /// The file with the smallest share in use, if that is small enough.
    fn pick(&self) -> Option<(u32, u64)> {
        let share = |it: &Segment| it.live * 100 / it.len.max(1);
        let full = self.files.segments.iter().filter(|&(&id, _)| id != self.files.active);
        let (&id, it) = full.min_by_key(|(_, it)| share(it))?;
        (share(it) < self.options.live_percent_min).then_some((id, 0))
    }

    /// Copies the item at this place to the end if it is of use; returns its length, and how many
    /// bytes were copied.
    fn rescue(&mut self, id: u32, at: u64) -> Result<(u64, u64), HistoryError> {
        let damaged = HistoryError::Damaged { segment: id, offset: at };
        let Some(segment) = self.files.segments.get(&id) else {
            return Err(damaged);
        };
        let salt = frame::salt(u64::from(id));
        let mut bytes = Vec::new();
        if !read_head(segment, salt, at, &mut bytes)? {
            return Err(damaged);
        }
        let Some(head) = chunk::parse(&bytes, salt) else {
            return Err(damaged);
        };
        let len = head.len;
        if !self.is_of_use(&head, id, at) {
            return Ok((len, 0));
        }
        bytes.resize(len as usize, 0);
        self.files.read(id, at, &mut bytes)?;
        match chunk::parse(&bytes, salt).map(|it| it.what) {
            Some(What::Chunk(_)) => self.copy_chunk(id, at, &bytes)?,
            Some(what) => {
                let Some(item) = chunk::parse(&bytes, salt) else {
                    return Err(damaged);
                };
                let (seq, owner) = (item.seq, (item.group, item.room));
                self.files.append(false, |into, salt| {
                    chunk::encode_tombstone(into, (salt, seq), owner, what);
                })?;
            }
            None => return Err(damaged),
        }
        Ok((len, len))
    }

    fn is_of_use(&self, item: &Item<'_>, id: u32, at: u64) -> bool {
        let room = self.groups.get(&item.group).and_then(|rooms| rooms.get(item.room));
        match item.what {
            What::Chunk(head) => room
                .and_then(|room| room.chunks.find(head.first_ordinal))
                .is_some_and(|(_, it)| (it.segment, u64::from(it.offset)) == (id, at)),
            // Only the newest one of a room that is still there. A stale one must not be moved
            // behind the tombstone that ended it: that one may go first.
            What::Forget(floor) => room.is_some_and(|it| it.floor == floor),
            // What these end can only lie in older files, or before them in this one.
            What::DropRoom | What::DropGroup => self.files.segments.keys().any(|&other| other < id),
        }
    }

    fn copy_chunk(&mut self, id: u32, at: u64, bytes: &[u8]) -> Result<(), HistoryError> {
        let opened = chunk::open_chunk(bytes, frame::salt(u64::from(id)));
        let Some((item, head, records)) = opened else {
            return Err(HistoryError::Damaged { segment: id, offset: at });
        };
        let (seq, owner) = (item.seq, (item.group, item.room));
        let (segment, offset, len) = self.files.append(true, |into, salt| {
            chunk::encode_chunk(into, (salt, seq), owner, head.first_ordinal, records);
        })?;
        self.files.bury(id, len);
        let room = self.groups.get_mut(&item.group).and_then(|rooms| rooms.get_mut(item.room));
        if let Some(room) = room
            && let Some((position, it)) = room.chunks.find(head.first_ordinal)
        {
            room.chunks.replace(position, Chunk { segment, offset, len, ..it });
        }
        Ok(())
    }
}
