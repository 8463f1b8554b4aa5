//! The applied messages of every room, append-mostly, without a sync per write.
//!
//! Promise: what a finished checkpoint covers is there after any crash; everything newer is gone
//! then, as a whole, and is replayed from the log, so the log is purged only up to what the last
//! finished checkpoint's blob says. A damaged record is an error that names its place, never other
//! bytes. An index entry of 17 to 40 bytes covers 32 records, in long histories 512; opening reads chunk heads only.

mod checkpoint;
mod chunk;
mod chunk_list;
mod collect;
mod error;
mod files;
#[cfg(test)]
mod model;
mod open;
mod query;
mod room;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::GroupId;
use super::disk::LockGuard;
pub use checkpoint::{CheckpointDone, CheckpointJob};
use chunk::{RECORD_FIXED, What};
pub use error::{HistoryError, HistoryOpenError};
use fail::fail_point;
use files::Files;
pub use query::{CatchUp, Cursor, RoomInfo};
use room::{CHUNK_BYTES, Chunk, Room, Tail, chunk_records};

/// Longest room key in bytes. It stands in every chunk's head.
pub const ROOM_KEY_BYTES_MAX: usize = 1024;
/// Longest body in bytes.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// How a history is kept.
#[derive(Debug, Clone)]
pub struct HistoryOptions {
    /// A file at least this long is not appended to any more. Below 3 GiB.
    pub segment_bytes: u64,
    /// A file is rewritten once less than this share of it is in use, in percent.
    pub live_percent_min: u64,
    /// How many bytes of survivors one checkpoint copies at most (and 16 times as many it skips).
    pub collect_bytes_max: u64,
}

impl Default for HistoryOptions {
    fn default() -> HistoryOptions {
        HistoryOptions { segment_bytes: 64 << 20, live_percent_min: 50, collect_bytes_max: 4 << 20 }
    }
}

/// A message to be kept.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Of the entry that brought it; never goes back within a room. One entry may bring several.
    pub index: u64,
    /// Its place in time (an `Hlc` as a number); goes up within a room.
    pub sort: u64,
    /// Opaque, at most [`BODY_BYTES_MAX`].
    pub body: &'a [u8],
}

/// A message as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number in the room on this node, without gaps. Other nodes may count from elsewhere.
    pub ordinal: u64,
    /// As appended.
    pub index: u64,
    /// As appended.
    pub sort: u64,
    /// As appended.
    pub body: Bytes,
}

type RoomKey = Arc<[u8]>;

/// The open history. One thread uses it; checkpoints sync on another.
pub struct History {
    options: HistoryOptions,
    files: Files,
    groups: BTreeMap<GroupId, BTreeMap<RoomKey, Room>>,
    /// Rooms whose tail holds records that no chunk has.
    dirty: Vec<(GroupId, RoomKey)>,
    /// Rooms whose tail was written out, and leaves memory if nothing is added.
    idle: Vec<(GroupId, RoomKey)>,
    next_seq: u64,
    collecting: Option<(u32, u64)>,
    retired: Vec<u32>,
    is_checkpointing: bool,
    is_poisoned: bool,
    bytes_written: metrics::Counter,
    chunks_written: metrics::Counter,
    _lock: Box<dyn LockGuard>,
}

impl History {
    /// Adds a message to a room and returns its ordinal, or `None` if the room has it already
    /// (a replay): its index is lower than the newest, or the same and `sort` is not higher.
    pub fn append(
        &mut self,
        group: GroupId,
        room: &[u8],
        record: Record<'_>,
    ) -> Result<Option<u64>, HistoryError> {
        check_len(room.len(), ROOM_KEY_BYTES_MAX)?;
        check_len(record.body.len(), BODY_BYTES_MAX)?;
        if self.is_poisoned {
            return Err(HistoryError::Poisoned);
        }
        let rooms = self.groups.entry(group).or_default();
        if !rooms.contains_key(room) {
            rooms.insert(room.into(), Room::default());
        }
        let it = rooms.get_mut(room).expect("inserted just above");
        let newest = (it.last_index, it.last_sort);
        if it.next_ordinal > 0 && (record.index, record.sort) <= newest {
            return Ok(None);
        }
        if it.tail.is_none() {
            it.tail = Some(load_tail(&self.files, it)?);
        }
        let tail = it.tail.as_mut().expect("loaded just above");
        if tail.records.is_empty() {
            tail.first_sort = record.sort;
        }
        if !std::mem::replace(&mut it.is_dirty, true) {
            let key = rooms.get_key_value(room).expect("inserted above").0.clone();
            self.dirty.push((group, key));
        }
        let it = rooms.get_mut(room).expect("inserted above");
        let tail = it.tail.as_mut().expect("loaded above");
        tail.is_idle = false;
        fail_point!("history.before-append");
        chunk::encode_record(&mut tail.records, record.index, record.sort, record.body);
        let ordinal = it.next_ordinal;
        it.next_ordinal += 1;
        (it.last_index, it.last_sort) = (record.index, record.sort);
        let count = it.next_ordinal - tail.first_ordinal;
        if count >= chunk_records(tail.first_ordinal) || tail.records.len() >= CHUNK_BYTES {
            let done = self.fill_chunk(group, room);
            self.guard(done)?;
        }
        Ok(Some(ordinal))
    }

