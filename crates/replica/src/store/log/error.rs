//! What can go wrong with the log, and what the caller is to do about it.
//!
//! Promise: each variant says whether something happened and who may go on.

use std::io;

use crate::store::GroupId;

/// Why a log did not take something in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A write or sync failed. What was not reported as synced may or may not be on disk, nothing
    /// will be written again, and the process must leave.
    #[error("the log is poisoned: {reason}")]
    Poisoned {
        /// The first failure.
        reason: String,
    },
    /// Nothing of this submit was taken in.
    #[error("{bytes} bytes are more than the {max} a record may have")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        max: usize,
    },
    /// An entry left a gap, or was at or below the purged index. The caller is wrong about what
    /// it holds; the log is poisoned.
    #[error("{group}: entry {index} is outside of {first}..={end}")]
    OutOfOrder {
        /// Whose entry.
        group: GroupId,
        /// Its index.
        index: u64,
        /// Lowest that would do.
        first: u64,
        /// Highest that would do.
        end: u64,
    },
}

/// Why an entry cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It was purged: use a snapshot.
    #[error("entry {index} is purged, the first is {first}")]
    Purged {
        /// What was asked for.
        index: u64,
        /// The group's first index.
        first: u64,
    },
    /// It was never appended.
    #[error("entry {index} is not there, the last is {last}")]
    Unavailable {
        /// What was asked for.
        index: u64,
        /// The group's last index.
        last: u64,
    },
    /// The disk gave back other bytes than were written. The replica must be rebuilt from peers.
    #[error("log segment {segment} is damaged at offset {offset}")]
    Damaged {
        /// Id of the segment.
        segment: u64,
        /// Where in it the record starts, in bytes.
        offset: u64,
    },
    /// The disk gave back nothing.
    #[error("cannot read the log: {0}")]
    Io(#[from] io::Error),
}

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or another `Log`) has it.
    #[error("the log is in use by another process")]
    Locked,
    /// A batch that was once durable is not readable: this replica may not vote. Wipe it and let it
    /// rejoin under a new identity.
    #[error("log segment {segment} is damaged at offset {offset} (batch {batch})")]
    Damaged {
        /// Id of the segment.
        segment: u64,
        /// Where the first bad record is, in bytes.
        offset: u64,
        /// Number of the batch that is lost; 0 if even that is not readable.
        batch: u64,
    },
    /// All records are fine, but one that must be there is not. As bad as `Damaged`.
    #[error("{group}: the log holds no entry {index}")]
    Missing {
        /// Whose entry.
        group: GroupId,
        /// Which.
        index: u64,
    },
    /// A newer version of this program wrote it.
    #[error("log format {found} is not known to this version")]
    Format {
        /// What the files say.
        found: u32,
    },
    /// Nothing is known about the contents.
    #[error("cannot open the log: {0}")]
    Io(#[from] io::Error),
}
