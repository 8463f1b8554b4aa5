//! What goes into the machine, and what it wants done.

use super::{Entry, Origin, VersionVector};
use bytes::Bytes;

/// What can happen to the machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// Data to be written here, in this order.
    Offer(Vec<Bytes>),
    /// The same of data that has a stamp already, of a clock that several machines share: it is above all
    /// stamps of entries that were written here.
    Stamped {
        /// The stamp.
        hlc: u64,
        /// What is to be written.
        data: Bytes,
    },
    /// A message of the machine on another node.
    Received {
        /// Which node.
        from: Origin,
        /// Any bytes.
        message: Bytes,
    },
    /// As many of the entries that were ever given to [`Effects::appends`] in this life are on disk.
    Synced(u64),
    /// Time has passed.
    Tick,
    /// Compare with every linked member now: somebody waits to know what is on their disks.
    Compare,
    /// The link to a peer came up or broke.
    Link {
        /// Which.
        peer: Origin,
        /// Is it up?
        is_up: bool,
    },
    /// A measured round trip. The machine also measures by itself, in milliseconds.
    Rtt {
        /// To whom.
        peer: Origin,
        /// How long.
        micros: u64,
    },
    /// Who takes part, this node included or not.
    Members(Vec<Origin>),
    /// To how many peers entries go at once; at least one.
    Fanout(usize),
    /// How large the log may grow for members that are away ([`super::Limits::keep_bytes_max`]).
    Keep(u64),
    /// The state asked for is here and on disk. It replaces the node's own: what else was delivered
    /// and is not in it will be delivered again.
    Fetched {
        /// What it contains.
        version: VersionVector,
    },
    /// It could not be had.
    FetchFailed,
}

/// What the machine wants done, in this order.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Entries for the disk, in this order; [`Input::Synced`] counts them.
    pub appends: Vec<Entry>,
    /// Entries to apply, in this order. One's own: now they are acknowledged.
    pub delivers: Vec<Entry>,
    /// Messages, which need not wait for anything.
    pub sends: Vec<(Origin, Bytes)>,
    /// The state itself is needed: what is missing is in nobody's log any more.
    pub fetch: Option<Fetch>,
    /// Branches met.
    pub met: Option<Met>,
    /// A peer has more of this node's own entries than this node: its disk forgot. The machine takes
    /// no offers any more; the node must come back as another origin.
    pub has_forgotten: bool,
}

/// State to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Who has it.
    pub from: Origin,
    /// What it contains at least.
    pub version: VersionVector,
    /// Both states contain what is in no log any more: the new one must contain what both do. Who
    /// cannot join states answers [`Input::FetchFailed`], and stays behind.
    pub joins: bool,
}

/// A cut healed, and there were entries on both sides that the other had not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Those who are back.
    pub peers: Vec<Origin>,
    /// How long ago the first of them was lost.
    pub cut_ms: u64,
    /// Is it for this node to say so where all can read it? In a clean cut, of one node only.
    pub announces: bool,
}
