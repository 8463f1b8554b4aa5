//! The epochs of rooms that have moved and are no more.
//!
//! Promise: a name that is used again goes on counting, so that nothing of its earlier life, however
//! late it comes, is taken for the new one.

use crate::RoomName;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Gone {
    epochs: BTreeMap<RoomName, u64>,
    /// The longest gone first.
    order: VecDeque<RoomName>,
    /// The highest epoch of those forgotten.
    forgotten: u64,
}

impl Gone {
    /// A room of this epoch is no more. Of too many, the longest gone is forgotten.
    pub(super) fn note(&mut self, name: &RoomName, epoch: u64, max: usize) {
        let earlier = self.take(name.as_str());
        let epoch = earlier.unwrap_or_default().max(epoch);
        if epoch == 0 {
            return; // It never moved: no other group has heard of it.
        }
        self.epochs.insert(name.clone(), epoch);
        self.order.push_back(name.clone());
        while self.order.len() > max {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            let epoch = self.epochs.remove(&oldest).unwrap_or_default();
            self.forgotten = self.forgotten.max(epoch);
        }
    }

    /// The last epoch of a room that is no more.
    pub(super) fn epoch(&self, name: &str) -> Option<u64> {
        self.epochs.get(name).copied()
    }

    /// Where a new room of this name begins to count: above what anybody may know of an earlier one.
    pub(super) fn next_life(&self, name: &RoomName) -> u64 {
        match self.epochs.get(name) {
            Some(epoch) => *epoch,
            None => self.forgotten,
        }
    }

    /// The name is in use again.
    pub(super) fn take(&mut self, name: &str) -> Option<u64> {
        let epoch = self.epochs.remove(name)?;
        self.order.retain(|it| it.as_str() != name);
        Some(epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(raw: &str) -> RoomName {
        RoomName::parse(raw).expect("a room's name")
    }

    #[test]
    fn a_name_goes_on_counting_where_it_was() {
        let mut gone = Gone::default();
        gone.note(&name("#a"), 3, 2);
        gone.note(&name("#a"), 2, 2);
        gone.note(&name("#b"), 0, 2);
        assert_eq!((gone.epoch("#a"), gone.next_life(&name("#a"))), (Some(3), 3));
        assert_eq!((gone.epoch("#b"), gone.next_life(&name("#b"))), (None, 0));
        assert_eq!(gone.take("#a"), Some(3));
        assert_eq!((gone.epoch("#a"), gone.take("#a")), (None, None));
        assert_eq!(gone, Gone::default());
    }

    #[test]
    fn a_forgotten_name_counts_on_from_the_highest_of_all_forgotten() {
        let mut gone = Gone::default();
        for (raw, epoch) in [("#a", 5), ("#b", 1), ("#c", 2), ("#b", 1), ("#d", 1)] {
            gone.note(&name(raw), epoch, 2);
        }
        let epochs = ["#a", "#b", "#c", "#d"].map(|it| gone.epoch(it));
        assert_eq!(epochs, [None, Some(1), None, Some(1)]);
        assert_eq!(["#a", "#b", "#c", "#x"].map(|it| gone.next_life(&name(it))), [5, 1, 5, 5]);
    }
}
