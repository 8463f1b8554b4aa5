//! The strategies, and what they may differ in.

use replica::PeerId;
use replica::strategy::Kind;

/// Holds no replica, and always runs.
pub(crate) const WITNESS: PeerId = 0;

/// A strategy under test.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    /// Replicas of the group.
    pub(crate) replicas: u64,
    /// So many of the first replicas have the group from its beginning; the others are taken in.
    pub(crate) founders: usize,
    /// The directory names who leads, and whose acknowledgement counts.
    pub(crate) has_views: bool,
    /// A node without a replica, [`WITNESS`], takes part in the directory.
    pub(crate) has_witness: bool,
    /// On so many disks, at least, is what was acknowledged.
    pub(crate) copies: usize,
    /// Whether these of all replicas, with the witness, take commands while they are cut off from the others.
    pub(crate) may_write: fn(side: &[PeerId], all: &[PeerId]) -> bool,
    pub(crate) order: Order,
    /// After the loss of any one replica the others that may write do so again within this time.
    pub(crate) takes_over_ms: u64,
    /// When all is well, whatever is acknowledged is known to be everywhere after this time.
    pub(crate) spreads_ms: u64,
    /// A node without a replica can follow.
    pub(crate) has_observers: bool,
    /// A replica whose disk is an older one of its own does not go on with it.
    pub(crate) notices_old_disk: bool,
    /// Bytes of the group that its log may hold unsynced, however much waits.
    pub(crate) unsynced_bytes_max: usize,
}

/// In which order replicas apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// All in the same one.
    Total,
    /// Each of its own, in which the commands of one node stand in one order. Sorted by stamp, node and place
    /// they are the same in the end.
    PerOrigin,
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        kind: Kind::Raft,
        replicas: 3,
        founders: 3,
        has_views: false,
        has_witness: false,
        copies: 2,
        may_write: |side, all| side.len() * 2 > all.len(),
        order: Order::Total,
        takes_over_ms: 2_500, // Its own timers, drawn thrice in a row to collide; a hint makes it 0.2 s.
        spreads_ms: 0,
        has_observers: true,
        notices_old_disk: false,
        unsynced_bytes_max: FOUR_ENTRIES,
    },
    Row {
        kind: Kind::PrimaryBackup,
        replicas: 3,
        founders: 1,
        has_views: true,
        has_witness: false,
        copies: 3,                                         // All who are in sync.
        may_write: |side, all| side.len() * 2 > all.len(), // Where the directory decides.
        order: Order::Total,
        takes_over_ms: 1_500, // Silence of 0.4 s is noticed, a view decided, its first entry synced.
        spreads_ms: 0,
        has_observers: true,
        notices_old_disk: false,
        unsynced_bytes_max: FOUR_ENTRIES,
    },
    Row {
        kind: Kind::PrimaryBackup,
        replicas: 2,
        founders: 1,
        has_views: true,
        has_witness: true,
        copies: 2,
        may_write: |side, all| side.len() * 2 > all.len(), // The one that the witness is with.
        order: Order::Total,
        takes_over_ms: 1_500,
        spreads_ms: 0,
        has_observers: true,
        notices_old_disk: false,
        unsynced_bytes_max: FOUR_ENTRIES,
    },
    Row {
        kind: Kind::Gossip,
        replicas: 3,
        founders: 3,
        has_views: false,
        has_witness: false,
        copies: 1,              // Its writer's.
        may_write: |_, _| true, // So nobody is ever refused, and no epoch fences anybody.
        order: Order::PerOrigin,
        takes_over_ms: 500, // Nobody has to: it is the time in which members are told who they are.
        spreads_ms: 5_000,  // They compare what they have once a second, with a random one.
        has_observers: false, // Whoever takes part is a member.
        notices_old_disk: true,
        unsynced_bytes_max: 3 * 2 * FOUR_ENTRIES, // Of each node, and each may be twice as fast as we are.
    },
];

/// Four entries of one batch each, and their heads.
const FOUR_ENTRIES: usize = 4 * (64 << 10) + (32 << 10);
