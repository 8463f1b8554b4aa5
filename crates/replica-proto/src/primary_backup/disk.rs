//! What of the writes is on disk.
//!
//! Promise: an index counts as synced only while what stands there now is what was synced.

use super::log::{Entry, Write};
use std::collections::VecDeque;

pub(super) struct OnDisk {
    /// Last index, all writes included.
    pub(super) last: u64,
    pub(super) last_epoch: u64,
    /// Everything up to here is on disk.
    pub(super) synced: u64,
    /// Writes asked for so far: the number of the last.
    pub(super) written: u64,
    /// Writes that are under way, and the last index after each.
    unsynced: VecDeque<(u64, u64)>,
    /// Number of the write that holds our epoch.
    epoch_written: u64,
    confirmed: u64,
}

impl OnDisk {
    pub(super) fn new(last: u64, last_epoch: u64) -> OnDisk {
        OnDisk {
            last,
            last_epoch,
            synced: last,
            written: 0,
            unsynced: VecDeque::new(),
            epoch_written: 0,
            confirmed: 0,
        }
    }

    pub(super) fn take_epoch(&mut self, epoch: u64, commit: u64, writes: &mut Vec<Write>) {
        writes.push(Write::HardState { epoch, commit });
        self.wrote();
        self.epoch_written = self.written;
    }

    /// At most one above the last index.
    pub(super) fn append(&mut self, index: u64, entry: Entry, writes: &mut Vec<Write>) {
        if index <= self.last {
            self.cut(index);
        }
        (self.last, self.last_epoch) = (index, entry.epoch);
        writes.push(Write::Entry { index, entry });
        self.wrote();
    }

    /// A state up to `index` replaces what was there; `keeps_tail`: the log agrees with it.
    pub(super) fn purge(
        &mut self,
        index: u64,
        epoch: u64,
        keeps_tail: bool,
        writes: &mut Vec<Write>,
    ) {
        if !keeps_tail {
            self.cut(0);
            (self.last, self.last_epoch) = (index, epoch);
        }
        writes.push(Write::Purge { index, epoch });
        self.wrote();
    }

    /// Writes up to this number are on disk.
    pub(super) fn confirm(&mut self, number: u64) {
        self.confirmed = self.confirmed.max(number.min(self.written));
        while let Some((_, last)) = self.unsynced.pop_front_if(|it| it.0 <= number) {
            self.synced = last; // Cut with the log, so it never says too much.
        }
    }

    /// Whether others may hear of our epoch.
    pub(super) fn is_epoch_synced(&self) -> bool {
        self.epoch_written <= self.confirmed
    }

    fn cut(&mut self, from: u64) {
        let last = from.saturating_sub(1);
        self.synced = self.synced.min(last);
        self.unsynced.iter_mut().for_each(|it| it.1 = it.1.min(last));
    }

    fn wrote(&mut self) {
        self.written += 1;
        self.unsynced.push_back((self.written, self.last));
    }
}
