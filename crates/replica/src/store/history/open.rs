//! Building the index after a start.
//!
//! Promise: exactly what the last finished checkpoint covered, or an error. Only heads are read.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::checkpoint::{MANIFEST, Manifest};
use super::chunk::{self, ChunkHead, What};
use super::collect::read_head;
use super::files::{self, Files, Segment};
use super::room::{Chunk, Room};
use super::{History, HistoryOpenError, HistoryOptions, RoomKey};
use crate::store::GroupId;
use crate::store::disk::Disk;
use crate::store::frame;
use fail::fail_point;

/// All that was found of one room, before it is known what counts.
#[derive(Default)]
struct Found {
    chunks: Vec<(u64, ChunkHead, (u32, u32, u32))>,
    dropped_seq: Option<u64>,
    forgotten: Option<(u64, u64)>,
}

#[derive(Default)]
struct Scan {
    rooms: BTreeMap<GroupId, BTreeMap<RoomKey, Found>>,
    dropped: BTreeMap<GroupId, u64>,
}

impl History {
    /// Opens the history in `disk` as of the last finished checkpoint, and returns that
    /// checkpoint's blob; `None` if there never was one. Everything newer is discarded.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: HistoryOptions,
    ) -> Result<(History, Option<Vec<u8>>), HistoryOpenError> {
        let lock = disk.lock("LOCK").map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => HistoryOpenError::Locked,
            _ => HistoryOpenError::Io(error),
        })?;
        // A manifest that a killed process had just renamed may not be durable yet, and the caller is
        // about to purge its log up to what it says. All it speaks of was synced before.
        disk.sync_dir()?;
        let manifest = read_manifest(&disk)?;
        let mut files = Files::new(disk, options.segment_bytes);
        let mut scan = Scan::default();
        for &(id, len) in manifest.iter().flat_map(|it| &it.segments) {
            files.segments.insert(id, open_segment(&files, id, len)?);
            scan.segment(id, &files.segments[&id])?;
        }
        discard_others(&mut files)?;
        let groups = scan.finish(&mut files)?;
        let history = History {
            options,
            files,
            groups,
            dirty: Vec::new(),
            idle: Vec::new(),
            next_seq: manifest.as_ref().map_or(1, |it| it.next_seq),
            collecting: None,
            retired: Vec::new(),
            is_checkpointing: false,
            is_poisoned: false,
            bytes_written: metrics::counter!("starling_history_bytes_total"),
            chunks_written: metrics::counter!("starling_history_chunks_total"),
            _lock: lock,
        };
        Ok((history, manifest.map(|it| it.blob)))
    }
}

fn read_manifest(disk: &Arc<dyn Disk>) -> Result<Option<Manifest>, HistoryOpenError> {
    let bytes = match disk.read(MANIFEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    match Manifest::decode(&bytes) {
        Ok(manifest) => Ok(Some(manifest)),
        Err(Some(found)) => Err(HistoryOpenError::Format { found }),
        Err(None) => Err(HistoryOpenError::Damaged { file: MANIFEST.into(), offset: 0 }),
    }
}

fn damaged(id: u32, offset: u64) -> HistoryOpenError {
    HistoryOpenError::Damaged { file: files::name(id), offset }
}

/// Opens a file and cuts off what the checkpoint did not cover.
fn open_segment(files: &Files, id: u32, len: u64) -> Result<Segment, HistoryOpenError> {
    let file = match files.disk.open(&files::name(id)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged(id, 0)),
        other => other?,
    };
    let found = file.len()?;
    if found < len {
        return Err(damaged(id, found));
    }
    let is_dirty = found > len;
    if is_dirty {
        fail_point!("history.before-cut");
        file.set_len(len)?;
    }
    Ok(Segment { file, len, live: 0, is_dirty })
}

/// Removes files the manifest does not name; the highest id left is appended to.
fn discard_others(files: &mut Files) -> Result<(), HistoryOpenError> {
    for name in files.disk.list()? {
        let Some(id) = files::id(&name) else { continue };
        if !files.segments.contains_key(&id) {
            fail_point!("history.before-discard");
            files.disk.remove(&name)?;
            files.is_dir_dirty = true;
        }
    }
    files.active = files.segments.keys().next_back().copied().unwrap_or(0);
    Ok(())
}

