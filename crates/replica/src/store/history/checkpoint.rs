//! Making what was appended durable, with the sync on another thread.
//!
//! Promise: the manifest is replaced only after all it speaks of is synced, so a crash at any moment
//! leaves one whole checkpoint: the new or the one before.

use std::io;
use std::sync::Arc;

use super::chunk;
use super::files;
use super::room::Chunk;
use super::{History, HistoryError, RoomKey};
use crate::planted;
use crate::store::GroupId;
use crate::store::disk::{Disk, DiskFile};
use crate::store::frame::{self, u32_at, u64_at};
use fail::fail_point;

pub(super) const MANIFEST: &str = "MANIFEST";
const FORMAT: u32 = 1;
const KIND: u8 = 1;

/// The slow part of a checkpoint. Run it on any thread and give the outcome back.
#[must_use = "nothing is durable until it ran"]
pub struct CheckpointJob {
    disk: Arc<dyn Disk>,
    dirty: Vec<Arc<dyn DiskFile>>,
    is_dir_dirty: bool,
    manifest: Vec<u8>,
    retired: Vec<u32>,
}

/// How a checkpoint went.
#[must_use = "give it to finish_checkpoint"]
#[derive(Debug)]
pub struct CheckpointDone {
    result: io::Result<()>,
    retired: Vec<u32>,
}

/// What a manifest says.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) next_seq: u64,
    pub(super) segments: Vec<(u32, u64)>,
    pub(super) blob: Vec<u8>,
}

impl CheckpointJob {
    /// Syncs the files, then replaces the manifest. Blocks for as long as the disk does.
    pub fn run(self) -> CheckpointDone {
        CheckpointDone { result: self.sync(), retired: self.retired }
    }

    fn sync(&self) -> io::Result<()> {
        fail_point!("checkpoint.before-sync");
        for file in self.dirty.iter().filter(|_| !planted!("manifest-before-data")) {
            file.sync_data()?;
        }
        if self.is_dir_dirty {
            fail_point!("checkpoint.before-dir-sync");
            self.disk.sync_dir()?;
        }
        fail_point!("checkpoint.before-manifest");
        self.disk.replace(MANIFEST, &self.manifest)?;
        fail_point!("checkpoint.after-manifest");
        Ok(())
    }
}

impl History {
    /// Writes out all that is in memory only, collects some garbage, and returns what is left to be
    /// done for it to be durable. `blob` is kept with it and given back by `open`: say there up to
    /// which index of each group the history is complete.
    pub fn begin_checkpoint(&mut self, blob: &[u8]) -> Result<CheckpointJob, HistoryError> {
        self.refuse_if_poisoned()?;
        if self.is_checkpointing {
            return Err(HistoryError::Busy);
        }
        fail_point!("checkpoint.before-begin");
        self.release_idle_tails();
        let flushed = self.flush_tails();
        self.guard(flushed)?;
        self.collect()?;
        let flushed = self.files.flush();
        self.guard(flushed)?;
        let retired = std::mem::take(&mut self.retired);
        let mut dirty = Vec::new();
        for id in &retired {
            self.files.segments.remove(id);
        }
        for it in self.files.segments.values_mut() {
            if std::mem::take(&mut it.is_dirty) {
                dirty.push(it.file.clone());
            }
        }
        self.is_checkpointing = true;
        Ok(CheckpointJob {
            disk: self.files.disk.clone(),
            dirty,
            is_dir_dirty: std::mem::take(&mut self.files.is_dir_dirty),
            manifest: self.manifest(blob).encode(),
            retired,
        })
    }

    /// Ends a checkpoint. After an error the history is poisoned and the process must leave.
    pub fn finish_checkpoint(&mut self, done: CheckpointDone) -> Result<(), HistoryError> {
        self.is_checkpointing = false;
        self.guard(done.result)?;
        for id in done.retired {
            fail_point!("checkpoint.before-remove");
            // If this is lost in a crash, the next open removes what the manifest does not name.
            let removed = self.files.disk.remove(&files::name(id));
            self.guard(removed)?;
            self.files.is_dir_dirty = true;
        }
        Ok(())
    }

