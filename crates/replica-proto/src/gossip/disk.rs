//! What is written, and what is known to be on disk.
//!
//! Promise: an own entry leaves, and is acknowledged, after its sync and not before.

use super::branch::Branch;
use super::{Effects, Entry, Log, Machine, Origin, Start};
use crate::planted::planted;
use bytes::Bytes;
use std::collections::VecDeque;

/// Entries on their way to the disk, in the order in which they were given to it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    written: u64,
    runs: VecDeque<Run>,
    bytes: usize,
}

/// Entries of one origin, one after the other.
#[derive(Debug)]
struct Run {
    origin: Origin,
    /// Index of the last.
    upto: u64,
    /// How many entries were written in all, with the last.
    end: u64,
    bytes: usize,
}

impl Queue {
    fn push(&mut self, entry: &Entry) {
        self.written += 1;
        self.bytes += entry.cost();
        match self.runs.back_mut() {
            Some(run) if run.origin == entry.origin && run.upto + 1 == entry.index => {
                run.upto = entry.index;
                run.end = self.written;
                run.bytes += entry.cost();
            }
            _ => self.runs.push_back(Run {
                origin: entry.origin,
                upto: entry.index,
                end: self.written,
                bytes: entry.cost(),
            }),
        }
    }

    /// Origins, and the index up to which they are on disk when so many entries are.
    fn synced(&mut self, count: u64) -> Vec<(Origin, u64)> {
        let mut done = Vec::new();
        while let Some(run) = self.runs.pop_front_if(|it| it.end <= count) {
            self.bytes -= run.bytes;
            done.push((run.origin, run.upto));
        }
        if let Some(run) = self.runs.front() {
            // Of a run that is cut in the middle; below its first index nothing changes.
            done.push((run.origin, run.upto.saturating_sub(run.end - count)));
        }
        done
    }
}

impl Machine {
    /// Reads what is on disk, and delivers what the state does not contain.
    pub(super) fn open(&mut self, start: &Start, log: &impl Log, effects: &mut Effects) {
        self.clock.observe(start.clock);
        self.branches.insert(self.me, Branch::default());
        for (origin, state) in start.state.iter() {
            self.branches.insert(origin, Branch::start(state, None));
        }
        for held in &start.held {
            let branch = Branch::start(start.state.get(held.origin), Some(held));
            self.branches.insert(held.origin, branch);
        }
        let origins: Vec<Origin> = self.branches.keys().copied().collect();
        for origin in origins {
            self.deliver_again(origin, start.state.get(origin), log, effects);
        }
        let own = &self.branches[&self.me];
        let mut last = Vec::new();
        if own.has > own.floor {
            log.read(self.me, own.has - 1, own.has, 0, &mut last);
        }
        last.iter().for_each(|it| self.clock.observe(it.hlc));
    }

    /// Delivers what the log holds beyond `after`.
    pub(super) fn deliver_again(
        &mut self,
        origin: Origin,
        mut after: u64,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        let upto = self.branches[&origin].has;
        while after < upto {
            let before = effects.delivers.len();
            let part = self.limits.part_bytes_max;
            self.read(origin, after, upto, part, log, &mut effects.delivers);
            let Some(last) = effects.delivers[before..].last() else { return };
            after = last.index;
            self.counters.delivered += (effects.delivers.len() - before) as u64;
            let stamps: Vec<u64> = effects.delivers[before..].iter().map(|it| it.hlc).collect();
            stamps.into_iter().for_each(|it| self.observe(it));
        }
    }

