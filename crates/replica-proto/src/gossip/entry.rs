//! Entries, and where old ones are read.

use super::VersionVector;
use bytes::Bytes;

/// Identity of a node. One whose disk was wiped comes back as another.
pub type Origin = u64;

/// One message of one origin; equal wherever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who took it in first.
    pub origin: Origin,
    /// Its place in that origin's log: from 1, without gaps.
    pub index: u64,
    /// Stamp of the origin's clock, higher than that of the entry before it.
    pub hlc: u64,
    /// What was offered.
    pub data: Bytes,
}

impl Entry {
    /// Histories sorted by this are equal everywhere.
    #[must_use]
    pub fn key(&self) -> (u64, Origin, u64) {
        (self.hlc, self.origin, self.index)
    }

    /// What it counts for in limits: its data and about what stands around it.
    pub(super) fn cost(&self) -> usize {
        self.data.len() + COST_AROUND
    }
}

const COST_AROUND: usize = 48;

/// Where the machine reads what was written earlier.
pub trait Log {
    /// Adds entries `after + 1..=upto` of the origin to `out`, in order and without gaps: as many as
    /// `bytes_max` of data hold, and one at least, if it is there. What cannot be read now is left out,
    /// with everything behind it.
    fn read(&self, origin: Origin, after: u64, upto: u64, bytes_max: usize, out: &mut Vec<Entry>);
}

/// What a node's disk holds when it starts.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// What the state contains that was loaded: delivered before, and never again.
    pub state: VersionVector,
    /// The logs, one row for each origin of which there are entries.
    pub held: Vec<Held>,
    /// The clock's last stamp as far as it is remembered; own entries in the log are looked at too.
    pub clock: u64,
}

/// The log of one origin on this disk: entries `first..=upto`, no gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub origin: Origin,
    /// The first that is there.
    pub first: u64,
    /// The last.
    pub upto: u64,
    /// Sum of their data.
    pub bytes: u64,
}
