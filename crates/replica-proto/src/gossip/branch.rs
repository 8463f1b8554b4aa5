//! One origin's log at this node.
//!
//! Promise: entries are taken in the order of their indexes, each once. What arrives too early waits,
//! within bounds; what is here is never taken again.

use super::{Entry, Held, Limits, Origin};
use crate::planted::planted;
use std::collections::{BTreeMap, VecDeque};

/// What is here of one origin, and how its entries travel.
#[derive(Debug, Default)]
pub(super) struct Branch {
    /// Up to here entries are only in the state, not in the log any more.
    pub(super) floor: u64,
    /// Up to here a crash loses nothing. At least the floor.
    pub(super) synced: u64,
    /// Up to here everything was delivered. Of one's own origin: the same as `synced`.
    pub(super) has: u64,
    /// Entries `synced + 1..=has`.
    pub(super) unsynced: VecDeque<Entry>,
    /// Those that wait for the ones before them.
    waiting: BTreeMap<u64, Entry>,
    /// The highest index that anybody spoke of.
    pub(super) known: u64,
    /// Since when something is known to be missing.
    pub(super) lacks_since_ms: Option<u64>,
    /// Nothing is asked for until then: the last answer was empty.
    pub(super) not_before_ms: u64,
    /// The question under way, if there is one.
    pub(super) asked: Option<u64>,
    /// Who sends them unasked: the first who did.
    pub(super) parent: Option<Origin>,
    /// Who was before the parent with one, and was not asked to stop.
    pub(super) rival: Option<Origin>,
    /// Who was asked to stop sending them unasked.
    pub(super) stopped: Vec<Origin>,
    /// Who has them earlier from elsewhere.
    pub(super) pruned: Vec<Origin>,
    /// Who asked for them to come at once.
    pub(super) grafted: Vec<Origin>,
    /// Sizes of what is in the log, oldest first.
    kept: VecDeque<Chunk>,
}

/// Some entries in a row, for purging by size.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) upto: u64,
    pub(super) bytes: u64,
    /// Stamp of its first entry.
    pub(super) hlc: u64,
}

/// Purging by size is as exact as this.
const CHUNK_BYTES: u64 = 64 << 10;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is the next.
    New,
    /// It was here before.
    Repeat,
    /// Others have to come before it.
    Waits,
    /// It would have to wait, and there is no room.
    Dropped,
}

/// What waits in all branches together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

impl Branch {
    /// As the disk has it: a state that contains entries up to `state`, and a log.
    pub(super) fn start(state: u64, held: Option<&Held>) -> Branch {
        let mut branch = Branch { floor: state, synced: state, has: state, ..Branch::default() };
        // A log that ends before the state does, or begins beyond it, is none: between them is a hole.
        let is_whole = |it: &&Held| it.first <= state + 1 && it.upto >= state.max(it.first);
        if let Some(held) = held.filter(is_whole) {
            branch.floor = held.first.saturating_sub(1);
            let upto = if planted!("version-vector-forgets") { state } else { held.upto };
            branch.synced = upto;
            branch.has = branch.synced;
            branch.kept.push_back(Chunk { upto: held.upto, bytes: held.bytes, hlc: 0 });
        }
        branch.known = branch.has;
        branch
    }

    /// Looks at an entry of another node: keeps it if it has to wait, hands it back if it is the next.
    pub(super) fn take(&mut self, entry: &Entry, limits: &Limits, waiting: &mut Waiting) -> Taken {
        self.known = self.known.max(entry.index);
        if entry.index <= self.has || self.waiting.contains_key(&entry.index) {
            return Taken::Repeat;
        }
        if entry.index == self.has + 1 || planted!("gap-delivered") {
            return Taken::New;
        }
        if waiting.entries >= limits.waiting_entries_max
            || waiting.bytes + entry.cost() > limits.waiting_bytes_max
        {
            return Taken::Dropped;
        }
        waiting.entries += 1;
        waiting.bytes += entry.cost();
        self.waiting.insert(entry.index, entry.clone());
        Taken::Waits
    }

    /// The next entry, if it has been waiting.
    pub(super) fn next_waiting(&mut self, waiting: &mut Waiting) -> Option<Entry> {
        while let Some(first) = self.waiting.first_entry() {
            if *first.key() > self.has + 1 {
                return None;
            }
            let entry = first.remove();
            waiting.entries -= 1;
            waiting.bytes -= entry.cost();
            if entry.index == self.has + 1 {
                return Some(entry);
            } // Else a fetched state contained it.
        }
        None
    }

