//! Everything that a peer could make grow, and every pace, by name.

/// Bounds and paces; the defaults are for real nodes, tests run with tiny ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To how many peers a node sends an entry at once. Changed by [`super::Input::Fanout`].
    pub fanout: usize,
    /// Data in one message: a link is not blocked longer than this takes.
    pub part_bytes_max: usize,
    /// Entries that wait for the ones before them; beyond, they are dropped and fetched later.
    pub waiting_bytes_max: usize,
    /// Their number.
    pub waiting_entries_max: usize,
    /// Written and not yet synced; beyond, offers are refused and nothing is taken from peers: the disk
    /// sets the pace.
    pub unsynced_bytes_max: usize,
    /// The log's size beyond which entries are purged though not every member has them. Changed by
    /// [`super::Input::Keep`].
    pub keep_bytes_max: u64,
    /// How long news are gathered before others hear of them while the trees change; ten times as long
    /// when they stand, since all get everything anyway.
    pub digest_ms: u64,
    /// How long, beyond a round trip, an entry one heard of may take to arrive by itself.
    pub graft_ms: u64,
    /// Lacks of up to so many entries are live traffic that took a wrong way: the tree is mended. More is
    /// history, which is fetched.
    pub graft_entries_max: u64,
    /// How long, beyond four round trips, an answer may take before somebody else is asked.
    pub answer_ms: u64,
    /// The steps in which the time goes that the machine is given: a shorter round trip cannot be told from
    /// none.
    pub clock_ms: u64,
    /// Mean time between comparisons with a random peer.
    pub exchange_ms: u64,
    /// A break shorter than this is no cut.
    pub cut_ms: u64,
    /// How long after the first meeting the others of a healed cut are waited for.
    pub meet_ms: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            fanout: 3,
            part_bytes_max: 256 << 10,
            waiting_bytes_max: 4 << 20,
            waiting_entries_max: 16_384,
            unsynced_bytes_max: 16 << 20,
            keep_bytes_max: 1 << 30,
            digest_ms: 20,
            graft_ms: 10,
            graft_entries_max: 256,
            answer_ms: 1_000,
            clock_ms: 1,
            exchange_ms: 1_000,
            cut_ms: 1_000,
            meet_ms: 1_000,
        }
    }
}

/// Origins that a node knows of. Each node that ever wrote stays one for ever, 20 bytes in each
/// comparison: this is a thousand members, each wiped four times.
pub(super) const ORIGINS_MAX: usize = 4_096;
/// Questions under way to one peer: one is answered while the next travels.
pub(super) const ASKS_PER_PEER_MAX: usize = 2;
/// Ranges in one question.
pub(super) const RANGES_PER_ASK_MAX: usize = 64;
/// Peers who hear of news in one round; in the next round it is others.
pub(super) const DIGEST_PEERS: usize = 3;
/// Who leaves so many questions without an answer is asked no more, until it says something.
pub(super) const UNANSWERED_MAX: u32 = 4;
/// For so many [`Limits::digest_ms`] after a change the trees may change further.
pub(super) const RESTLESS_DIGESTS: u64 = 100;
/// By so many doublings of its round trip a peer who is sent everything at once may be farther than another
/// who is not, before that one takes its place: round trips on a busy machine vary as much.
pub(super) const STAYS_FOR_DOUBLINGS: u32 = 2;
