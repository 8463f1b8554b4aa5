//! How a group replicates: one trait, one folder for each way.
//!
//! A strategy is a pure machine. It is given inputs (messages of its peers, offers, ticks, links that
//! break, finished syncs), and when it is settled it says what it wants done: sends, appends to the
//! node's log, entries that are committed. It has no clock, no socket and no disk of its own.
//!
//! Whoever drives strategies knows them by [`Kind`] only.

mod bully;
mod gossip;
mod kind;
mod primary_backup;
mod raft;

use crate::store::log::{Append, RecoveredGroup};
use bytes::Bytes;
#[cfg(fuzzing)]
pub use gossip::fuzzing as gossip_fuzzing;
pub use kind::Kind;
#[cfg(fuzzing)]
pub use raft::fuzzing as raft_fuzzing;
pub use replica_proto::gossip::VersionVector;
pub use replica_proto::primary_backup::{Propose, View, is_allowed, successor};

/// Identity of a node towards its peers.
pub type PeerId = u64;

/// Length of a tick, in milliseconds: the node's timer must keep to it.
pub const TICK_MS: u64 = 25;

/// Target of the log line in which a replica says that it leads from now on: `group` and `term`.
pub const LEADERSHIP: &str = "starling::leadership";

/// Where commands for a group have to be offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// To this replica: it orders (or, with gossip, everybody does).
    Here,
    /// To that node.
    At(PeerId),
    /// To nobody that is known now.
    Nowhere,
}

/// An entry that cannot be lost any more, in the order in which it is to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its place in the group's log; where there are several, its place among all applied on this node.
    pub index: u64,
    /// Election number under which it was written.
    pub term: u64,
    /// What was offered; empty for entries of the strategy itself.
    pub data: Bytes,
    /// Of a strategy with a log for each node: whose it stands in, and where.
    pub origin: Option<(PeerId, u64)>,
}

/// Branches of a group met: a cut healed, and members on both sides had gone on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Those who are back.
    pub peers: Vec<PeerId>,
    /// How long ago the first of them was lost.
    pub cut_ms: u64,
    /// Is it for this node to say so where all can read it?
    pub announces: bool,
}

/// How far a node's own entries have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnTail {
    /// The newest that was applied here, by its place in the node's own log.
    pub index: u64,
    /// The newest that is known to be on the disks of most of the members that are up.
    pub spread: u64,
}

impl OwnTail {
    /// All of it is known to be on the disks of most of the members that are up.
    #[must_use]
    pub fn is_spread(&self) -> bool {
        self.spread == self.index
    }
}

/// What an operator may change of strategies that know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// To how many peers an entry goes at once.
    pub fanout: usize,
    /// How large the log of a group may grow for members that are away.
    pub kept_bytes_max: u64,
}

impl Default for Tuning {
    fn default() -> Tuning {
        // A day of a busy network, and as much as a start reads back in a second.
        Tuning { fanout: 3, kept_bytes_max: 128 << 20 }
    }
}

/// A replica whose log no longer reaches ours needs the state itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Who has it.
    pub from: PeerId,
    /// State up to and including this index; 0: the newest there is.
    pub index: u64,
    /// The message to be received again once the state is here.
    pub message: Bytes,
}

/// What a strategy wants done. Sends in `sends` may leave at once; whatever depends on the disk is
/// kept back by the strategy until [`Strategy::synced`].
#[derive(Default)]
pub struct Effects {
    /// Messages to the same group on other nodes.
    pub sends: Vec<(PeerId, Bytes)>,
    /// Records for the node's log. The ticket given to [`Strategy::settle`] covers them.
    pub appends: Vec<Append>,
    /// Entries to apply.
    pub committed: Vec<Committed>,
    /// State to fetch from a peer before going on.
    pub fetch: Option<Fetch>,
    /// A peer will ask for our state: have it ready ([`Strategy::provide`]).
    pub wants_state: bool,
    /// For the directory to decide on; the outcome is the next [`Strategy::view`], or nothing.
    pub proposes: Vec<Propose>,
    /// Branches that met.
    pub met: Option<Met>,
    /// This replica begins again, from nothing: a state will take the place of what was applied, be it older.
    pub is_reset: bool,
    /// Why this replica, and so its node, cannot go on.
    pub broken: Option<String>,
}

/// What a strategy says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrategyStatus {
    /// The leader, primary, or nobody.
    pub leader: Option<PeerId>,
    /// Election number or epoch.
    pub term: u64,
    /// Highest index known to be committed.
    pub commit: u64,
    /// Those whose acknowledgement counts.
    pub voters: Vec<PeerId>,
    /// Those who only follow.
    pub learners: Vec<PeerId>,
    /// Who names the primary, in a group that does so itself and if somebody is known here.
    pub coordinator: Option<PeerId>,
}

