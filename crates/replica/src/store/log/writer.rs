//! The only one who writes: takes what was submitted, one write and one sync per batch.
//!
//! Promise: batch n + 1 is written only after the sync of batch n returned; a batch lies within one
//! segment; a ticket is reported only once all its bytes are synced. After a failed write or sync
//! nothing is ever written again.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;

use super::index::Lsn;
use super::record::{self, FORMAT, HardState, Record};
use super::segment::Spares;
use super::shared::{Extent, Shared};
use super::{LogError, OnSynced};
use crate::planted;
use crate::store::GroupId;
use crate::store::disk::DiskFile;
use crate::store::frame;
use fail::fail_point;

/// What each segment's head repeats of a group, so that older segments can go.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) purged: (u64, u64),
    pub(super) hard_state: Option<HardState>,
    pub(super) meta: Option<Bytes>,
}

/// The segment that is being written.
pub(super) struct Active {
    pub(super) segment: u64,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) at: u64,
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) spares: Arc<Spares>,
    pub(super) segment_bytes: u64,
    pub(super) batch_bytes_max: usize,
    pub(super) fills_in_background: bool,
    pub(super) active: Active,
    pub(super) next_batch: u64,
    pub(super) carried: BTreeMap<GroupId, Carried>,
    pub(super) on_synced: OnSynced,
    pub(super) buffer: Vec<u8>,
    pub(super) meters: Meters,
}

pub(super) struct Meters {
    fsync: metrics::Histogram,
    batches: metrics::Counter,
    pending: metrics::Gauge,
}

impl Meters {
    pub(super) fn new() -> Meters {
        Meters {
            fsync: metrics::histogram!("starling_log_fsync_seconds"),
            batches: metrics::counter!("starling_log_batches_total"),
            pending: metrics::gauge!("starling_log_pending_bytes"),
        }
    }
}

/// What was taken to become one batch.
struct Taken {
    lsn: Lsn,
    ticket: Option<u64>,
    still_pending: usize,
}

impl Writer {
    /// Writes batches until told to stop, then what is left.
    pub(super) fn run(mut self) {
        while self.shared.wait_for_work() {
            self.step();
        }
    }

    /// Writes and syncs one batch; returns whether there was anything to write.
    pub(super) fn step(&mut self) -> bool {
        let Some(taken) = self.take() else {
            return false;
        };
        self.meters.pending.set((taken.still_pending + self.buffer.len()) as f64);
        let result = self.write(taken.lsn).and_then(|()| self.recycle());
        if let Err(error) = result {
            tracing::error!(%error, batch = self.next_batch, "the log cannot be written: this node must leave");
            let error = LogError::Poisoned { reason: error.to_string() };
            self.shared.lock().poisoned = Some(error.clone());
            (self.on_synced)(Err(error));
            return true;
        }
        self.meters.pending.set(taken.still_pending as f64);
        fail_point!("log.before-report");
        if let Some(ticket) = taken.ticket {
            (self.on_synced)(Ok(ticket));
        }
        true
    }

    /// Moves whole submits into the buffer, as many as one batch may hold; of a single submit that
    /// is larger, whole records.
    fn take(&mut self) -> Option<Taken> {
        let room = (self.segment_bytes as usize).saturating_sub(self.carry().len());
        let max = room.min(self.batch_bytes_max);
        let mut state = self.shared.lock();
        if state.tickets.is_empty() || state.poisoned.is_some() {
            return None;
        }
        let whole = state.tickets.partition_point(|&(end, _)| end <= max);
        let bytes = match whole {
            0 => records_within(&state.pending, max),
            _ => state.tickets[whole - 1].0,
        };
        let done = state.tickets.partition_point(|&(end, _)| end <= bytes);
        let ticket = done.checked_sub(1).map(|last| state.tickets[last].1);
        self.buffer.clear();
        if bytes == state.pending.len() {
            std::mem::swap(&mut state.pending, &mut self.buffer);
        } else {
            self.buffer.extend_from_slice(&state.pending[..bytes]);
            state.pending.drain(..bytes);
        }
        state.tickets.drain(..done);
        for (end, _) in &mut state.tickets {
            *end -= bytes;
        }
        let lsn = state.pending_lsn;
        state.pending_lsn += bytes as u64;
        state.in_flight = bytes;
        Some(Taken { lsn, ticket, still_pending: state.pending.len() })
    }

