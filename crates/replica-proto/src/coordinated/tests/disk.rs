//! A disk for copies, and the log on it.

use super::Write;
use crate::primary_backup::{self as copy, Log};
use crate::testnet::Disk;

pub(super) use crate::primary_backup::tests::disk::{MemoryLog, State};

#[derive(Clone, Default)]
pub(super) struct TestDisk {
    pub(super) epoch: u64,
    pub(super) commit: u64,
    pub(super) line: u64,
    pub(super) log: MemoryLog,
    pub(super) checkpoint: State,
    pub(super) checkpoint_line: u64,
}

#[derive(Clone, Debug)]
pub(super) enum TestWrite {
    Machine(Write),
    /// With the line that it is of.
    Checkpoint(State, u64),
    /// The log up to here is not needed any more.
    Compact(u64, u64),
}

impl Disk for TestDisk {
    type Write = TestWrite;

    fn write(&mut self, write: &TestWrite) {
        match write {
            TestWrite::Machine(Write::HardState { epoch, commit, line }) => {
                (self.epoch, self.commit, self.line) = (*epoch, *commit, *line);
            }
            TestWrite::Machine(it) => write_log(&mut self.log, it),
            TestWrite::Checkpoint(state, line) => {
                (self.checkpoint, self.checkpoint_line) = (*state, *line);
            }
            TestWrite::Compact(index, epoch) => {
                self.log.write(&copy::Write::Purge { index: *index, epoch: *epoch });
            }
        }
    }
}

pub(super) fn write_log(log: &mut MemoryLog, write: &Write) {
    match write.clone() {
        Write::HardState { .. } => {}
        Write::Entry { index, entry } => log.write(&copy::Write::Entry { index, entry }),
        Write::Purge { index, epoch } => log.write(&copy::Write::Purge { index, epoch }),
        Write::Drop => *log = MemoryLog::default(),
    }
    assert!(log.last() >= log.purged().0);
}
