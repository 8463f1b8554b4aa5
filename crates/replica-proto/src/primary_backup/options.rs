//! What can be set. Times are milliseconds of the node's monotonic clock.

/// Of one replica; the same on all of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The set in sync is not made smaller than this, and nothing is committed while it is.
    pub min_in_sync: usize,
    /// Entries offered and not yet applied: enough to hide a round trip and a sync, few enough that the
    /// batches in them grow under load.
    pub in_flight_max: usize,
    /// Entries of one message, in bytes.
    pub message_bytes: usize,
    /// Messages with entries on their way to one peer.
    pub messages_in_flight: usize,
    /// A primary is heard this often.
    pub heartbeat_ms: u64,
    /// What was not answered for this long is sent again.
    pub resend_ms: u64,
    /// A backup that makes no progress for this long while it should is proposed out of the set.
    pub behind_ms: u64,
    /// A learner that lacks no more than this many entries is waited for.
    pub admit_lag: u64,
    /// A proposal that was not decided is repeated.
    pub propose_again_ms: u64,
    /// Who was told to fetch a state and does not ask for a part of it this long is told again.
    pub fetch_silence_ms: u64,
    /// How long an answer of every backup makes the primary sure to be the only one.
    pub lease_ms: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            min_in_sync: 1,
            in_flight_max: 4,
            message_bytes: 512 << 10,
            messages_in_flight: 16,
            heartbeat_ms: 100,
            resend_ms: 300,
            behind_ms: 600,
            admit_lag: 64,
            propose_again_ms: 500,
            fetch_silence_ms: 2_000,
            lease_ms: 400,
        }
    }
}