    fn write(&mut self, lsn: Lsn) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(()); // A submit of nothing: all before it is synced.
        }
        let len = self.buffer.len() as u64;
        let mut carried_bytes = 0;
        let is_full = self.active.at + len > self.segment_bytes;
        if is_full && self.active.at > 0 {
            self.rotate()?;
        }
        if self.active.at == 0 {
            let carry = self.carry();
            carried_bytes = carry.len() as u64;
            self.buffer.splice(0..0, carry);
        }
        if self.active.at + carried_bytes + len > self.segment_bytes {
            return Err(io::Error::other("a record and what heads carry do not fit one segment"));
        }
        self.seal(carried_bytes as usize);
        // Zeros behind the batch tell recovery that nothing was cut off there, also in a segment
        // that is full of what it held in an earlier life.
        let room = (self.segment_bytes - self.active.at) as usize - self.buffer.len();
        self.buffer.resize(self.buffer.len() + room.min(frame::HEADER), 0);
        fail_point!("log.before-write");
        self.active.file.write_at(self.active.at, &self.buffer)?;
        let started = Instant::now();
        fail_point!("log.before-sync");
        if !planted!("ack-before-sync") {
            self.active.file.sync_data()?;
        }
        fail_point!("log.after-sync");
        self.meters.fsync.record(started.elapsed());
        self.meters.batches.increment(1);
        self.next_batch += 1;
        let offset = self.active.at + carried_bytes;
        self.active.at = offset + len;
        self.publish(lsn, len, offset);
        Ok(())
    }

    /// Numbers and checksums every record of the buffer, and notes what future heads must carry.
    fn seal(&mut self, carried_bytes: usize) {
        let salt = frame::salt(self.active.segment);
        let mut at = 0;
        while at < self.buffer.len() {
            let end = at + frame::len_of(&self.buffer[at..]);
            let kind = self.buffer[at + 16];
            let is_last = end == self.buffer.len();
            frame::seal(&mut self.buffer[at..end], salt, self.next_batch, is_last);
            if at >= carried_bytes && record::is_carried(kind) {
                let body = &self.buffer[at + frame::HEADER..end];
                let record = record::decode_body(kind, body).expect("encoded by this process");
                carry_on(&mut self.carried, &record);
            }
            at = end;
        }
    }

    fn publish(&self, lsn: Lsn, len: u64, offset: u64) {
        let mut state = self.shared.lock();
        let segment = self.active.segment;
        match state.extents.back_mut() {
            Some(it)
                if it.segment == segment
                    && it.offset + it.len == offset
                    && it.lsn + it.len == lsn =>
            {
                it.len += len;
            }
            _ => {
                let file = self.active.file.clone();
                state.extents.push_back(Extent { lsn, len, segment, offset, file });
            }
        }
        state.in_flight = 0;
        self.shared.synced.store(lsn + len, Ordering::Release);
    }

    fn rotate(&mut self) -> io::Result<()> {
        let segment = self.active.segment + 1;
        let file = self.spares.take(segment)?;
        tracing::debug!(segment, "the log goes on in a new segment");
        self.active = Active { segment, file, at: 0 };
        if self.fills_in_background {
            prepare_in_background(self.spares.clone());
        }
        Ok(())
    }

    /// The head of a segment: what it is, and every group's state so far.
    fn carry(&self) -> Vec<u8> {
        let mut head = Vec::new();
        let segment = self.active.segment;
        Record::Head { format: FORMAT, segment }.encode(&mut head);
        for (&group, it) in &self.carried {
            let (index, term) = it.purged;
            Record::Purge { group, index, term, last: u64::MAX }.encode(&mut head);
            if let Some(state) = it.hard_state {
                Record::HardState { group, state }.encode(&mut head);
            }
            if let Some(body) = &it.meta {
                Record::Meta { group, body }.encode(&mut head);
            }
        }
        head
    }

    /// Recycles what was released by records that are synced now.
    fn recycle(&mut self) -> io::Result<()> {
        loop {
            let segment = {
                let mut state = self.shared.lock();
                let synced = self.shared.synced.load(Ordering::Acquire);
                match state.released.front() {
                    Some(&(segment, lsn)) if lsn <= synced => {
                        state.released.pop_front();
                        state.extents.retain(|it| it.segment != segment);
                        segment
                    }
                    _ => return Ok(()),
                }
            };
            tracing::debug!(segment, "nothing in this segment is needed any more");
            self.spares.give_back(segment)?;
        }
    }
}

/// Starts making a spare; the log can go on without, it only has to wait for one at rotation.
pub(super) fn prepare_in_background(spares: Arc<Spares>) {
    let work = move || {
        if let Err(error) = spares.prepare() {
            tracing::warn!(%error, "no spare log segment could be made");
        }
    };
    let spawned = std::thread::Builder::new().name("log-spare".into()).spawn(work);
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread to make a spare log segment");
    }
}

/// Folds a record into what heads carry.
pub(super) fn carry_on(carried: &mut BTreeMap<GroupId, Carried>, record: &Record<'_>) {
    match *record {
        Record::HardState { group, state } => {
            carried.entry(group).or_default().hard_state = Some(state);
        }
        Record::Meta { group, body } => {
            carried.entry(group).or_default().meta = Some(Bytes::copy_from_slice(body));
        }
        Record::Purge { group, index, term, .. } => {
            carried.entry(group).or_default().purged = (index, term);
        }
        Record::Drop { group } => {
            carried.remove(&group);
        }
        Record::Head { .. } | Record::Entry { .. } | Record::Copy { .. } => {}
    }
}

/// How many bytes of whole records fit into `max`, at least one record.
fn records_within(pending: &[u8], max: usize) -> usize {
    let mut at = frame::len_of(pending);
    while at < pending.len() {
        let end = at + frame::len_of(&pending[at..]);
        if end > max {
            break;
        }
        at = end;
    }
    at
}
