//! The log of one group as the machine wants to read it.
//!
//! The newest entries stay in memory: all that the node's log was not given yet or has not on disk, and
//! some more; older ones are read back from it.

use crate::store::log::{Append, EntryRef};
use crate::store::{GroupId, Log};
use crate::strategy::Committed;
use bytes::Bytes;
use replica_proto::primary_backup::{self as machine, Entry, Write};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Bodies kept in memory for each group: a backup that is some round trips behind is served from here.
const CACHE_BYTES: usize = 2 << 20;

/// Entries of the machine's log, from the one after `after` on, as the engine takes them.
pub(in crate::strategy) fn committed(after: u64, entries: Vec<Entry>) -> Vec<Committed> {
    let of = |(index, it): (u64, Entry)| Committed {
        index,
        term: it.epoch,
        data: it.data,
        origin: None,
    };
    (after + 1..).zip(entries).map(of).collect()
}

pub(in crate::strategy) struct GroupLog {
    group: GroupId,
    log: Rc<RefCell<Log>>,
    /// Index and epoch of the last entry that is gone.
    purged: (u64, u64),
    last: u64,
    /// The entries after `last - tail.len()`.
    tail: VecDeque<Entry>,
    tail_bytes: usize,
    /// Entries up to here are applied, and were given to the node's log before that: they may leave the
    /// tail.
    applied: u64,
}

impl GroupLog {
    /// What the node's log has.
    pub(in crate::strategy) fn new(group: GroupId, log: Rc<RefCell<Log>>) -> GroupLog {
        let (purged, last) = (log.borrow().purged(group), log.borrow().last_index(group));
        GroupLog { group, log, purged, last, tail: VecDeque::new(), tail_bytes: 0, applied: 0 }
    }

    /// From now on it is there to be read; gives what the node's log is to be told.
    pub(in crate::strategy) fn write(&mut self, write: Write) -> Append {
        let group = self.group;
        match write {
            Write::HardState { epoch, commit } => {
                Append::HardState { group, term: epoch, vote: 0, commit }
            }
            Write::Entry { index, entry } => {
                while self.last >= index && self.pop_back() {}
                self.last = index;
                self.tail_bytes += size(&entry);
                self.tail.push_back(entry.clone());
                let Entry { epoch, data } = entry;
                let context = Bytes::new();
                Append::Entry { group, index, term: epoch, kind: 0, body: data, context }
            }
            Write::Purge { index, epoch } => {
                let has_it = machine::Log::epoch_of(self, index) == Some(epoch);
                if !has_it {
                    (self.tail, self.tail_bytes) = (VecDeque::new(), 0);
                    self.last = index;
                }
                self.purge((index, epoch));
                Append::Purge { group, index, term: epoch }
            }
        }
    }

    /// Everything up to there may go.
    pub(in crate::strategy) fn purge(&mut self, upto: (u64, u64)) {
        self.purged = self.purged.max(upto);
        while self.tail_from() <= self.purged.0 && self.pop_front() {}
    }

    /// Entries up to `index` are applied.
    pub(in crate::strategy) fn applied(&mut self, index: u64) {
        self.applied = self.applied.max(index);
        while self.tail_bytes > CACHE_BYTES && self.tail_from() <= self.applied && self.pop_front()
        {
        }
    }

    /// Nothing of it counts any more.
    pub(in crate::strategy) fn empty(&mut self) {
        (self.purged, self.last, self.applied) = ((0, 0), 0, 0);
        (self.tail, self.tail_bytes) = (VecDeque::new(), 0);
    }

    fn tail_from(&self) -> u64 {
        self.last + 1 - self.tail.len() as u64
    }

    fn pop_front(&mut self) -> bool {
        let gone = self.tail.pop_front();
        self.tail_bytes -= gone.as_ref().map_or(0, size);
        gone.is_some()
    }

    /// Drops the last entry; false when none is in memory: then all that is written next replaces what
    /// the node's log has.
    fn pop_back(&mut self) -> bool {
        let gone = self.tail.pop_back();
        self.tail_bytes -= gone.as_ref().map_or(0, size);
        self.last -= u64::from(gone.is_some());
        gone.is_some()
    }

    fn read_old(&self, low: u64, high: u64, bytes_max: usize) -> Option<Vec<Entry>> {
        let mut found: Vec<EntryRef> = Vec::new();
        self.log.borrow().entries(self.group, low, high, bytes_max, &mut found).ok()?;
        let entry = |it: EntryRef| Entry { epoch: it.term, data: it.body };
        Some(found.into_iter().map(entry).collect())
    }
}

fn size(entry: &Entry) -> usize {
    size_of::<Entry>() + entry.data.len()
}

impl machine::Log for GroupLog {
    fn last(&self) -> u64 {
        self.last
    }

    fn purged(&self) -> (u64, u64) {
        self.purged
    }

    fn epoch_of(&self, index: u64) -> Option<u64> {
        if index == self.purged.0 {
            return Some(self.purged.1);
        }
        if index < self.purged.0 || index > self.last {
            return None;
        }
        match index.checked_sub(self.tail_from()) {
            Some(at) => self.tail.get(at as usize).map(|it| it.epoch),
            None => self.log.borrow().term(self.group, index).ok(),
        }
    }

    fn entries(&self, after: u64, upto: u64, bytes_max: usize) -> Option<Vec<Entry>> {
        if after < self.purged.0 || upto > self.last {
            return None;
        }
        let from = self.tail_from();
        let mut found = Vec::new();
        if after + 1 < from {
            found = self.read_old(after + 1, from.min(upto + 1), bytes_max)?;
        }
        let next = after + 1 + found.len() as u64;
        if next < from {
            return Some(found); // As much as fits.
        }
        let mut bytes: usize = found.iter().map(size).sum();
        for entry in self.tail.iter().skip((next - from) as usize).take((upto + 1 - next) as usize)
        {
            bytes += size(entry);
            if !found.is_empty() && bytes > bytes_max {
                break;
            }
            found.push(entry.clone());
        }
        Some(found)
    }
}
