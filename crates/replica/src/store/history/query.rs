//! Reading a room: by ordinal, by place in time, and by log index for a replica that lags.
//!
//! Promise: records come in order, without gaps within what was asked for, each with its crc checked.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use bytes::Bytes;

use super::chunk::{self, Page, RECORD_FIXED};
use super::files::Files;
use super::room::{Chunk, Room};
use super::{History, HistoryError, RoomKey, Stored};
use crate::store::GroupId;
use crate::store::frame;

/// What is known of a room without reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomInfo {
    /// Ordinal of the oldest message kept.
    pub first_ordinal: u64,
    /// One above the ordinal of the newest.
    pub next_ordinal: u64,
    /// Log index of the newest.
    pub last_index: u64,
    /// `sort` of the newest.
    pub last_sort: u64,
}

/// Where a catch-up goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The room to go on with.
    pub room: Vec<u8>,
    /// The first of its ordinals not yet given.
    pub ordinal: u64,
}

/// One piece of a catch-up.
#[derive(Debug, Clone, Default)]
pub struct CatchUp {
    /// Messages with their room, rooms in key order.
    pub records: Vec<(std::sync::Arc<[u8]>, Stored)>,
    /// Where to go on; `None` when all was given.
    pub next: Option<Cursor>,
}

/// Reads and checks the records of one chunk.
pub(super) fn read_chunk(files: &Files, it: &Chunk) -> Result<Page, HistoryError> {
    let (segment, offset) = (it.segment, u64::from(it.offset));
    let mut bytes = vec![0; it.len as usize];
    files.read(segment, offset, &mut bytes)?;
    match chunk::open_chunk(&bytes, frame::salt(u64::from(segment))) {
        Some((item, head, _)) if head.first_ordinal == it.first_ordinal => {
            let start = item.head_len;
            let records = Bytes::from(bytes).slice(start..);
            Ok(Page { first_ordinal: head.first_ordinal, records })
        }
        _ => {
            files.damage.set(files.damage.get().or(Some((segment, offset))));
            Err(HistoryError::Damaged { segment, offset })
        }
    }
}

impl Room {
    fn info(&self) -> RoomInfo {
        RoomInfo {
            first_ordinal: self.floor,
            next_ordinal: self.next_ordinal,
            last_index: self.last_index,
            last_sort: self.last_sort,
        }
    }

    /// The chunk or tail that holds `ordinal`.
    fn page(&self, files: &Files, ordinal: u64) -> Result<Page, HistoryError> {
        if let Some(tail) = self.tail.as_ref().filter(|it| it.first_ordinal <= ordinal) {
            let records = Bytes::copy_from_slice(&tail.records);
            return Ok(Page { first_ordinal: tail.first_ordinal, records });
        }
        let after = self.chunks.partition_point(|it| it.first_ordinal <= ordinal);
        let it = after.checked_sub(1).and_then(|at| self.chunks.get(at));
        it.map_or(Ok(Page::default()), |it| read_chunk(files, &it))
    }

    /// Gives the records of `range` one by one until `each` says it has enough.
    fn walk(
        &self,
        files: &Files,
        range: Range<u64>,
        mut each: impl FnMut(Stored) -> bool,
    ) -> Result<(), HistoryError> {
        let end = range.end.min(self.next_ordinal);
        let mut at = range.start.max(self.floor);
        while at < end {
            let before = at;
            for it in self.page(files, at)?.iter().skip_while(|it| it.ordinal < before) {
                if it.ordinal >= end || !each(it) {
                    return Ok(());
                }
                at += 1;
            }
            assert!(at > before, "an ordinal below the next one is in a chunk or the tail");
        }
        Ok(())
    }

    /// Ordinal of the first record that is not below `sort`.
    fn first_from(&self, files: &Files, sort: u64) -> Result<u64, HistoryError> {
        let tail = self.tail.as_ref().filter(|it| !it.records.is_empty());
        let in_tail = tail.filter(|it| it.first_sort < sort);
        let start = match in_tail {
            Some(tail) => tail.first_ordinal,
            None => {
                let below = self.chunks.partition_point(|it| it.first_sort < sort);
                match below.checked_sub(1).and_then(|at| self.chunks.get(at)) {
                    Some(it) => it.first_ordinal,
                    None => return Ok(self.floor),
                }
            }
        };
        Ok(self.page(files, start)?.first_from(sort).max(self.floor))
    }
}

impl History {
    fn room(&self, group: GroupId, room: &[u8]) -> Option<&Room> {
        self.groups.get(&group)?.get(room)
    }

    /// What was read turned out to be damaged: this copy has to be replaced by a peer's.
    pub fn damage(&self) -> Option<HistoryError> {
        let (segment, offset) = self.files.damage.get()?;
        Some(HistoryError::Damaged { segment, offset })
    }

    /// What is known of a room; `None` if it has no history.
    pub fn info(&self, group: GroupId, room: &[u8]) -> Option<RoomInfo> {
        self.room(group, room).map(Room::info)
    }

