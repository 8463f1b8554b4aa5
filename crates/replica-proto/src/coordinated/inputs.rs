//! What the machine is told, and what it wants done.

use super::Message;
use crate::bully::PeerId;
use crate::primary_backup::{self as copy, Entry, Fetch};

/// What can happen to a member.
#[derive(Clone, Debug)]
pub enum Input {
    /// All members, from the lowest rank to the highest, this one too; at most
    /// [`REPLICAS_MAX`](copy::REPLICAS_MAX).
    Members(Vec<PeerId>),
    /// The link to a peer came up or broke. One that was never told of is down.
    Link(PeerId, bool),
    /// A peer says something.
    Receive(PeerId, Message),
    /// Some of the node's time has passed.
    Tick,
    /// Writes up to this number are on disk, see [`Coordinated::written`](super::Coordinated::written).
    Synced(u64),
    /// Of the copy alone: `Applied`, `Fetched`, `FetchFailed`, `PeerFetches`, `Provide`, `StepDown`.
    Copy(copy::Input),
}

/// What a member starts from, beside its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Of the copy.
    pub copy: copy::Start,
    /// In the newest [`Write::HardState`].
    pub line: u64,
    /// [`Coordinated::line`](super::Coordinated::line) when the state was stored.
    pub state_line: u64,
}

/// Something for the disk, in this order; a crash takes them from some write on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// An epoch was taken.
    HardState {
        /// Which.
        epoch: u64,
        /// What is known to be committed then.
        commit: u64,
        /// Of which line the log is from here on.
        line: u64,
    },
    /// As [`copy::Write::Entry`].
    Entry {
        /// At most one above the last.
        index: u64,
        /// What.
        entry: Entry,
    },
    /// As [`copy::Write::Purge`].
    Purge {
        /// Last index that is gone.
        index: u64,
        /// Its epoch.
        epoch: u64,
    },
    /// The log is gone, with everything in it.
    Drop,
}

impl Write {
    pub(super) fn of(write: copy::Write, line: u64) -> Write {
        match write {
            copy::Write::HardState { epoch, commit } => Write::HardState { epoch, commit, line },
            copy::Write::Entry { index, entry } => Write::Entry { index, entry },
            copy::Write::Purge { index, epoch } => Write::Purge { index, epoch },
        }
    }
}

/// What the machine wants done: writes before the next call, sends at any time.
#[derive(Debug, Default)]
pub struct Effects {
    /// To the same group on other nodes.
    pub sends: Vec<(PeerId, Message)>,
    /// For the node's log, in this order.
    pub writes: Vec<Write>,
    /// Everything up to this index is to be applied.
    pub commit: Option<u64>,
    /// State to fetch from a peer before going on.
    pub fetch: Option<Fetch>,
    /// A peer will ask for our state: have it ready.
    pub wants_state: bool,
    /// The copy begins again, from nothing: what was applied of it is of another line. A state that is being
    /// fetched for it is of no use. What comes in `commit` counts from its beginning.
    pub is_reset: bool,
}
