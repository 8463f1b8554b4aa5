//! What can be set. Times are milliseconds of the node's monotonic clock.

/// Of one member; the same on all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long who has started listens for a coordinator before it misses one: its links come up meanwhile.
    pub arrive_ms: u64,
    /// The same while some member cannot be reached: it may be that the others do not know yet that an earlier
    /// life of this node is over, and refuse its links so long. Who begins alone gives away what they have given.
    pub arrive_alone_ms: u64,
    /// How long answers are waited for (T2 of the paper): some round trips, and a pause of a busy machine.
    pub answer_ms: u64,
    /// How long a nominated one may take to say that it coordinates (T3).
    pub coordinator_ms: u64,
    /// How long who has answered waits to be nominated, or to hear who is (T4): an answer's time and more.
    pub nomination_ms: u64,
    /// The coordinator is heard this often.
    pub heartbeat_ms: u64,
    /// A coordinator that was not heard for so long is missed, whatever its link says.
    pub silence_ms: u64,
    /// For each higher one that can be reached, so much longer is waited before an election is begun: the
    /// time in which that one notices, too, and is heard.
    pub stagger_ms: u64,
    /// Higher ones counted for that, at most: with many nodes some may be as slow to notice as the others.
    pub stagger_count_max: u64,
    /// A new coordinator waits so long to hear from those it can reach, and then goes on without: whoever has a
    /// link and says nothing for so long is taken for dead, as a coordinator would be.
    pub gather_ms: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            arrive_ms: 500,
            arrive_alone_ms: 3_000,
            answer_ms: 150,
            coordinator_ms: 250,
            nomination_ms: 300,
            heartbeat_ms: 100,
            silence_ms: 500,
            stagger_ms: 25,
            stagger_count_max: 8,
            gather_ms: 500,
        }
    }
}
