//! What can go wrong with the history, and what the caller is to do about it.
//!
//! Promise: each variant says whether something happened and who may go on.

use std::io;
use std::sync::Arc;

use crate::store::GroupId;

/// Why the history did not do something.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The disk gave back other bytes than were written. Repair from peers.
    #[error("history segment {segment} is damaged at offset {offset}")]
    Damaged {
        /// Id of the file.
        segment: u32,
        /// Where in it the chunk starts, in bytes.
        offset: u64,
    },
    /// A body or key is longer than allowed; nothing was taken in.
    #[error("{bytes} bytes are more than the {max} allowed")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        max: usize,
    },
    /// A checkpoint is running; finish it first.
    #[error("a checkpoint is still running")]
    Busy,
    /// A write or sync failed before. Nothing newer than the last finished checkpoint is safe, none
    /// will ever finish again, and the process must leave.
    #[error("the history is poisoned by an earlier failure: {reason}")]
    Poisoned {
        /// What failed.
        reason: Arc<str>,
    },
    /// A read or write failed. After a write, all later ones are `Poisoned`.
    #[error("history: {0}")]
    Io(#[from] io::Error),
}

/// Why a history cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum HistoryOpenError {
    /// Another process (or another `History`) has it.
    #[error("the history is in use by another process")]
    Locked,
    /// What a finished checkpoint covered is not readable. Wipe it and fetch it from peers.
    #[error("history file {file} is damaged at offset {offset}")]
    Damaged {
        /// Name of the file.
        file: String,
        /// Where, in bytes.
        offset: u64,
    },
    /// Every chunk is fine, but one that must be there is not. As bad as `Damaged`.
    #[error("{group}: history of a room lacks record {ordinal}")]
    Missing {
        /// Of which group.
        group: GroupId,
        /// Which of the room's records.
        ordinal: u64,
    },
    /// A newer version of this program wrote it.
    #[error("history format {found} is not known to this version")]
    Format {
        /// What the manifest says.
        found: u32,
    },
    /// Nothing is known about the contents.
    #[error("cannot open the history: {0}")]
    Io(#[from] io::Error),
}
