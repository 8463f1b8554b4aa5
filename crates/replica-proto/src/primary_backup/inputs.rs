//! What the machine is told.

use super::{Message, PeerId, View};

/// What can happen to a replica.
#[derive(Clone, Debug)]
pub enum Input {
    /// The directory has decided this.
    View(View),
    /// A peer says something.
    Receive(PeerId, Message),
    /// Some of the node's time has passed.
    Tick,
    /// Writes up to this number are on disk, see [`PrimaryBackup::written`](super::PrimaryBackup::written).
    Synced(u64),
    /// Everything up to this index, which has this epoch, has been applied.
    Applied(u64, u64),
    /// The link to a peer came up or broke.
    Link(PeerId, bool),
    /// The state asked for by [`Effects::fetch`](super::Effects::fetch) is here and stored: go on with its message.
    Fetched(Message),
    /// The fetch could not be finished.
    FetchFailed,
    /// A peer is fetching our state.
    PeerFetches(PeerId),
    /// Our state at this index can be fetched from this node from now on.
    Provide(u64),
    /// Give the primary's part away, if held.
    StepDown,
    /// Give it to this one, if [`PrimaryBackup::may_hand_over`](super::PrimaryBackup::may_hand_over).
    HandOver(PeerId),
}

/// What a replica starts from, beside its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Epoch in the newest [`Write::HardState`](super::Write::HardState).
    pub epoch: u64,
    /// Commit there.
    pub commit: u64,
    /// Index and epoch up to which the state reaches.
    pub applied: (u64, u64),
}
