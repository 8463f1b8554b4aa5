//! The member's side: a view of the reign that it takes part in.
//!
//! Promise: a copy goes on under another reign only if that one began from all that was committed here.

use super::{Coordinated, Decided, Effects, Write, line_of};
use crate::primary_backup::{self as copy, Entry, Log, PrimaryBackup, Start};

impl Coordinated {
    pub(super) fn obey(
        &mut self,
        now_ms: u64,
        decided: Decided,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        let line = line_of(decided.reign);
        if line != self.line {
            if self.goes_on_in(&decided, log) {
                self.copy.withdraw(); // It says of which line it was.
            } else if decided.view.primary == self.me {
                // The reign began from a copy that is not here any more. Our next answer says so.
                return;
            } else {
                self.begin_again(now_ms, effects);
            }
            self.line = line;
        }
        // (Taking a view reads nothing of the log, which may be one that is about to be dropped.)
        self.copy(now_ms, copy::Input::View(decided.view), log, effects);
    }

    fn goes_on_in(&self, decided: &Decided, log: &impl Log) -> bool {
        let commit = self.copy.status().commit;
        let commit_epoch = log.epoch_of(commit).unwrap_or(u64::MAX);
        let (base_epoch, base_index) = decided.base;
        // (A state that is on its way may hold more than the reign began from.)
        self.line == decided.parent
            && !self.copy.is_fetching()
            && self.copy.epoch() < decided.view.epoch
            && commit <= base_index
            && (commit == 0 || commit_epoch <= base_epoch)
    }

    /// Drops the copy. What it had written is of no interest any more.
    fn begin_again(&mut self, now_ms: u64, effects: &mut Effects) {
        self.written_before += self.copy.written() + 1;
        effects.writes.push(Write::Drop);
        (effects.commit, effects.fetch, effects.wants_state) = (None, None, false);
        effects.is_reset = true;
        let options = self.options.copy.clone();
        let start = Start::default();
        self.wanted = copy::Effects::default();
        self.copy = PrimaryBackup::new(self.me, options, start, &Empty, &mut self.wanted)
            .expect("nothing fits nothing");
        for peer in self.up.clone() {
            self.copy(now_ms, copy::Input::Link(peer, true), &Empty, effects);
        }
    }
}

/// A log from which all is gone.
struct Empty;

impl Log for Empty {
    fn last(&self) -> u64 {
        0
    }

    fn purged(&self) -> (u64, u64) {
        (0, 0)
    }

    fn epoch_of(&self, index: u64) -> Option<u64> {
        (index == 0).then_some(0)
    }

    fn entries(&self, after: u64, upto: u64, _: usize) -> Option<Vec<Entry>> {
        (after == upto && upto == 0).then(Vec::new)
    }
}
