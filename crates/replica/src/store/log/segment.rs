//! Segment files: their names, the zero-filled spares, and recycling.
//!
//! Promise: a segment has its full length and its blocks on disk before it gets its name, so that
//! syncing a batch never waits for the file system's journal. Names are durable on return.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::disk::{Disk, DiskFile};
use fail::fail_point;

const FILL_CHUNK_BYTES: usize = 1 << 20; // Small enough that batches get through between two.
const SPARES_MAX: usize = 2; // One is taken at a rotation, one more is often just released.

/// The name of a segment; sorts by id.
pub(super) fn name(segment: u64) -> String {
    format!("segment-{segment:016x}")
}

/// The id in a segment's name, or `None` for any other file.
pub(super) fn id(name: &str) -> Option<u64> {
    u64::from_str_radix(name.strip_prefix("segment-")?, 16).ok()
}

/// Files of full length that wait to become segments.
pub(super) struct Spares {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    ready: Vec<String>,
    next: u64,
}

impl Spares {
    /// Takes stock of what an earlier process left. A log without segments numbers them from the
    /// start again: what a spare held would pass for its own, so none is kept (`is_new`).
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        segment_bytes: u64,
        is_new: bool,
    ) -> io::Result<Spares> {
        let mut held = Held::default();
        for name in disk.list()? {
            let Some(rest) = name.strip_prefix("spare-") else {
                continue;
            };
            let number = rest.parse::<u64>().ok();
            held.next = held.next.max(number.map_or(0, |it| it + 1));
            let is_whole = number.is_some() && disk.open(&name)?.len()? == segment_bytes;
            if is_whole && !is_new && held.ready.len() < SPARES_MAX {
                held.ready.push(name);
            } else {
                disk.remove(&name)?; // Half filled, from other options, or of a log that is gone.
            }
        }
        Ok(Spares { disk, segment_bytes, held: Mutex::new(held) })
    }

    /// Makes a spare if there is none.
    pub(super) fn prepare(&self) -> io::Result<()> {
        let number = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if !held.ready.is_empty() {
                return Ok(());
            }
            held.next += 1;
            held.next - 1
        };
        let unfinished = format!("spare-{number}.filling");
        let made = self.fill(&unfinished).and_then(|()| {
            let name = format!("spare-{number}");
            fail_point!("segment.before-naming");
            self.disk.rename(&unfinished, &name)?;
            self.disk.sync_dir()?;
            Ok(name)
        });
        match made {
            Ok(name) => {
                self.held.lock().unwrap_or_else(PoisonError::into_inner).ready.push(name);
                Ok(())
            }
            Err(error) => {
                // On a full disk every byte counts; if even this fails, the next open removes it.
                let _ = self.disk.remove(&unfinished);
                Err(error)
            }
        }
    }

    fn fill(&self, name: &str) -> io::Result<()> {
        fail_point!("segment.before-create");
        let file = self.disk.create(name)?;
        let zeros = vec![0; FILL_CHUNK_BYTES.min(self.segment_bytes as usize)];
        let mut at = 0;
        while at < self.segment_bytes {
            let chunk = zeros.len().min((self.segment_bytes - at) as usize);
            file.write_at(at, &zeros[..chunk])?;
            at += chunk as u64;
        }
        fail_point!("segment.before-fill-sync");
        file.sync_data()
    }

    /// Turns a spare into the named segment, making one first if there is none ready.
    pub(super) fn take(&self, segment: u64) -> io::Result<Arc<dyn DiskFile>> {
        self.prepare()?;
        let spare = self.held.lock().unwrap_or_else(PoisonError::into_inner).ready.pop();
        let spare = spare.ok_or_else(|| io::Error::other("a spare was taken twice"))?;
        fail_point!("segment.before-take");
        self.disk.rename(&spare, &name(segment))?;
        fail_point!("segment.after-take");
        self.disk.sync_dir()?;
        self.disk.open(&name(segment))
    }

    /// Turns a segment nobody needs into a spare, or removes it if there are enough.
    pub(super) fn give_back(&self, segment: u64) -> io::Result<()> {
        let spare = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.next += 1;
            (held.ready.len() < SPARES_MAX).then(|| format!("spare-{}", held.next - 1))
        };
        fail_point!("segment.before-release");
        match &spare {
            Some(spare) => self.disk.rename(&name(segment), spare)?,
            None => self.disk.remove(&name(segment))?,
        }
        fail_point!("segment.after-release");
        // Synced one by one: a newer segment must never be gone while an older one still is there.
        self.disk.sync_dir()?;
        if let Some(spare) = spare {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).ready.push(spare);
        }
        Ok(())
    }
}
