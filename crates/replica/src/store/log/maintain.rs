//! Letting go of old segments.
//!
//! Promise: a segment is released only when no live entry lies in it or before it, and recycled only
//! when the records that made this so are synced. Strictly oldest first: a record that truncated,
//! purged or dropped something never goes before what it undid. A group that never purges does not
//! hold more than `segments_max` segments: its live entries are copied to the end.

use super::Log;
use super::index::Lsn;
use super::read::Reader;
use super::record::{EntryRef, Record};
use super::shared::State;
use crate::store::GroupId;

const COPY_BYTES: usize = 256 << 10; // Of one submit, so that upkeep never holds a batch up for long.

/// What is due.
pub(super) struct Upkeep {
    /// Something was purged, dropped or truncated since the last look.
    pub(super) is_due: bool,
    segments_seen: u64,
    released: u64,
    entry_bytes: u64,
    entries: u64,
    moving: Vec<Move>,
}

/// A copy that is on its way to disk; the old place is read until it is there.
struct Move {
    group: GroupId,
    index: u64,
    from: Lsn,
    to: Lsn,
}

impl Upkeep {
    pub(super) fn new(bytes: u64, entries: u64) -> Upkeep {
        Upkeep {
            is_due: true,
            segments_seen: 0,
            released: 0,
            entry_bytes: bytes,
            entries,
            moving: Vec::new(),
        }
    }

    pub(super) fn note_entry(&mut self, bytes: usize, is_truncating: bool) {
        self.entry_bytes += bytes as u64;
        self.entries += 1;
        self.is_due |= is_truncating;
    }
}

impl Log {
    /// Finds out what is due, and reads what must be copied forward. Outside of the lock.
    pub(super) fn prepare_upkeep(&mut self) -> Vec<(GroupId, Lsn, EntryRef)> {
        let (oldest, newest, synced) = {
            let state = self.shared.lock();
            let newest = state.extents.back().map_or(0, |it| it.segment);
            let oldest = state.extents.iter().filter(|it| it.segment > self.upkeep.released);
            let oldest = oldest.min_by_key(|it| it.segment).map_or(newest, |it| it.segment);
            let synced = state.extents.back().map_or(0, |it| it.lsn + it.len);
            (oldest, newest, synced)
        };
        self.upkeep.is_due |= newest != self.upkeep.segments_seen;
        self.upkeep.segments_seen = newest;
        if self.upkeep.moving.last().is_some_and(|it| it.to < synced) {
            self.finish_moves();
        }
        let held = (newest - oldest + 1) as usize;
        let is_copying_due = self.upkeep.is_due && self.upkeep.moving.is_empty();
        if oldest == newest || held <= self.options.segments_max || !is_copying_due {
            return Vec::new();
        }
        self.live_in(oldest)
    }

    fn finish_moves(&mut self) {
        for it in std::mem::take(&mut self.upkeep.moving) {
            let Some(group) = self.index.groups.get_mut(&it.group) else {
                continue;
            };
            // It may have been purged or overwritten meanwhile; the old place tells.
            if group.lsn(it.index) == Some(it.from) {
                let position = (it.index - group.first()) as usize;
                group.lsns[position] = it.to;
            }
        }
        self.upkeep.is_due = true;
    }

    /// Some live entries of a segment, or none if so much of it lives that copying gains nothing.
    fn live_in(&self, segment: u64) -> Vec<(GroupId, Lsn, EntryRef)> {
        let end = {
            let state = self.shared.lock();
            let ends = state.extents.iter().filter(|it| it.segment == segment);
            ends.map(|it| it.lsn + it.len).max().unwrap_or(0)
        };
        let average = self.upkeep.entry_bytes / self.upkeep.entries.max(1);
        let worth_it = self.options.segment_bytes / 2 / average.max(1);
        if self.index.live_below(end).count() as u64 > worth_it {
            return Vec::new();
        }
        let mut reader = Reader::new(&self.shared);
        let (mut live, mut bytes) = (Vec::new(), 0);
        for (group, index) in self.index.live_below(end) {
            let Some(held) = self.index.groups.get(&group) else {
                continue;
            };
            let entry = held.cached(index).map_or_else(|| reader.entry(group, index, held), Ok);
            match entry {
                Ok(entry) => {
                    bytes += entry.bytes();
                    live.extend(held.lsn(index).map(|lsn| (group, lsn, entry)));
                }
                Err(error) => {
                    tracing::error!(%error, %group, index, "cannot copy an entry forward");
                    return Vec::new(); // Whoever needs the entry will meet the error.
                }
            }
            if bytes >= COPY_BYTES.min(self.options.segment_bytes as usize / 4) {
                break;
            }
        }
        live
    }

    /// Appends the copies to the stream.
    pub(super) fn copy_forward(
        &mut self,
        copies: Vec<(GroupId, Lsn, EntryRef)>,
        state: &mut State,
    ) {
        for (group, from, entry) in copies {
            let to = state.pending_lsn + state.pending.len() as u64;
            let EntryRef { index, term, kind, body, context } = entry;
            Record::Copy { group, index, term, kind, context: &context, body: &body }
                .encode(&mut state.pending);
            self.upkeep.moving.push(Move { group, index, from, to });
        }
    }

    /// Releases all old segments in which nothing lives, as of the end of the stream.
    pub(super) fn release(&mut self, state: &mut State) {
        if !std::mem::take(&mut self.upkeep.is_due) {
            return;
        }
        let now = state.pending_lsn + state.pending.len() as u64;
        let newest = state.extents.back().map_or(0, |it| it.segment);
        for at in 0..state.extents.len() {
            let (segment, end) =
                (state.extents[at].segment, state.extents[at].lsn + state.extents[at].len);
            if segment <= self.upkeep.released {
                continue;
            }
            let is_whole = state.extents.get(at + 1).is_none_or(|next| next.segment != segment);
            if segment == newest || (is_whole && self.index.live_below(end).next().is_some()) {
                return;
            }
            if is_whole {
                state.released.push_back((segment, now));
                self.upkeep.released = segment;
            }
        }
    }
}
