//! One log per node, shared by all groups, with group commit.
//!
//! Promise: once a ticket was reported as synced, everything submitted with it and before it
//! survives any crash; damage to it is found at `open` or on read, and named. One `fdatasync` covers
//! whatever all groups submitted while the one before was running. What was submitted can be read at
//! once. After a failed write or sync the log stays poisoned: the process must leave.

mod error;
mod index;
mod maintain;
#[cfg(test)]
mod model;
mod read;
mod record;
mod recover;
mod segment;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use bytes::Bytes;

use super::GroupId;
use super::disk::{Disk, LockGuard};
pub use error::{LogError, OpenError, ReadError};
use index::Index;
use maintain::Upkeep;
use record::Record;
pub use record::{Append, EntryRef, HardState, META_BYTES_MAX};
use segment::Spares;
use shared::{Shared, State};
use writer::{Active, Meters, Writer};

/// Told the highest ticket that is now on disk (all before it are too), or that the log is poisoned.
/// Called from the writer's thread, or from `pump`.
pub type OnSynced = Box<dyn Fn(Result<u64, LogError>) + Send>;

/// How a log is kept.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Length of a segment file. A batch never crosses one.
    pub segment_bytes: u64,
    /// Largest batch, so that a sync has a bounded amount to do; a single larger submit is split.
    pub batch_bytes_max: usize,
    /// How much of the newest entries' bodies stays in memory; un-synced ones always do.
    pub cache_bytes: usize,
    /// Above so many segments, what is live in the oldest is copied forward so that it can go.
    pub segments_max: usize,
    /// No threads: `pump` writes, on the caller. For simulation.
    pub inline: bool,
}

impl Default for LogOptions {
    fn default() -> LogOptions {
        LogOptions {
            segment_bytes: 64 << 20,
            batch_bytes_max: 8 << 20,
            cache_bytes: 16 << 20,
            segments_max: 8,
            inline: false,
        }
    }
}

/// The end of a batch that was being written when the process or the machine died. Nobody was told
/// that it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Id of the segment.
    pub segment: u64,
    /// Where the dropped batch began, in bytes.
    pub offset: u64,
    /// Its number.
    pub batch: u64,
}

/// What a log held when it was opened.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Every group that was not dropped.
    pub groups: BTreeMap<GroupId, RecoveredGroup>,
    /// What was cut off, if anything.
    pub torn: Option<TornTail>,
}

/// One group's part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredGroup {
    /// The newest, if there ever was one.
    pub hard_state: Option<HardState>,
    /// The newest, if there ever was one.
    pub meta: Option<Bytes>,
    /// Index and term up to which everything was purged; zeros if nothing was.
    pub purged: (u64, u64),
    /// One above the purged index.
    pub first_index: u64,
    /// Equal to the purged index if there are no entries.
    pub last_index: u64,
}

/// The open log. One thread submits and reads; it may be moved between threads.
pub struct Log {
    shared: Arc<Shared>,
    index: Index,
    options: LogOptions,
    upkeep: Upkeep,
    inline: Option<Writer>,
    thread: Option<JoinHandle<()>>,
    _lock: Box<dyn LockGuard>,
}