impl Scan {
    fn segment(&mut self, id: u32, segment: &Segment) -> Result<(), HistoryOpenError> {
        let salt = frame::salt(u64::from(id));
        let (mut at, mut bytes) = (0, Vec::new());
        while at < segment.len {
            if !read_head(segment, salt, at, &mut bytes)? {
                return Err(damaged(id, at));
            }
            let item = chunk::parse(&bytes, salt).ok_or_else(|| damaged(id, at))?;
            if item.what == What::DropGroup {
                let seq = self.dropped.entry(item.group).or_default();
                *seq = item.seq.max(*seq);
            } else {
                let rooms = self.rooms.entry(item.group).or_default();
                if !rooms.contains_key(item.room) {
                    rooms.insert(item.room.into(), Found::default());
                }
                let found = rooms.get_mut(item.room).expect("inserted just above");
                match item.what {
                    What::Chunk(head) => {
                        let offset = u32::try_from(at).map_err(io::Error::other)?;
                        let len = u32::try_from(item.len).map_err(io::Error::other)?;
                        found.chunks.push((item.seq, head, (id, offset, len)));
                    }
                    What::Forget(floor) => {
                        found.forgotten = found.forgotten.max(Some((item.seq, floor)));
                    }
                    What::DropRoom | What::DropGroup => {
                        found.dropped_seq = found.dropped_seq.max(Some(item.seq));
                    }
                }
            }
            at += item.len;
        }
        Ok(())
    }

    fn finish(
        self,
        files: &mut Files,
    ) -> Result<BTreeMap<GroupId, BTreeMap<RoomKey, Room>>, HistoryOpenError> {
        let mut groups: BTreeMap<GroupId, BTreeMap<RoomKey, Room>> = BTreeMap::new();
        for (group, rooms) in self.rooms {
            let dropped = self.dropped.get(&group).copied();
            for (key, found) in rooms {
                if let Some(room) = found.room(group, dropped)? {
                    for it in room.chunks.iter() {
                        if let Some(segment) = files.segments.get_mut(&it.segment) {
                            segment.live += u64::from(it.len);
                        }
                    }
                    groups.entry(group).or_default().insert(key, room);
                }
            }
        }
        Ok(groups)
    }
}

impl Found {
    /// Settles which chunks count: none from before the room was dropped, and of those that
    /// overlap the one written last, which always covers the others.
    fn room(
        mut self,
        group: GroupId,
        dropped: Option<u64>,
    ) -> Result<Option<Room>, HistoryOpenError> {
        let ended = self.dropped_seq.max(dropped).unwrap_or(0);
        self.chunks.retain(|&(seq, ..)| seq > ended);
        let floor = self.forgotten.filter(|&(seq, _)| seq > ended).map_or(0, |(_, floor)| floor);
        self.chunks.sort_by_key(|&(seq, head, _)| (head.first_ordinal, std::cmp::Reverse(seq)));
        let mut room = Room { floor, next_ordinal: floor, ..Room::default() };
        let mut end = None;
        for (_, head, (segment, offset, len)) in self.chunks {
            let next = head.first_ordinal + u64::from(head.count);
            if end.is_some_and(|end| head.first_ordinal < end) || next <= floor {
                continue; // Replaced by a longer one, or forgotten.
            }
            let expected = end.unwrap_or(floor);
            if head.first_ordinal > expected {
                return Err(HistoryOpenError::Missing { group, ordinal: expected });
            }
            let (first_ordinal, first_sort) = (head.first_ordinal, head.first_sort);
            let last_index = head.last_index;
            room.chunks.push(Chunk { first_ordinal, first_sort, last_index, segment, offset, len });
            (room.last_index, room.last_sort) = (head.last_index, head.last_sort);
            (room.next_ordinal, end) = (next, Some(next));
        }
        let is_gone = room.chunks.is_empty() && floor == 0;
        Ok((!is_gone).then_some(room))
    }
}
