//! What the machine wants done.

use super::{Message, PeerId, View, Write};

/// A view for the directory to decide on. It may be decided without anybody hearing of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Propose {
    /// Only if this is the epoch of the view there.
    pub on_epoch: u64,
    /// The one to take its place.
    pub view: View,
}

/// A replica whose log the primary's no longer reaches back to needs the state itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Who has it.
    pub from: PeerId,
    /// State up to and including this index, or later.
    pub index: u64,
    /// For [`Input::Fetched`](super::Input::Fetched). A state that was fetched at a later index says so in it.
    pub message: Message,
}

/// What the machine wants done: writes before the next call, sends at any time. What depends on the disk
/// is kept back until [`Input::Synced`](super::Input::Synced).
#[derive(Debug, Default)]
pub struct Effects {
    /// To the same group on other nodes.
    pub sends: Vec<(PeerId, Message)>,
    /// For the node's log, in this order.
    pub writes: Vec<Write>,
    /// Everything up to this index is to be applied.
    pub commit: Option<u64>,
    /// For the directory.
    pub proposes: Vec<Propose>,
    /// State to fetch from a peer before going on.
    pub fetch: Option<Fetch>,
    /// A peer will ask for our state: have it ready ([`Input::Provide`](super::Input::Provide)).
    pub wants_state: bool,
}