/// Where a strategy can start again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// It has handed out everything up to this index.
    pub index: u64,
    /// Term of that entry.
    pub term: u64,
    /// Its own memory there.
    pub memory: Bytes,
}

/// What a replica starts from.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// What the node's log holds of the group, if anything.
    pub log: Option<RecoveredGroup>,
    /// [`Strategy::point`] as of the last checkpoint. Without a memory this replica waits to be told.
    pub point: Point,
    /// Higher than that of every replica that this node had before.
    pub life: u64,
}

/// One replica of one group.
pub trait Strategy {
    /// Where commands go now.
    fn route(&self) -> Route;

    /// Nothing can be committed here now, and this replica knows of nobody else who could. Of a strategy
    /// that needs nobody, never.
    fn is_cut_off(&self) -> bool {
        false
    }

    /// How many more entries it takes in at this moment without queueing them (pipelining).
    fn room(&self) -> usize;

    /// Takes an entry with this stamp. False: not now (see [`Strategy::route`]); nothing happened.
    fn offer(&mut self, entry: Bytes, stamp: u64) -> bool;

    /// A message of the same group on another node; garbage is ignored.
    fn receive(&mut self, from: PeerId, message: Bytes);

    /// The state asked for by [`Effects::fetch`] is here and stored: go on with its message.
    fn fetched(&mut self, message: Bytes);

    /// The fetch could not be finished.
    fn fetch_failed(&mut self);

    /// A peer is fetching our state.
    fn peer_fetches(&mut self, peer: PeerId);

    /// Our state at `index` can be fetched from this node from now on.
    fn provide(&mut self, index: u64);

    /// One tick of the node's timer has passed.
    fn tick(&mut self);

    /// The link to a peer came up or broke.
    fn link(&mut self, peer: PeerId, is_up: bool);

    /// Everything appended in rounds with tickets up to this one is on disk.
    fn synced(&mut self, ticket: u64);

    /// Everything up to this index, which has this term, has been applied.
    fn applied(&mut self, index: u64, term: u64);

    /// How far it has come by itself, and what it must know again to start from there (membership,
    /// epochs): index, term, memory. Behind the state while one is being fetched.
    fn point(&self) -> Point;

    /// The log up to and including `index` is not needed any more: what may be purged of it, with the
    /// term of its last entry.
    fn purge(&mut self, index: u64) -> Option<(u64, u64)>;

    /// Entries `after + 1..=upto`, all committed; `None` when they are not in the log any more.
    fn entries(&self, after: u64, upto: u64) -> Option<Vec<Committed>>;

    /// Where its replicas shall be; reached one safe step at a time while this replica leads.
    fn want(&mut self, replicas: &[PeerId]);

    /// Give leadership away, if held.
    fn step_down(&mut self);

    /// Give leadership to this replica, if it is held and that can be done without a pause: the replica has
    /// caught up and, if `needs_all`, so have all others. True: it is on its way.
    fn hand_over(&mut self, _to: PeerId, _needs_all: bool) -> bool {
        false
    }

    /// It was reset ([`Effects::is_reset`]) and has no state since.
    fn was_reset(&self) -> bool {
        false
    }

    /// Whether a peer's state, with this memory in its [`Point`], can be a state of this replica.
    fn takes(&self, _memory: &[u8]) -> bool {
        true
    }

    /// The directory has decided this of the group. Of a strategy that decides for itself, nothing.
    fn view(&mut self, _view: &View) {}

    /// Instead of one order there is one for each node. Then states are joined: none takes the place of
    /// another ([`Strategy::join`]). Everybody writes, so nobody follows from outside.
    fn has_origins(&self) -> bool {
        false
    }

    /// A peer's state, with this memory in its [`Point`], is joined into the one here: what it contains is
    /// applied. Gives the index of the state that comes of it; `None`: that cannot be read.
    fn join(&mut self, _memory: &[u8]) -> Option<u64> {
        None
    }

    /// What was applied of each node's log.
    fn version(&self) -> Option<&VersionVector> {
        None
    }

    /// How far the node's own entries have come.
    fn own_tail(&self) -> Option<OwnTail> {
        None
    }

    /// Own stamps have to be above this one.
    fn last_stamp(&self) -> u64 {
        0
    }

    /// An operator has changed something.
    fn tune(&mut self, _tuning: &Tuning) {}

    /// Somebody waits for [`OwnTail::is_spread`]: find out at once.
    fn compare(&mut self) {}

    /// Says what it wants done since the last time.
    fn settle(&mut self, ticket: u64, effects: &mut Effects);

    /// Election number or epoch: another one, another leader.
    fn term(&self) -> u64 {
        self.status().term
    }

    /// What it says of itself.
    fn status(&self) -> StrategyStatus;
}