impl Log {
    /// Opens the log in `disk`, reading and checking all of it.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: LogOptions,
        on_synced: OnSynced,
    ) -> Result<(Log, Recovered), OpenError> {
        let lock = disk.lock("LOCK").map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => OpenError::Locked,
            _ => OpenError::Io(error),
        })?;
        let found = recover::recover(&disk)?;
        let spares = Arc::new(Spares::open(disk, options.segment_bytes, found.active.is_none())?);
        let active = match found.active {
            Some(active) => active,
            None => Active { segment: 1, file: spares.take(1)?, at: 0 },
        };
        let recovered = Recovered {
            groups: found.groups.iter().map(|(&id, it)| (id, it.recovered())).collect(),
            torn: found.torn,
        };
        if let Some(torn) = recovered.torn {
            tracing::warn!(?torn, "dropped the torn end of the log");
        }
        let shared = Arc::new(Shared::new(found.extents, found.lsn));
        let writer = Writer {
            shared: shared.clone(),
            spares,
            segment_bytes: options.segment_bytes,
            batch_bytes_max: options.batch_bytes_max,
            fills_in_background: !options.inline,
            active,
            next_batch: found.next_batch,
            carried: found.carried,
            on_synced,
            buffer: Vec::new(),
            meters: Meters::new(),
        };
        let (inline, thread) = if options.inline {
            (Some(writer), None)
        } else {
            writer::prepare_in_background(writer.spares.clone());
            let builder = std::thread::Builder::new().name("log-writer".into());
            (None, Some(builder.spawn(move || writer.run())?))
        };
        let index = Index::new(found.groups);
        let upkeep = Upkeep::new(found.lsn, found.entries);
        Ok((Log { shared, index, options, upkeep, inline, thread, _lock: lock }, recovered))
    }

    /// Takes in all of `appends` as one whole (split only if larger than a batch may be) and reports
    /// `ticket` once it is on disk. Tickets must increase; an empty submit is reported after all
    /// before it. Bodies are kept as long as they are cached, with the buffers they are slices of.
    pub fn submit(&mut self, appends: Vec<Append>, ticket: u64) -> Result<(), LogError> {
        for append in &appends {
            self.check_size(append)?;
        }
        let copies = self.prepare_upkeep();
        let shared = self.shared.clone();
        let mut state = shared.lock();
        if let Some(error) = &state.poisoned {
            return Err(error.clone());
        }
        self.copy_forward(copies, &mut state);
        for append in appends {
            if let Err(error) = self.append(append, &mut state) {
                state.poisoned = Some(LogError::Poisoned { reason: error.to_string() });
                return Err(error);
            }
        }
        let end = state.pending.len();
        state.tickets.push_back((end, ticket));
        self.release(&mut state);
        drop(state);
        shared.notify();
        self.index.evict(self.options.cache_bytes, self.shared.synced.load(Ordering::Acquire));
        Ok(())
    }

    /// Writes and syncs one batch on the calling thread and reports it; returns whether there was
    /// anything to write. Only with `LogOptions::inline`.
    pub fn pump(&mut self) -> bool {
        self.inline.as_mut().is_some_and(Writer::step)
    }

    /// Bytes submitted and not yet on disk. The caller bounds them by holding back.
    pub fn pending_bytes(&self) -> usize {
        let state = self.shared.lock();
        state.pending.len() + state.in_flight
    }

    /// How many segments the log has on disk, spares not counted.
    pub fn segments(&self) -> usize {
        let state = self.shared.lock();
        let newest = state.extents.back().map_or(0, |it| it.segment);
        state.extents.front().map_or(0, |it| (newest - it.segment + 1) as usize)
    }

    fn check_size(&self, append: &Append) -> Result<(), LogError> {
        let (bytes, max) = match append {
            Append::Entry { body, context, .. } => {
                (body.len().saturating_add(context.len()), self.options.segment_bytes as usize / 2)
            }
            Append::Meta { body, .. } => (body.len(), META_BYTES_MAX),
            _ => return Ok(()),
        };
        if bytes > max { Err(LogError::TooLarge { bytes, max }) } else { Ok(()) }
    }

    fn append(&mut self, append: Append, state: &mut State) -> Result<(), LogError> {
        let lsn = state.pending_lsn + state.pending.len() as u64;
        let into = &mut state.pending;
        match append {
            Append::Entry { group, index, term, kind, body, context } => {
                let it = self.index.group(group);
                let (first, end) = (it.first(), it.last() + 1);
                if !(first..=end).contains(&index) {
                    return Err(LogError::OutOfOrder { group, index, first, end });
                }
                let before = into.len();
                Record::Entry { group, index, term, kind, context: &context, body: &body }
                    .encode(into);
                self.upkeep.note_entry(into.len() - before, index < end);
                self.index.append(group, EntryRef { index, term, kind, body, context }, lsn);
            }
            Append::HardState { group, term, vote, commit } => {
                let hard_state = HardState { term, vote, commit };
                Record::HardState { group, state: hard_state }.encode(into);
                self.index.group(group).hard_state = Some(hard_state);
            }
            Append::Meta { group, body } => {
                Record::Meta { group, body: &body }.encode(into);
                self.index.group(group).meta = Some(body);
            }
            Append::Purge { group, index, term } => {
                if let Some(last) = self.index.purge(group, index, term) {
                    Record::Purge { group, index, term, last }.encode(into);
                    self.upkeep.is_due = true;
                }
            }
            Append::Drop { group } => {
                Record::Drop { group }.encode(into);
                self.index.drop_group(group);
                self.upkeep.is_due = true;
            }
        }
        Ok(())
    }
}

impl Drop for Log {
    /// Writes what is still pending (not with `inline`) and waits for the writer to end.
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.notify();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the log's writer panicked");
        }
    }
}