    /// Entries `after + 1..=upto`, all of them delivered: from the disk, or still in memory.
    pub(super) fn read(
        &self,
        origin: Origin,
        after: u64,
        upto: u64,
        bytes_max: usize,
        log: &impl Log,
        out: &mut Vec<Entry>,
    ) {
        let Some(branch) = self.branches.get(&origin) else { return };
        let (upto, mut next) = (upto.min(branch.has), after + 1);
        let mut bytes = 0;
        if after < branch.synced {
            let before = out.len();
            log.read(origin, after, upto.min(branch.synced), bytes_max, out);
            bytes = out[before..].iter().map(|it| it.data.len()).sum();
            next += (out.len() - before) as u64;
        }
        if next <= branch.synced {
            return; // The rest does not fit, or cannot be read.
        }
        let skipped = (next - branch.synced - 1) as usize;
        for entry in branch.unsynced.iter().skip(skipped).take_while(|it| it.index <= upto) {
            bytes += entry.data.len();
            if bytes > bytes_max && next > after + 1 {
                return;
            }
            next += 1;
            out.push(entry.clone());
        }
    }

    /// Bytes that may be offered now.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.has_forgotten {
            return 0;
        }
        self.limits.unsynced_bytes_max.saturating_sub(self.disk.bytes)
    }

    /// Takes in own entries. What finds no [`Machine::room`] at all is not taken: it does not appear
    /// among the effects.
    pub(super) fn offer(&mut self, all: Vec<Bytes>, effects: &mut Effects) {
        for data in all {
            let hlc = self.clock.stamp(self.wall_ms);
            self.take_in(hlc, data, effects);
        }
    }

    /// Takes in one own entry, unless there is no room.
    pub(super) fn take_in(&mut self, hlc: u64, data: Bytes, effects: &mut Effects) {
        if self.room() == 0 {
            return;
        }
        self.clock.observe(hlc);
        let index = self.branches[&self.me].has + self.own.len() as u64 + 1;
        let entry = Entry { origin: self.me, index, hlc, data };
        self.disk.push(&entry);
        effects.appends.push(entry.clone());
        if planted!("send-before-own-sync") {
            self.forward(self.me, std::slice::from_ref(&entry), None);
        }
        self.own.push_back(entry);
    }

    /// An entry of somebody else is the next of its origin: it is written and delivered.
    pub(super) fn write(&mut self, entry: &Entry, effects: &mut Effects) {
        self.observe(entry.hlc);
        self.disk.push(entry);
        self.counters.delivered += 1;
        effects.appends.push(entry.clone());
        effects.delivers.push(entry.clone());
        if let Some(branch) = self.branches.get_mut(&entry.origin) {
            branch.push(entry.clone());
        }
    }

    /// No more can be taken until the disk has done something.
    pub(super) fn is_full(&self) -> bool {
        self.disk.bytes >= self.limits.unsynced_bytes_max
    }

    pub(super) fn synced(&mut self, count: u64, effects: &mut Effects) {
        for (origin, upto) in self.disk.synced(count) {
            if origin == self.me {
                self.own_synced(upto, effects);
            } else if let Some(branch) = self.branches.get_mut(&origin) {
                branch.synced = branch.synced.max(upto.min(branch.has));
                while branch.unsynced.pop_front_if(|it| it.index <= branch.synced).is_some() {}
            }
        }
    }

    fn own_synced(&mut self, upto: u64, effects: &mut Effects) {
        let mut fresh = Vec::new();
        while let Some(entry) = self.own.pop_front_if(|it| it.index <= upto) {
            fresh.push(entry);
        }
        let branch = self.branches.entry(self.me).or_default();
        for entry in &fresh {
            branch.count(entry);
            branch.has = entry.index;
        }
        branch.synced = branch.has;
        branch.known = branch.known.max(branch.has);
        self.counters.delivered += fresh.len() as u64;
        effects.delivers.extend(fresh.iter().cloned());
        if !planted!("send-before-own-sync") {
            self.forward(self.me, &fresh, None);
        }
    }

    /// A stamp of somebody else: own ones will be after it.
    ///
    /// Not if it is more than an hour ahead of the own wall clock. Such an entry keeps its place in the
    /// order, but what is written here afterwards, even in answer to it, stands before it.
    pub(super) fn observe(&mut self, hlc: u64) {
        self.clock.follow(hlc, self.wall_ms);
    }
}
