//! Gossip: a log per origin, version vectors, and no leader.
//!
//! Promise: every entry that was delivered at its origin reaches every member that can be reached, by
//! whatever chain of links, and is delivered there once in each life, in its origin's order (P-RAM),
//! without gaps. Sorted by [`Entry::key`] the histories of nodes with equal [`VersionVector`]s are equal.
//! An entry is acknowledged, and shown to others, when it is on its origin's disk; so no crash makes an
//! origin write other data under an index that somebody has seen.
//!
//! Entries spread along trees, one for each origin (Leitão, Pereira, Rodrigues, "Epidemic Broadcast
//! Trees", SRDS 2007): to `fanout` peers at once; who gets one twice says so and is sent no more; who
//! only hears of one asks for it, and is sent those that follow (`spread`). Whatever got lost on the way is
//! found by comparing version vectors with random peers (`exchange`) and fetched in parts
//! (`pull`). What nobody's log holds any more comes with the state (`fetch`).
//!
//! What is told before the own disk has it: that an entry is here and can be asked for (the digest), and the
//! entry itself; its origin has it on disk already, so it is true whatever happens here. What is told only
//! afterwards: the version vector, since others purge by it.
//!
//! A stamp from the far future orders entries as any other, or histories would differ; but own
//! stamps do not follow it, or one broken clock would carry away all others for ever
//! (`disk`). Where one clock stamps for several machines ([`Input::Stamped`]), it has to do the same.
//!
//! The machine is pure: time, chance and what is on disk are given to it. Whoever runs it
//! * writes [`Effects::appends`] in order, and says by [`Input::Synced`] how many are on disk;
//! * writes its state now and then, not while one is being fetched, and [purges](Machine::purge) by what the
//!   state on disk contains; it keeps [`Machine::clock`] with it;
//! * answers [`Effects::fetch`] by putting the peer's state on disk in place of its own and then saying
//!   [`Input::Fetched`]; afterwards it drops from its log what [`Machine::floors`] says.

mod branch;
mod chance;
mod disk;
mod effects;
mod entry;
mod exchange;
mod fetch;
mod limits;
mod links;
mod meet;
mod message;
mod peer;
mod pull;
mod purge;
mod receive;
mod serve;
mod spread;
mod status;
mod vector;
mod wire;

#[cfg(test)]
mod tests;

pub use effects::{Effects, Fetch, Input, Met};
pub use entry::{Entry, Held, Log, Origin, Start};
pub use limits::Limits;
pub use message::{Ask, Exchange, Kept, Message, Part};
pub use status::{Counters, Status};
pub use vector::{Range, VersionVector};

use crate::Clock;
use branch::{Branch, Waiting};
use bytes::Bytes;
use chance::Chance;
use peer::Peer;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One replica of one group.
#[derive(Debug)]
pub struct Machine {
    me: Origin,
    limits: Limits,
    chance: Chance,
    clock: Clock,
    now_ms: u64,
    wall_ms: u64,
    members: Vec<Origin>,
    peers: BTreeMap<Origin, Peer>,
    /// The `fanout` nearest members there is a link to.
    near: Vec<Origin>,
    /// One for each origin that was heard of, the own one always.
    branches: BTreeMap<Origin, Branch>,
    waiting: Waiting,
    disk: disk::Queue,
    /// Own entries that are not on disk yet.
    own: VecDeque<Entry>,
    /// Origins of which entries are known to be missing, or were lately.
    lacking: BTreeSet<Origin>,
    questions: pull::Questions,
    /// Origins with news that not everybody was told.
    news: BTreeSet<Origin>,
    digest_at_ms: Option<u64>,
    /// Until then the trees may change.
    restless_until_ms: u64,
    exchange_at_ms: u64,
    exchanges: u64,
    fetch: fetch::State,
    cuts: meet::Cuts,
    has_forgotten: bool,
    counters: Counters,
    outbox: BTreeMap<Origin, Message>,
}

impl Machine {
    /// Starts from what the disk holds. What is in the log and not in the state is delivered.
    pub fn new(
        me: Origin,
        limits: Limits,
        seed: u64,
        (now_ms, wall_ms): (u64, u64),
        start: &Start,
        log: &impl Log,
        effects: &mut Effects,
    ) -> Machine {
        let mut chance = Chance::new(seed);
        let exchange_at_ms = now_ms + chance.below(limits.exchange_ms);
        let mut machine = Machine {
            me,
            limits,
            chance,
            clock: Clock::default(),
            now_ms,
            wall_ms,
            members: Vec::new(),
            peers: BTreeMap::new(),
            near: Vec::new(),
            branches: BTreeMap::new(),
            waiting: Waiting::default(),
            disk: disk::Queue::default(),
            own: VecDeque::new(),
            lacking: BTreeSet::new(),
            questions: pull::Questions::default(),
            news: BTreeSet::new(),
            digest_at_ms: None,
            restless_until_ms: 0,
            exchange_at_ms,
            exchanges: 0,
            fetch: fetch::State::default(),
            cuts: meet::Cuts::default(),
            has_forgotten: false,
            counters: Counters::default(),
            outbox: BTreeMap::new(),
        };
        machine.open(start, log, effects);
        machine
    }

    /// One input. `log` holds what was written, synced at least.
    pub fn step(
        &mut self,
        now_ms: u64,
        wall_ms: u64,
        input: Input,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        self.now_ms = now_ms.max(self.now_ms);
        self.wall_ms = wall_ms;
        match input {
            Input::Offer(data) => self.offer(data, effects),
            Input::Stamped { hlc, data } => self.take_in(hlc, data, effects),
            Input::Received { from, message } => self.receive(from, &message, log, effects),
            Input::Synced(count) => self.synced(count, effects),
            Input::Tick => {}
            Input::Compare => self.compare_with_all(),
            Input::Link { peer, is_up } => self.link(peer, is_up),
            Input::Rtt { peer, micros } => self.measured(peer, micros),
            Input::Members(members) => self.set_members(members),
            Input::Fanout(fanout) => self.set_fanout(fanout),
            Input::Keep(bytes) => self.limits.keep_bytes_max = bytes,
            Input::Fetched { version } => self.fetched(&version, log, effects),
            Input::FetchFailed => self.fetch_failed(),
        }
        self.exchange_if_due();
        self.digest_if_due();
        self.meet_if_due(effects);
        self.pull(effects);
        effects.has_forgotten |= self.has_forgotten;
        self.flush(effects);
    }

    /// When the next step is due at the latest, be it a mere tick.
    #[must_use]
    pub fn deadline_ms(&self) -> u64 {
        [self.digest_at_ms, self.cuts.deadline_ms(), self.pull_deadline_ms()]
            .into_iter()
            .flatten()
            .fold(self.exchange_at_ms, u64::min)
    }

    fn flush(&mut self, effects: &mut Effects) {
        for (to, message) in std::mem::take(&mut self.outbox) {
            let parts = message.split(self.limits.part_bytes_max);
            for bytes in parts.iter().filter(|it| !it.is_empty()).map(Message::encode) {
                self.counters.messages_sent += 1;
                self.counters.bytes_sent += bytes.len() as u64;
                effects.sends.push((to, bytes));
            }
        }
    }

    /// What goes to this peer at the end of the step.
    fn to(&mut self, peer: Origin) -> &mut Message {
        self.outbox.entry(peer).or_default()
    }
}

impl Input {
    /// Offers one entry.
    #[must_use]
    pub fn offer(data: Bytes) -> Input {
        Input::Offer(vec![data])
    }
}
