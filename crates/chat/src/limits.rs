//! Bounds on what a client can make grow in replicated state.

/// Bounds of the pure machines; the same on every node. Tests use tiny ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Entries in each of a room's `b`, `e`, `I` lists.
    pub list_entries_max: usize,
    /// Outstanding invitations per room; the oldest goes first.
    pub invites_max: usize,
    /// Bytes of a topic.
    pub topic_bytes_max: usize,
    /// Bytes of a room key.
    pub key_bytes_max: usize,
    /// Sessions whose last number a group remembers after they left every room; the oldest go first.
    pub remembered_sessions_max: usize,
    /// Sessions whose last number a room remembers while they are not in it; the oldest go first.
    pub remembered_of_room_max: usize,
    /// Earlier eras of a room that its history is looked up by; the oldest go first.
    pub eras_max: usize,
    /// Nodes whose last word in an era of gossip is waited for.
    pub tails_max: usize,
    /// Rooms that have moved and expired whose epoch a group remembers; the oldest go first.
    pub gone_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            list_entries_max: 100, // What Ergo and Solanum allow, roughly; bounds a ban check.
            invites_max: 256,
            topic_bytes_max: 390, // A TOPIC line still fits 512 bytes with the longest source.
            key_bytes_max: 32,
            remembered_sessions_max: 100_000,
            remembered_of_room_max: 256, // Whose command may be under way while a room moves.
            eras_max: 64,                // Of an operator who moves a room to and fro all day.
            tails_max: 256,              // Far more members than a network has.
            gone_max: 10_000,
        }
    }
}
