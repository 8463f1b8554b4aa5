//! What the machine says of itself.

use super::{Machine, Origin, VersionVector};

/// For whoever looks at a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// What was delivered here.
    pub version: VersionVector,
    /// What is on this disk.
    pub synced: VersionVector,
    /// Members, and what each is known to have on its disk.
    pub members: Vec<(Origin, VersionVector)>,
    /// Those who get entries at once.
    pub near: Vec<Origin>,
    /// Entries that wait for the ones before them.
    pub waiting: usize,
    /// Entries that others have and this node not yet.
    pub lag: u64,
    /// Does it wait for a state?
    pub is_fetching: bool,
    /// Did its disk forget?
    pub has_forgotten: bool,
}

/// Sums since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Entries delivered, own ones included.
    pub delivered: u64,
    /// Entries sent at once.
    pub bodies_pushed: u64,
    /// Entries sent on request.
    pub bodies_answered: u64,
    /// Entries that came and were new.
    pub bodies_new: u64,
    /// Entries that came and were here already.
    pub bodies_repeated: u64,
    /// Entries that came too early and found no room.
    pub bodies_dropped: u64,
    /// Bytes of all messages sent.
    pub bytes_sent: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Digests sent: origins in them.
    pub digests_sent: u64,
    /// Questions sent for later entries too.
    pub grafts_sent: u64,
    /// Questions sent for what is missing only.
    pub asks_sent: u64,
    /// Links on which one's own entries came twice.
    pub prunes_sent: u64,
    /// Comparisons of what both have.
    pub exchanges_sent: u64,
    /// Messages that could not be read.
    pub unreadable: u64,
}

impl Machine {
    /// How it is.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            version: self.version(),
            synced: self.branches.iter().map(|(origin, it)| (*origin, it.synced)).collect(),
            members: (self.members.iter())
                .filter_map(|it| Some((*it, self.peers.get(it)?.told.clone())))
                .collect(),
            near: self.near.clone(),
            waiting: self.lag().1,
            lag: self.lag().0,
            is_fetching: self.fetch.is_under_way(),
            has_forgotten: self.has_forgotten,
        }
    }

    /// Entries that others have and this node not yet, and those that wait for the ones before them.
    #[must_use]
    pub fn lag(&self) -> (u64, usize) {
        let lag =
            self.branches.values().fold(0u64, |sum, it| sum.saturating_add(it.known - it.has));
        (lag, self.waiting.entries)
    }

    /// What was delivered here, or is in the state that was loaded.
    #[must_use]
    pub fn version(&self) -> VersionVector {
        self.branches.iter().map(|(origin, it)| (*origin, it.has)).collect()
    }

    /// Up to where an origin's entries are on the disk of that peer, by its own word.
    #[must_use]
    pub fn told(&self, peer: Origin, origin: Origin) -> u64 {
        self.peers.get(&peer).map_or(0, |it| it.told.get(origin))
    }

    /// What it did since its start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The clock's last stamp, to be kept with the state ([`super::Start::clock`]).
    #[must_use]
    pub fn clock(&self) -> u64 {
        self.clock.last()
    }
}