    /// All of a checkpoint at once, on the calling thread.
    pub fn checkpoint(&mut self, blob: &[u8]) -> Result<(), HistoryError> {
        let done = self.begin_checkpoint(blob)?.run();
        self.finish_checkpoint(done)
    }

    fn manifest(&self, blob: &[u8]) -> Manifest {
        let segments = self.files.segments.iter().map(|(&id, it)| (id, it.len)).collect();
        Manifest { next_seq: self.next_seq, segments, blob: blob.to_vec() }
    }

    /// Lets go of tails that were written out and not added to since the checkpoint before.
    fn release_idle_tails(&mut self) {
        for (group, key) in std::mem::take(&mut self.idle) {
            let room = self.groups.get_mut(&group).and_then(|rooms| rooms.get_mut(&key));
            if let Some(room) = room
                && room.tail.as_ref().is_some_and(|it| it.is_idle)
            {
                room.tail = None;
            }
        }
    }

    fn flush_tails(&mut self) -> io::Result<()> {
        for (group, key) in std::mem::take(&mut self.dirty) {
            self.flush_tail(group, &key)?;
            self.idle.push((group, key));
        }
        Ok(())
    }

    /// Writes what no chunk has of a room's tail as a short chunk.
    fn flush_tail(&mut self, group: GroupId, key: &RoomKey) -> io::Result<()> {
        let Some(room) = self.groups.get_mut(&group).and_then(|rooms| rooms.get_mut(key)) else {
            return Ok(()); // Dropped since.
        };
        room.is_dirty = false;
        let Some(tail) = room.tail.as_mut() else {
            return Ok(());
        };
        tail.is_idle = true;
        let fresh = &tail.records[tail.flushed.0..];
        let Some(first) = chunk::Walk::new(fresh).next() else {
            return Ok(());
        };
        fail_point!("history.before-short-chunk");
        let first_ordinal = tail.first_ordinal + u64::from(tail.flushed.1);
        let seq = self.next_seq;
        self.next_seq += 1;
        let (segment, offset, len) = self.files.append(true, |into, salt| {
            chunk::encode_chunk(into, (salt, seq), (group, key), first_ordinal, fresh);
        })?;
        let (first_sort, last_index) = (first.sort, room.last_index);
        room.chunks.push(Chunk { first_ordinal, first_sort, last_index, segment, offset, len });
        tail.flushed = (tail.records.len(), (room.next_ordinal - tail.first_ordinal) as u32);
        self.bytes_written.increment(u64::from(len));
        self.chunks_written.increment(1);
        Ok(())
    }
}

impl Manifest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let start = frame::begin(&mut out, KIND);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&self.next_seq.to_le_bytes());
        out.extend_from_slice(&(self.segments.len() as u32).to_le_bytes());
        for (id, len) in &self.segments {
            out.extend_from_slice(&id.to_le_bytes());
            out.extend_from_slice(&len.to_le_bytes());
        }
        out.extend_from_slice(&self.blob);
        frame::end(&mut out, start);
        frame::seal(&mut out, frame::salt(u64::MAX), 0, true);
        out
    }

    /// `Err(None)` if damaged, `Err(Some(format))` if of a format not known here.
    pub(super) fn decode(bytes: &[u8]) -> Result<Manifest, Option<u32>> {
        let frame = frame::parse(bytes, frame::salt(u64::MAX)).ok_or(None)?;
        if frame.len != bytes.len() || frame.body.len() < 16 {
            return Err(None);
        }
        let format = u32_at(frame.body, 0);
        if format != FORMAT {
            return Err(Some(format));
        }
        let next_seq = u64_at(frame.body, 4);
        let table = u32_at(frame.body, 12) as usize * 12;
        let (table, blob) = frame.body[16..].split_at_checked(table).ok_or(None)?;
        let segments = table.chunks_exact(12).map(|it| (u32_at(it, 0), u64_at(it, 4))).collect();
        Ok(Manifest { next_seq, segments, blob: blob.to_vec() })
    }
}
