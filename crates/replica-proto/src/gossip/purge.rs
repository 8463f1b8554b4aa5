//! What may leave the log.
//!
//! Promise: an entry stays in the log until every member is known to have it on its disk, or, when the log is
//! larger than `keep_bytes_max`, until most of them are. So a node that was away for long is given the
//! state by one of most members; and of two sides of a cut at most one purges what the other lacks, or
//! neither could take over the other's state without losing something of its own.

use super::{Machine, Origin, VersionVector};

impl Machine {
    /// The state on disk contains this: says up to where each origin's log is not needed any more,
    /// and counts these entries as purged. While a state is being fetched nothing more is: all may have to be
    /// delivered again on top of it.
    pub fn purge(&mut self, state: &VersionVector) -> VersionVector {
        if self.fetch.is_under_way() || self.members.is_empty() {
            return self.floors(); // Whoever knows no members, not even itself, has not been told yet.
        }
        let mut floors = VersionVector::default();
        for (origin, upto) in state.iter() {
            floors.raise(origin, upto.min(self.known_to(origin, self.others().count())));
        }
        self.raise_floors(&floors);
        let mut excess = self.kept_bytes().saturating_sub(self.limits.keep_bytes_max);
        if excess > 0 {
            let majority = self.members.len() / 2 + 1;
            let mut chunks: Vec<(u64, Origin, u64, u64)> = (self.branches.iter())
                .flat_map(|(origin, it)| it.chunks().map(|it| (it.hlc, *origin, it.upto, it.bytes)))
                .collect();
            chunks.sort_unstable(); // Oldest first; of one origin in its order.
            for (_, origin, upto, bytes) in chunks {
                let is_held = upto <= self.known_to(origin, majority.saturating_sub(1));
                if excess == 0 || upto > state.get(origin) || !is_held {
                    continue;
                }
                floors.raise(origin, upto);
                excess = excess.saturating_sub(bytes);
            }
            self.raise_floors(&floors);
        }
        self.floors()
    }

    /// Up to where each origin's entries are only in the state. After [`super::Input::Fetched`] that may
    /// be all of an origin: what the log has of it ends before the state does.
    #[must_use]
    pub fn floors(&self) -> VersionVector {
        self.branches.iter().map(|(origin, it)| (*origin, it.floor)).collect()
    }

    fn raise_floors(&mut self, floors: &VersionVector) {
        for (origin, floor) in floors.iter() {
            if let Some(branch) = self.branches.get_mut(&origin) {
                branch.purge(floor.min(branch.synced));
            }
        }
    }

    /// Up to which index so many other members are known to have an origin's entries on disk.
    fn known_to(&self, origin: Origin, others: usize) -> u64 {
        let mut told: Vec<u64> = self
            .others()
            .map(|it| self.peers.get(&it).map_or(0, |it| it.told.get(origin)))
            .collect();
        told.sort_unstable_by(|one, other| other.cmp(one));
        match others {
            0 => u64::MAX,
            _ => told.get(others - 1).copied().unwrap_or(0),
        }
    }

    /// Data in the log.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        self.branches.values().flat_map(|it| it.chunks()).map(|it| it.bytes).sum()
    }
}