    /// The next entry is written.
    pub(super) fn push(&mut self, entry: Entry) {
        self.has = entry.index;
        self.known = self.known.max(self.has);
        self.count(&entry);
        self.unsynced.push_back(entry);
    }

    /// An entry came to the log.
    pub(super) fn count(&mut self, entry: &Entry) {
        let bytes = entry.data.len() as u64;
        match self.kept.back_mut() {
            Some(last) if last.bytes < CHUNK_BYTES => {
                last.upto = entry.index;
                last.bytes += bytes;
            }
            _ => self.kept.push_back(Chunk { upto: entry.index, bytes, hlc: entry.hlc }),
        }
    }

    /// Entries up to and including `floor` are not in the log any more.
    pub(super) fn purge(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
        while self.kept.front().is_some_and(|it| it.upto <= self.floor) {
            self.kept.pop_front();
        }
    }

    /// A state was fetched that contains entries up to `upto`.
    pub(super) fn skip_to(&mut self, upto: u64) {
        if upto > self.has {
            // The log would have a hole here: all before it is in the state now.
            self.has = upto;
            self.synced = upto;
            self.unsynced.clear();
            self.purge(upto);
            self.kept.clear();
            self.known = self.known.max(upto);
        }
    }

    /// What is in the log, oldest first.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.kept.iter()
    }

    /// Is something known to be missing?
    pub(super) fn is_behind(&self) -> bool {
        self.known > self.has
    }

    /// Up to where the ones that wait leave a hole.
    pub(super) fn gap_upto(&self) -> u64 {
        self.waiting.first_key_value().map_or(self.known, |(index, _)| index - 1)
    }

    /// A peer sent entries unasked, and some were new, or all were here. Shall it stop?
    pub(super) fn was_pushed(&mut self, from: Origin, was_new: bool) -> bool {
        let Some(parent) = self.parent else {
            self.parent = Some(from);
            return false;
        };
        if from != parent {
            if was_new && !self.stopped.contains(&from) {
                self.rival = Some(from);
                return false;
            }
            return true;
        }
        let rival = self.rival.take().filter(|_| !was_new);
        self.parent = Some(rival.unwrap_or(parent));
        rival.is_some()
    }

    /// If it was this peer, then nobody sends entries unasked now.
    pub(super) fn forget_parent(&mut self, peer: Origin) {
        if self.parent == Some(peer) {
            self.parent = None;
        }
    }

    /// This peer's link broke, or it is another life that answers now.
    pub(super) fn forget(&mut self, peer: Origin) {
        self.forget_parent(peer);
        self.rival = self.rival.filter(|it| *it != peer);
        self.stopped.retain(|it| *it != peer);
        self.pruned.retain(|it| *it != peer);
        self.grafted.retain(|it| *it != peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(state: u64, first: u64, upto: u64) -> (u64, u64) {
        let branch = Branch::start(state, Some(&Held { origin: 1, first, upto, bytes: 0 }));
        (branch.floor, branch.has)
    }

    #[test]
    fn a_log_counts_if_there_is_no_hole_between_it_and_the_state() {
        assert_eq!(start(0, 1, 9), (0, 9));
        assert_eq!(start(5, 3, 9), (2, 9));
        assert_eq!(start(5, 6, 9), (5, 9));
        assert_eq!(start(9, 3, 9), (2, 9));
        assert_eq!(start(5, 7, 9), (5, 5));
        assert_eq!(start(5, 1, 4), (5, 5));
        assert_eq!(start(5, 6, 5), (5, 5));
    }

    #[test]
    fn entries_are_taken_in_order_and_once_and_wait_within_bounds() {
        let entry = |index| Entry { origin: 1, index, hlc: index, data: bytes::Bytes::new() };
        let limits = Limits { waiting_entries_max: 2, ..Limits::default() };
        let (mut branch, mut waiting) = (Branch::default(), Waiting::default());
        let mut take = |index| {
            let taken = branch.take(&entry(index), &limits, &mut waiting);
            if taken == Taken::New {
                branch.push(entry(index));
                while let Some(next) = branch.next_waiting(&mut waiting) {
                    branch.push(next);
                }
            }
            (taken, branch.has)
        };
        assert_eq!(take(3), (Taken::Waits, 0));
        assert_eq!(take(2), (Taken::Waits, 0));
        assert_eq!(take(2), (Taken::Repeat, 0));
        assert_eq!(take(4), (Taken::Dropped, 0));
        assert_eq!(take(1), (Taken::New, 3));
        assert_eq!(take(1), (Taken::Repeat, 3));
        assert_eq!(take(4), (Taken::New, 4));
        assert_eq!((waiting.entries, waiting.bytes), (0, 0));
    }
}