    /// Removes a room with all its history.
    pub fn drop_room(&mut self, group: GroupId, room: &[u8]) -> Result<(), HistoryError> {
        let gone = self.groups.get_mut(&group).and_then(|rooms| rooms.remove(room));
        let Some(gone) = gone else { return Ok(()) };
        self.bury(gone.chunks.iter());
        self.tombstone(group, room, What::DropRoom)
    }

    /// Removes all rooms of a group.
    pub fn drop_group(&mut self, group: GroupId) -> Result<(), HistoryError> {
        let Some(rooms) = self.groups.remove(&group) else {
            return Ok(());
        };
        for gone in rooms.values() {
            self.bury(gone.chunks.iter());
        }
        self.tombstone(group, &[], What::DropGroup)
    }

    /// Forgets all messages of a room with a lower `sort`; returns how many.
    pub fn forget_before(
        &mut self,
        group: GroupId,
        room: &[u8],
        sort: u64,
    ) -> Result<u64, HistoryError> {
        let Some(floor) = self.first_from(group, room, sort)? else {
            return Ok(0);
        };
        let it = self.groups.get_mut(&group).and_then(|rooms| rooms.get_mut(room));
        let it = it.expect("it has a first record, so it is there");
        if floor <= it.floor {
            return Ok(0);
        }
        let forgotten = floor - it.floor;
        it.floor = floor;
        let tail_start = it.tail.as_ref().map_or(it.next_ordinal, |tail| tail.first_ordinal);
        // Short chunks stay with the tail they repeat, so that both end together.
        let gone = it.chunks.take_front(it.chunks_within(floor.min(tail_start)));
        self.bury(gone);
        self.tombstone(group, room, What::Forget(floor))?;
        Ok(forgotten)
    }

    fn tombstone(&mut self, group: GroupId, room: &[u8], what: What) -> Result<(), HistoryError> {
        if self.is_poisoned {
            return Err(HistoryError::Poisoned);
        }
        fail_point!("history.before-tombstone");
        let seq = self.take_seq();
        let done = self.files.append(false, |into, salt| {
            chunk::encode_tombstone(into, (salt, seq), (group, room), what);
        });
        self.guard(done).map(drop)
    }

    /// Writes the whole tail as one chunk in place of its short ones.
    fn fill_chunk(&mut self, group: GroupId, room: &[u8]) -> io::Result<()> {
        let seq = self.take_seq();
        let Some(it) = self.groups.get_mut(&group).and_then(|rooms| rooms.get_mut(room)) else {
            return Ok(());
        };
        let Some(tail) = it.tail.take() else {
            return Ok(());
        };
        fail_point!("history.before-chunk");
        let appended = self.files.append(true, |into, salt| {
            let place = (salt, seq);
            chunk::encode_chunk(into, place, (group, room), tail.first_ordinal, &tail.records);
        });
        let (segment, offset, len) = match appended {
            Ok(place) => place,
            Err(error) => {
                it.tail = Some(tail); // No checkpoint will cover it, but it can still be read.
                return Err(error);
            }
        };
        let kept = it.chunks.partition_point(|it| it.first_ordinal < tail.first_ordinal);
        for short in it.chunks.take_from(kept) {
            self.files.bury(short.segment, short.len);
        }
        it.chunks.push(Chunk {
            first_ordinal: tail.first_ordinal,
            first_sort: tail.first_sort,
            last_index: it.last_index,
            segment,
            offset,
            len,
        });
        let mut records = tail.records;
        records.clear();
        records.shrink_to(CHUNK_BYTES);
        it.tail = Some(Tail { first_ordinal: it.next_ordinal, records, ..Tail::default() });
        self.bytes_written.increment(u64::from(len));
        self.chunks_written.increment(1);
        Ok(())
    }

    fn bury(&mut self, chunks: impl IntoIterator<Item = Chunk>) {
        for it in chunks {
            self.files.bury(it.segment, it.len);
        }
    }

    fn take_seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq - 1
    }

    /// After a failed write memory and disk differ: nothing may be made durable from here on.
    fn guard<T>(&mut self, done: io::Result<T>) -> Result<T, HistoryError> {
        self.is_poisoned |= done.is_err();
        Ok(done?)
    }
}

/// The records of the short chunks at a room's end, to be gone on with.
fn load_tail(files: &Files, room: &Room) -> Result<Tail, HistoryError> {
    let mut tail = Tail { first_ordinal: room.next_ordinal, ..Tail::default() };
    let short = room.first_short();
    if let Some(first) = room.chunks.get(short) {
        (tail.first_ordinal, tail.first_sort) = (first.first_ordinal, first.first_sort);
    }
    for it in room.chunks.iter_from(short) {
        tail.records.extend_from_slice(&query::read_chunk(files, &it)?.records);
    }
    tail.flushed = (tail.records.len(), (room.next_ordinal - tail.first_ordinal) as u32);
    Ok(tail)
}

fn check_len(bytes: usize, max: usize) -> Result<(), HistoryError> {
    if bytes > max { Err(HistoryError::TooLarge { bytes, max }) } else { Ok(()) }
}

const _: () = assert!(RECORD_FIXED + BODY_BYTES_MAX < u32::MAX as usize);
