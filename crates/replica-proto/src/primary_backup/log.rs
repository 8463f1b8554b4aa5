//! The log as the machine reads it, and what it wants written.

use bytes::Bytes;

/// One entry; its index follows from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Epoch under which it was written; never less than that of the entry before.
    pub epoch: u64,
    /// What was offered; empty for the first entry of an epoch.
    pub data: Bytes,
}

/// A replica's log, with everything written that earlier steps asked for, whether synced or not.
pub trait Log {
    /// Index of the last entry; that of the last purged one when it is empty.
    fn last(&self) -> u64;

    /// Index and epoch of the last entry that is gone; zeros when none is.
    fn purged(&self) -> (u64, u64);

    /// Epoch of an entry from the last purged one on; `None` of others.
    fn epoch_of(&self, index: u64) -> Option<u64>;

    /// Entries `after + 1..=upto`: as many as fit into `bytes_max`, but at least one. `None` when they
    /// are not there or cannot be read.
    fn entries(&self, after: u64, upto: u64, bytes_max: usize) -> Option<Vec<Entry>>;
}

/// Something for the disk. The order of writes is kept; a crash takes them from some write on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// An epoch was taken.
    HardState {
        /// Which.
        epoch: u64,
        /// What is known to be committed then.
        commit: u64,
    },
    /// An entry. From an index that is there already on, everything is dropped first.
    Entry {
        /// At most one above the last.
        index: u64,
        /// What.
        entry: Entry,
    },
    /// Everything up to `index` is gone, for a state was fetched. Where the entry held there has another
    /// epoch, or none is held, the log is empty afterwards and goes on at `index + 1`.
    Purge {
        /// Last index that is gone.
        index: u64,
        /// Its epoch.
        epoch: u64,
    },
}

/// The last index in `floor..=upto` whose epoch is at most `epoch`, or else `floor`. Epochs never fall
/// along a log.
pub(super) fn last_at_most(log: &impl Log, floor: u64, upto: u64, epoch: u64) -> u64 {
    let (mut low, mut high) = (floor, upto.max(floor));
    while low < high {
        let middle = high - (high - low) / 2;
        match log.epoch_of(middle) {
            Some(it) if it <= epoch => low = middle,
            _ => high = middle - 1,
        }
    }
    low
}