    /// How many messages a room has.
    pub fn count(&self, group: GroupId, room: &[u8]) -> u64 {
        self.room(group, room).map_or(0, Room::count)
    }

    /// All rooms of a group, ordered by key.
    pub fn rooms(&self, group: GroupId) -> impl Iterator<Item = (&[u8], RoomInfo)> + '_ {
        let rooms = self.groups.get(&group);
        rooms.into_iter().flatten().map(|(key, it)| (&**key, it.info()))
    }

    /// Rooms of a group whose keys begin with this, ordered by key.
    pub fn streams<'a>(
        &'a self,
        group: GroupId,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (&'a [u8], RoomInfo)> + 'a {
        let range = (Bound::Included(prefix), Bound::Unbounded);
        let rooms = self.groups.get(&group).into_iter();
        rooms
            .flat_map(move |it| it.range::<[u8], _>(range))
            .map(|(key, it)| (&**key, it.info()))
            .take_while(move |it| it.0.starts_with(prefix))
    }

    /// All groups with history.
    pub fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.groups.keys().copied()
    }

    /// The messages with ordinals in `range`, as far as there are any.
    pub fn range(
        &self,
        group: GroupId,
        room: &[u8],
        range: Range<u64>,
    ) -> Result<Vec<Stored>, HistoryError> {
        let mut found = Vec::new();
        if let Some(it) = self.room(group, room) {
            it.walk(&self.files, range, |record| {
                found.push(record);
                true
            })?;
        }
        Ok(found)
    }

    /// The newest `n` messages, oldest first.
    pub fn latest(
        &self,
        group: GroupId,
        room: &[u8],
        n: usize,
    ) -> Result<Vec<Stored>, HistoryError> {
        let end = self.room(group, room).map_or(0, |it| it.next_ordinal);
        self.range(group, room, end.saturating_sub(n as u64)..end)
    }

    /// The newest `n` messages with a lower `sort`, oldest first.
    pub fn before(
        &self,
        group: GroupId,
        room: &[u8],
        sort: u64,
        n: usize,
    ) -> Result<Vec<Stored>, HistoryError> {
        let end = self.first_from(group, room, sort)?.unwrap_or(0);
        self.range(group, room, end.saturating_sub(n as u64)..end)
    }

    /// The oldest `n` messages with a higher `sort`, oldest first.
    pub fn after(
        &self,
        group: GroupId,
        room: &[u8],
        sort: u64,
        n: usize,
    ) -> Result<Vec<Stored>, HistoryError> {
        let Some(above) = sort.checked_add(1) else {
            return Ok(Vec::new());
        };
        let start = self.first_from(group, room, above)?.unwrap_or(0);
        self.range(group, room, start..start.saturating_add(n as u64))
    }

    /// Ordinal of a room's first message that is not below `sort` (one past the end if all are);
    /// `None` if the room has no history.
    pub fn first_from(
        &self,
        group: GroupId,
        room: &[u8],
        sort: u64,
    ) -> Result<Option<u64>, HistoryError> {
        self.room(group, room).map(|it| it.first_from(&self.files, sort)).transpose()
    }

    /// The messages of a group with a log index above `after` and not above `upto`, room by room:
    /// what a replica that has applied up to `after` lacks. Stops after `max_bytes` (at
    /// least one message is given); go on with the cursor it returns.
    pub fn catch_up(
        &self,
        group: GroupId,
        after: u64,
        upto: u64,
        cursor: Option<&Cursor>,
        max_bytes: usize,
    ) -> Result<CatchUp, HistoryError> {
        let mut out = CatchUp::default();
        let none = BTreeMap::new();
        let rooms: &BTreeMap<RoomKey, Room> = self.groups.get(&group).unwrap_or(&none);
        let from: Bound<&[u8]> =
            cursor.map_or(Bound::Unbounded, |it| Bound::Included(it.room.as_slice()));
        let mut bytes = 0;
        for (key, room) in rooms.range::<[u8], _>((from, Bound::Unbounded)) {
            if room.last_index <= after {
                continue;
            }
            let skipped = room.chunks.partition_point(|it| it.last_index <= after);
            let known = match skipped.checked_sub(1) {
                Some(at) => room.chunk_end(at),
                None => 0,
            };
            let resumed = cursor.filter(|it| it.room == **key).map_or(0, |it| it.ordinal);
            let start = known.max(resumed);
            room.walk(&self.files, start..u64::MAX, |record| {
                if record.index <= after {
                    return true;
                }
                if record.index > upto {
                    return false;
                }
                bytes += record.body.len() + RECORD_FIXED;
                if !out.records.is_empty() && bytes > max_bytes {
                    out.next = Some(Cursor { room: key.to_vec(), ordinal: record.ordinal });
                    return false;
                }

                out.records.push((key.clone(), record));
                true
            })?;
            if out.next.is_some() {
                break;
            }
        }
        Ok(out)
    }
}
