//! Who has received what: the exact account of every delivery.
//!
//! Promise: a message that a receiver misses, gets twice or gets behind a later one of the same
//! sender is counted, wherever it happens. Nothing is sampled.

use std::collections::HashSet;

/// The place of one sender's messages at one receiver.
pub(super) type Lane = usize;

/// How a delivery fits what the receiver already has of this sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fit {
    /// It is new, and in order or after a gap that may still fill.
    Fresh,
    /// It is new, and came behind a later one.
    Late,
    /// The receiver has it already.
    Double,
}

/// Sequences seen, for every pair of sender and receiver.
#[derive(Default, Debug)]
pub(super) struct Ledger {
    /// The highest sequence seen in each lane.
    highest: Vec<u32>,
    /// Sequences jumped over and not seen since. Empty unless the server errs.
    gaps: HashSet<(Lane, u32)>,
    /// Deliveries without doubles.
    pub(super) received: u64,
    pub(super) duplicated: u64,
    pub(super) reordered: u64,
}

impl Ledger {
    pub(super) fn with_lanes(lanes: usize) -> Ledger {
        Ledger { highest: vec![0; lanes], ..Ledger::default() }
    }

    pub(super) fn deliver(&mut self, lane: Lane, sequence: u32) -> Fit {
        let highest = self.highest[lane];
        if sequence > highest {
            self.gaps.extend((highest + 1..sequence).map(|gone| (lane, gone)));
            self.highest[lane] = sequence;
            self.received += 1;
            return Fit::Fresh;
        }
        if self.gaps.remove(&(lane, sequence)) {
            self.reordered += 1;
            self.received += 1;
            return Fit::Late;
        }
        self.duplicated += 1;
        Fit::Double
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(sequences: &[u32]) -> (u64, u64, u64) {
        let mut ledger = Ledger::with_lanes(2);
        for sequence in sequences {
            ledger.deliver(1, *sequence);
        }
        (ledger.received, ledger.reordered, ledger.duplicated)
    }

    #[test]
    fn what_comes_in_order_has_no_faults() {
        assert_eq!(account(&[1, 2, 3, 4]), (4, 0, 0));
    }

    #[test]
    fn late_doubled_and_missing_messages_are_told_apart() {
        // 4 comes late, 5 comes twice, 3 never comes.
        assert_eq!(account(&[1, 2, 5, 4, 5, 6]), (5, 1, 1));
        // A late one that comes again is a double.
        assert_eq!(account(&[2, 1, 1]), (2, 1, 1));
    }

    #[test]
    fn lanes_do_not_know_of_each_other() {
        let mut ledger = Ledger::with_lanes(2);
        assert_eq!(ledger.deliver(0, 1), Fit::Fresh);
        assert_eq!(ledger.deliver(1, 1), Fit::Fresh);
        assert_eq!(ledger.deliver(0, 1), Fit::Double);
    }
}
