//! What the node counts. Handles are looked up once; figures are published once a second.

use super::Core;
use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use replica::net::BreakerState;
use std::collections::{BTreeMap, HashMap};

/// Time between two publications, in milliseconds.
const PUBLISH_MS: u64 = 1_000;
/// Of so many tokens one is timed.
const SAMPLED: u64 = 16;

/// The node's figures.
pub(super) struct Measures {
    sessions: Gauge,
    rooms: Gauge,
    messages: Counter,
    commit: Histogram,
    groups: BTreeMap<u32, OfGroup>,
    moving: Gauge,
    over: Gauge,
    backlogs: Vec<Gauge>,
    unclaimed: Gauge,
    published_ms: Option<u64>,
    /// Messages applied since the last publication.
    pub(super) said: u64,
    /// Commands that are timed: when they were submitted, in microseconds.
    timed: HashMap<u64, u64>,
}

struct OfGroup {
    waiting: Gauge,
    lag: Gauge,
    is_leader: Gauge,
}

impl Measures {
    pub(super) fn new() -> Measures {
        describe_gauge!(
            "starling_sessions",
            "Sessions of the whole network, as this node has applied"
        );
        describe_gauge!("starling_rooms", "Rooms of the whole network, as this node has applied");
        describe_counter!("starling_messages_total", "Messages applied on this node");
        describe_histogram!(
            "starling_commit_seconds",
            "From a room command of this node's clients to its answer, for one in 16 commands"
        );
        describe_gauge!("starling_waiting_commands", "Commands of this node that wait for a group");
        describe_gauge!("starling_group_lag", "Entries known to be committed and not applied here");
        describe_gauge!("starling_group_is_leader", "1 where this node leads the group");
        describe_gauge!(
            "starling_peer_breaker_state",
            "Circuit breaker of a peer: 0 closed, 1 half-open, 2 open; a peer without one was never away"
        );
        describe_counter!(
            "starling_peer_breaker_transitions_total",
            "Changes of a peer's circuit breaker, by the state it came to"
        );
        describe_gauge!(
            "starling_groups_moving",
            "Groups that were placed elsewhere and have not arrived"
        );
        describe_gauge!(
            "starling_unclaimed_sessions",
            "Sessions of this node that the others have yet to hear of, after a cut"
        );
        describe_gauge!(
            "starling_clients_over_share",
            "Clients that this node has above its even share, where that is beyond the slack"
        );
        describe_gauge!("starling_shard_backlog", "Deliveries that wait for a shard of a door");
        Measures {
            sessions: gauge!("starling_sessions"),
            rooms: gauge!("starling_rooms"),
            messages: counter!("starling_messages_total"),
            commit: histogram!("starling_commit_seconds"),
            groups: BTreeMap::new(),
            moving: gauge!("starling_groups_moving"),
            over: gauge!("starling_clients_over_share"),
            backlogs: Vec::new(),
            unclaimed: gauge!("starling_unclaimed_sessions"),
            published_ms: None,
            said: 0,
            timed: HashMap::new(),
        }
    }

    /// A room command is on its way.
    pub(super) fn submitted(&mut self, token: u64, now_us: u64) {
        if token.is_multiple_of(SAMPLED) {
            self.timed.insert(token, now_us);
        }
    }

    /// A peer's circuit breaker has another state.
    pub(super) fn breaker_turned(&mut self, peer: &str, state: BreakerState) {
        let (peer, to) = (peer.to_owned(), state.as_str());
        let value = match state {
            BreakerState::Closed => 0.0,
            BreakerState::HalfOpen => 1.0,
            BreakerState::Open => 2.0,
        };
        gauge!("starling_peer_breaker_state", "peer" => peer.clone()).set(value);
        counter!("starling_peer_breaker_transitions_total", "peer" => peer, "to" => to)
            .increment(1);
    }

    /// A command is answered; only what happened counts.
    pub(super) fn resolved(&mut self, token: u64, is_done: bool, now_us: u64) {
        if !token.is_multiple_of(SAMPLED) {
            return;
        }
        if let Some(since) = self.timed.remove(&token).filter(|_| is_done) {
            self.commit.record(now_us.saturating_sub(since) as f64 / 1e6);
        }
    }

    fn of_group(&mut self, group: u32) -> &OfGroup {
        self.groups.entry(group).or_insert_with(|| {
            let name = group.to_string();
            OfGroup {
                waiting: gauge!("starling_waiting_commands", "group" => name.clone()),
                lag: gauge!("starling_group_lag", "group" => name.clone()),
                is_leader: gauge!("starling_group_is_leader", "group" => name),
            }
        })
    }
}

impl Core {
    /// Publishes what has changed, once a second.
    pub(super) fn measure(&mut self) {
        let last = self.measures.published_ms;
        if last.is_some_and(|it| self.now_ms - it < PUBLISH_MS) {
            return;
        }
        self.measures.published_ms = Some(self.now_ms);
        let rooms: usize = self.rooms.values().map(|it| it.iter().count()).sum();
        let moving = self.count_under_way();
        let it = &mut self.measures;
        it.moving.set(moving as f64);
        it.over.set(f64::from(self.balance.over));
        it.sessions.set(self.directory.session_count() as f64);
        it.rooms.set(rooms as f64);
        it.unclaimed.set(self.unclaimed.len() as f64);
        it.messages.increment(std::mem::take(&mut it.said));
        for status in self.engine.status() {
            let lag = status.replicas.commit.saturating_sub(status.applied);
            let of_group = it.of_group(status.group);
            of_group.waiting.set(status.waiting as f64);
            of_group.lag.set(lag as f64);
            of_group.is_leader.set(f64::from(u8::from(status.role == "leader")));
        }
        for (number, shard) in self.shards.iter_mut().enumerate() {
            if it.backlogs.len() == number {
                let name = number.to_string();
                it.backlogs.push(gauge!("starling_shard_backlog", "shard" => name));
            }
            shard.count_backlog();
            it.backlogs[number].set(shard.backlog as f64);
        }
    }
}
