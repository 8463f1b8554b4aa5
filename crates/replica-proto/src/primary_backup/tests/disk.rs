//! A disk for replicas and for the directory, and the log on it.

use super::super::{Entry, Log, PeerId, View, Write};
use crate::testnet::Disk;

/// The state of a test's machine: everything applied, folded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) index: u64,
    pub(crate) epoch: u64,
    pub(crate) hash: u64,
}

impl State {
    pub(crate) fn apply(&mut self, entry: &Entry) {
        let step = entry.data.iter().fold(self.hash ^ entry.epoch, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3).rotate_left(5)
        });
        *self = State { index: self.index + 1, epoch: entry.epoch, hash: step };
    }
}

#[derive(Clone, Default)]
pub(super) struct TestDisk {
    pub(super) epoch: u64,
    pub(super) commit: u64,
    pub(super) log: MemoryLog,
    pub(super) checkpoint: State,
    /// Of the directory.
    pub(super) view: Option<View>,
    pub(super) placement: Vec<PeerId>,
}

#[derive(Clone, Debug)]
pub(super) enum TestWrite {
    Machine(Write),
    Checkpoint(State),
    /// The log up to here is not needed any more.
    Compact(u64, u64),
    View(View),
    Placement(Vec<PeerId>),
}

impl Disk for TestDisk {
    type Write = TestWrite;

    fn write(&mut self, write: &TestWrite) {
        match write {
            TestWrite::Machine(Write::HardState { epoch, commit }) => {
                (self.epoch, self.commit) = (*epoch, *commit);
            }
            TestWrite::Machine(it) => self.log.write(it),
            TestWrite::Checkpoint(state) => self.checkpoint = *state,
            TestWrite::Compact(index, epoch) => {
                self.log.write(&Write::Purge { index: *index, epoch: *epoch });
            }
            TestWrite::View(view) => self.view = Some(view.clone()),
            TestWrite::Placement(it) => self.placement = it.clone(),
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct MemoryLog {
    purged: (u64, u64),
    entries: Vec<Entry>,
}

impl MemoryLog {
    pub(crate) fn write(&mut self, write: &Write) {
        match write {
            Write::HardState { .. } => {}
            Write::Entry { index, entry } => {
                assert!(*index > self.purged.0, "{index} is purged");
                assert!(*index <= self.last() + 1, "{index} leaves a gap after {}", self.last());
                assert!(self.epoch_of(index - 1) <= Some(entry.epoch), "epochs never fall");
                self.entries.truncate((index - self.purged.0 - 1) as usize);
                self.entries.push(entry.clone());
            }
            Write::Purge { index, epoch } => {
                if self.epoch_of(*index) == Some(*epoch) {
                    self.entries.drain(..(index - self.purged.0) as usize);
                } else {
                    self.entries.clear();
                }
                self.purged = (*index, *epoch);
            }
        }
    }

    pub(crate) fn get(&self, index: u64) -> Option<&Entry> {
        self.entries.get(index.checked_sub(self.purged.0 + 1)? as usize)
    }
}

impl Log for MemoryLog {
    fn last(&self) -> u64 {
        self.purged.0 + self.entries.len() as u64
    }

    fn purged(&self) -> (u64, u64) {
        self.purged
    }

    fn epoch_of(&self, index: u64) -> Option<u64> {
        if index == self.purged.0 {
            return Some(self.purged.1);
        }
        self.get(index).map(|it| it.epoch)
    }

    fn entries(&self, after: u64, upto: u64, bytes_max: usize) -> Option<Vec<Entry>> {
        let from = after.checked_sub(self.purged.0)? as usize;
        let upto = upto.checked_sub(self.purged.0)? as usize;
        let mut bytes = 0;
        let wanted = self.entries.get(from..upto)?.iter();
        let fitting = wanted.enumerate().take_while(|(at, it)| {
            bytes += it.data.len() + 16;
            *at == 0 || bytes <= bytes_max
        });
        Some(fitting.map(|it| it.1.clone()).collect())
    }
}
