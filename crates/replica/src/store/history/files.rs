//! The history's files: appended through one buffer, read at any place.
//!
//! Promise: what was appended can be read at once, wherever it is. How much of each file is still
//! of use is counted, so that garbage can be found.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::store::disk::{Disk, DiskFile};
use crate::store::frame;
use fail::fail_point;

const BUFFER_BYTES: usize = 256 << 10; // Written when full: few system calls, little memory.

/// The name of a file; sorts by id.
pub(super) fn name(segment: u32) -> String {
    format!("chunks-{segment:08x}")
}

/// The id in a file's name, or `None` for any other file.
pub(super) fn id(name: &str) -> Option<u32> {
    u32::from_str_radix(name.strip_prefix("chunks-")?, 16).ok()
}

pub(super) struct Files {
    pub(super) disk: Arc<dyn Disk>,
    segment_bytes: u64,
    pub(super) segments: BTreeMap<u32, Segment>,
    /// The one that is appended to; 0 for none yet.
    pub(super) active: u32,
    /// The end of the active file that is not written yet.
    buffer: Vec<u8>,
    /// Where a chunk turned out to be damaged, first.
    pub(super) damage: Cell<Option<(u32, u64)>>,
    /// A file was made since the last checkpoint began.
    pub(super) is_dir_dirty: bool,
}

pub(super) struct Segment {
    pub(super) file: Arc<dyn DiskFile>,
    /// With what is still in the buffer.
    pub(super) len: u64,
    /// Bytes of chunks that are in use.
    pub(super) live: u64,
    /// Written since the last checkpoint began.
    pub(super) is_dirty: bool,
}

impl Files {
    pub(super) fn new(disk: Arc<dyn Disk>, segment_bytes: u64) -> Files {
        let (segments, buffer) = (BTreeMap::new(), Vec::new());
        let (damage, is_dir_dirty) = (Cell::new(None), false);
        Files { disk, segment_bytes, segments, active: 0, buffer, damage, is_dir_dirty }
    }

    /// Appends what `encode` writes, which is told the file's salt; returns where it lies.
    pub(super) fn append(
        &mut self,
        is_live: bool,
        encode: impl FnOnce(&mut Vec<u8>, u32),
    ) -> io::Result<(u32, u32, u32)> {
        if self.segments.get(&self.active).is_none_or(|it| it.len >= self.segment_bytes) {
            self.rotate()?;
        }
        let before = self.buffer.len();
        encode(&mut self.buffer, frame::salt(u64::from(self.active)));
        let len = self.buffer.len() - before;
        let it = self.segments.get_mut(&self.active).expect("made just above");
        let offset = u32::try_from(it.len).map_err(io::Error::other)?;
        it.len += len as u64;
        it.live += if is_live { len as u64 } else { 0 };
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok((self.active, offset, u32::try_from(len).map_err(io::Error::other)?))
    }

    /// Hands the buffer to the operating system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let it = self.segments.get_mut(&self.active).expect("what is buffered has a file");
        it.is_dirty = true;
        fail_point!("history.before-write");
        it.file.write_at(it.len - self.buffer.len() as u64, &self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.flush()?;
        let segment = self.segments.keys().next_back().copied().unwrap_or(0).max(self.active) + 1;
        fail_point!("history.before-create");
        let file = self.disk.create(&name(segment))?;
        fail_point!("history.after-create");
        self.is_dir_dirty = true;
        self.segments.insert(segment, Segment { file, len: 0, live: 0, is_dirty: true });
        self.active = segment;
        Ok(())
    }

    /// Fills `into` from a place that was appended to.
    pub(super) fn read(&self, segment: u32, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let it = self.segments.get(&segment).ok_or(io::ErrorKind::NotFound)?;
        let written = it.len - if segment == self.active { self.buffer.len() as u64 } else { 0 };
        let (on_disk, rest) =
            into.split_at_mut(written.saturating_sub(offset).min(into.len() as u64) as usize);
        if !on_disk.is_empty() {
            it.file.read_at(offset, on_disk)?;
        }
        if !rest.is_empty() {
            let from = (offset.max(written) - written) as usize;
            let buffered = self.buffer.get(from..from + rest.len());
            rest.copy_from_slice(buffered.ok_or(io::ErrorKind::UnexpectedEof)?);
        }
        Ok(())
    }

    /// A chunk at this place is of no use any more.
    pub(super) fn bury(&mut self, segment: u32, len: u32) {
        if let Some(it) = self.segments.get_mut(&segment) {
            it.live -= u64::from(len).min(it.live);
        }
    }
}
