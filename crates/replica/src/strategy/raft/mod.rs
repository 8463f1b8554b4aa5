//! Raft (Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014),
//! by the raft library, one pure machine per group.
//!
//! Promise: an entry is handed out as committed once a majority of the group's voters has it on disk,
//! ours counting only after our own sync; and never in another order on another node.
//!
//! The leader sends while it writes (thesis, section 10.2.1). Reads never rest on the lease, so a voter
//! whose own link to the leader is broken may elect at once: see `elect`.

// The library's messages are generated types with more fields than anybody would want to name.
#![allow(clippy::field_reassign_with_default)]

mod elect;
#[cfg(fuzzing)]
pub mod fuzzing;
mod membership;
mod ready;
mod storage;
mod wire;

use super::kind::Way;
use super::{Committed, Effects, PeerId, Point, Route, Start, Strategy, StrategyStatus};
use crate::planted;
use crate::store::log::Append;
use crate::store::{GroupId, Log};
use bytes::Bytes;
use elect::Haste;
use fail::fail_point;
use raft::prelude::{ConfState, HardState, Message, MessageType};
use raft::{Config, GetEntriesContext, ProgressState, RawNode, SnapshotStatus, StateRole};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use storage::{GroupLog, Recovered};

/// Raft, as the others see it.
pub(super) const WAY: Way = Way { name: "raft", begin, founding_memory };

/// Heartbeats every 100 ms: often enough to notice, cheap enough for 16 idle groups.
const HEARTBEAT_TICKS: usize = 4;
/// Followers wait 300 to 600 ms in silence before they campaign on their own.
const ELECTION_TICKS: usize = 12;
/// Entries proposed and not yet committed, per group: enough to hide a round trip and a sync, few
/// enough that the batches in them grow under load.
const IN_FLIGHT_MAX: usize = 4;
/// Entries of one append message, in bytes.
const MESSAGE_BYTES: u64 = 512 << 10;
/// Append messages on their way to one follower.
const MESSAGES_IN_FLIGHT: usize = 64;

/// Terms and indexes from this on are nobody's: arithmetic on them cannot overflow below it.
const TERM_MAX: u64 = 1 << 62;
/// A peer that has a snapshot to fetch and asks for nothing this long is sent it again: 2 s.
const FETCH_SILENCE_TICKS: u32 = 80;

/// One replica of one Raft group.
struct RaftGroup {
    group: GroupId,
    me: PeerId,
    node: RawNode<GroupLog>,
    /// Readies handed to the disk: ticket, number, entries up to, messages to send then.
    unsynced: VecDeque<ready::Unsynced>,
    /// Index of the first entry of our own leadership; we serve once it is applied.
    leading_from: Option<u64>,
    /// Indexes of our proposals that are not applied yet.
    in_flight: VecDeque<u64>,
    applied: u64,
    applied_term: u64,
    links: BTreeMap<PeerId, bool>,
    haste: Haste,
    wanted: Vec<PeerId>,
    /// Ticks since a peer last asked for a part of our state.
    fetches: BTreeMap<PeerId, u32>,
    to_fetch: Option<super::Fetch>,
    to_send: Vec<Message>,
    to_write: Vec<Append>,
}

fn founding_memory(voters: &[PeerId]) -> Bytes {
    wire::encode_conf_state(&ConfState::from((voters.to_vec(), Vec::new())))
}

fn begin(
    group: GroupId,
    me: PeerId,
    log: Rc<RefCell<Log>>,
    start: Start,
) -> Result<Box<dyn Strategy>, String> {
    Ok(Box::new(RaftGroup::new(group, me, log, start)?))
}

impl RaftGroup {
    /// A replica with the log that the disk held. If that and the state do not fit together, words say how.
    fn new(
        group: GroupId,
        me: PeerId,
        log: Rc<RefCell<Log>>,
        start: Start,
    ) -> Result<RaftGroup, String> {
        let Point { index: applied, term: applied_term, memory } = start.point;
        let conf_state = if memory.is_empty() {
            ConfState::default()
        } else {
            wire::decode_conf_state(memory).ok_or("unreadable membership")?
        };
        let found = start.log.as_ref();
        let mut purged = found.map_or((0, 0), |it| it.purged);
        let mut last = found.map_or(0, |it| it.last_index);
        if applied < purged.0 {
            let purged = purged.0;
            return Err(format!("the log begins after {purged} but the state ends at {applied}"));
        }
        let mut to_write = Vec::new();
        let is_foreign = applied > purged.0
            && last >= applied
            && log.borrow().term(group, applied).ok() != Some(applied_term);
        if last < applied || is_foreign {
            // A fetched state is in the checkpoint, the log had not heard of it before the crash; it may
            // still hold a tail that nobody ever committed.
            purged = (applied, applied_term);
            last = applied;
            to_write.push(Append::Purge { group, index: applied, term: applied_term });
        }
        let mut hard_state = HardState::default();
        let written = found.and_then(|it| it.hard_state).unwrap_or_default();
        (hard_state.term, hard_state.vote, hard_state.commit) =
            (written.term, written.vote, written.commit);
        if planted!("forget-vote") {
            (hard_state.term, hard_state.vote) = (applied_term, 0);
        }
        if hard_state.term < applied_term {
            (hard_state.term, hard_state.vote) = (applied_term, 0);
        }
        // What was applied was committed; the log need not have heard of it before a crash.
        hard_state.commit = hard_state.commit.max(applied).min(last);
        let is_alone = conf_state.voters == [me];
        let recovered = Recovered { hard_state, conf_state, purged, last, applied };
        let config = Config {
            id: me,
            election_tick: ELECTION_TICKS,
            heartbeat_tick: HEARTBEAT_TICKS,
            applied,
            max_size_per_msg: MESSAGE_BYTES,
            max_inflight_msgs: MESSAGES_IN_FLIGHT,
            max_committed_size_per_ready: 4 << 20,
            check_quorum: true,
            pre_vote: true,
            ..Config::default()
        };
        let storage = GroupLog::new(group, log, recovered);
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config, storage, &logger).map_err(|why| why.to_string())?;
        let mut this = RaftGroup {
            group,
            me,
            node,
            unsynced: VecDeque::new(),
            leading_from: None,
            in_flight: VecDeque::new(),
            applied,
            applied_term,
            links: BTreeMap::new(),
            haste: Haste::default(),
            wanted: Vec::new(),
            fetches: BTreeMap::new(),
            to_fetch: None,
            to_send: Vec::new(),
            to_write,
        };
        if is_alone {
            let _ = this.node.campaign(); // Alone: there is nobody to wait for.
        }
        Ok(this)
    }

    fn leader(&self) -> Option<PeerId> {
        match self.node.raft.leader_id {
            0 => None,
            leader => Some(leader),
        }
    }

    fn is_leader(&self) -> bool {
        self.node.raft.state == StateRole::Leader
    }

    /// Leads, and knows everything earlier leaders committed.
    fn is_serving(&self) -> bool {
        self.is_leader() && self.leading_from.is_some_and(|first| first <= self.applied)
    }

    fn conf_state(&self) -> &ConfState {
        self.node.store().conf_state()
    }

    /// What the library takes for granted of messages, and would panic without.
    fn is_sane(&self, message: &Message) -> bool {
        let is_heartbeat = message.msg_type == MessageType::MsgHeartbeat;
        let last_index = self.node.raft.raft_log.last_index();
        let metadata = message.get_snapshot().get_metadata();
        let (voters, learners) =
            (&metadata.get_conf_state().voters, &metadata.get_conf_state().learners);
        let is_distinct =
            |ids: &[u64]| ids.iter().enumerate().all(|(at, id)| !ids[..at].contains(id));
        let is_snapshot_sane = message.msg_type != MessageType::MsgSnapshot
            || (metadata.index > 0
                && !voters.is_empty()
                && is_distinct(voters)
                && is_distinct(learners)
                && !voters.iter().any(|id| learners.contains(id)));
        let entries = message.entries.iter().zip(message.index.saturating_add(1)..);
        (1..TERM_MAX).contains(&message.term)
            && message.index < TERM_MAX
            && is_snapshot_sane
            && !(is_heartbeat && message.term >= self.node.raft.term && message.commit > last_index)
            && entries.into_iter().all(|(it, index)| it.index == index && it.term <= message.term)
    }

    /// Peers that were sent to fetch our state and do not: the library waits for them for ever.
    fn tick_snapshots(&mut self) {
        if !self.is_leader() {
            self.fetches.clear();
            return;
        }
        let waiting: Vec<PeerId> = self
            .node
            .raft
            .prs()
            .iter()
            .filter(|(_, it)| it.state == ProgressState::Snapshot)
            .map(|(id, _)| *id)
            .collect();
        self.fetches.retain(|id, _| waiting.contains(id));
        for id in waiting {
            let silent = self.fetches.entry(id).or_insert(0);
            *silent += 1;
            if *silent > FETCH_SILENCE_TICKS {
                *silent = 0;
                self.node.report_snapshot(id, SnapshotStatus::Failure);
            }
        }
    }

    fn is_up(&self, peer: PeerId) -> bool {
        peer == self.me || self.links.get(&peer) == Some(&true)
    }
}

impl Strategy for RaftGroup {
    fn route(&self) -> Route {
        if self.is_leader() {
            return if self.is_serving() && self.has_majority_up() {
                Route::Here
            } else {
                Route::Nowhere
            };
        }
        match self.leader() {
            Some(leader) if self.is_up(leader) => Route::At(leader),
            _ => Route::Nowhere,
        }
    }

    fn is_cut_off(&self) -> bool {
        self.leader().is_none_or(|it| it == self.me) && self.route() == Route::Nowhere
    }

    fn room(&self) -> usize {
        IN_FLIGHT_MAX.saturating_sub(self.in_flight.len())
    }

    fn offer(&mut self, entry: Bytes, _: u64) -> bool {
        if !self.is_serving() {
            return false;
        }
        let is_taken = self.node.propose(Vec::new(), entry.into()).is_ok();
        if is_taken {
            self.in_flight.push_back(self.node.raft.raft_log.last_index());
        }
        is_taken
    }

    fn receive(&mut self, from: PeerId, message: Bytes) {
        let Some(mut it) = wire::decode(message.clone()) else {
            tracing::warn!(group = %self.group, from, "a Raft message that cannot be read");
            return;
        };
        if it.from != from || it.to != self.me {
            return; // Meant for an earlier identity of this node, or from one.
        }
        if !self.is_sane(&it) {
            tracing::warn!(group = %self.group, from, "a Raft message that no replica sends");
            return;
        }
        match it.msg_type {
            MessageType::MsgSnapshot => {
                let metadata = it.get_snapshot().get_metadata();
                let is_news = metadata.index > self.node.raft.raft_log.committed;
                if is_news && it.term >= self.node.raft.term {
                    self.ask_to_fetch(from, metadata.index, message);
                    return;
                }
            }
            MessageType::MsgAppend if self.leader().is_none() => {
                fail_point!("raft.before-following");
            }
            MessageType::MsgRequestVote | MessageType::MsgRequestPreVote => {
                self.judge_haste(&mut it)
            }
            _ => {}
        }
        let _ = self.node.step(it); // An error means: not for us any more.
    }

    fn fetched(&mut self, message: Bytes) {
        if let Some(mut message) = wire::decode(message) {
            // The state is committed whoever leads now: elections meanwhile do not make it stale.
            if message.term < self.node.raft.term {
                message.term = self.node.raft.term;
                message.from = self.leader().unwrap_or(message.from);
            }
            let _ = self.node.step(message);
        }
    }

    fn fetch_failed(&mut self) {} // The leader sends the snapshot again.

    fn peer_fetches(&mut self, peer: PeerId) {
        self.fetches.insert(peer, 0);
    }

    fn provide(&mut self, index: u64) {
        self.node.mut_store().provide(index);
    }

    fn tick(&mut self) {
        self.node.tick();
        self.tick_haste();
        self.tick_membership();
        self.tick_snapshots();
    }

    fn link(&mut self, peer: PeerId, is_up: bool) {
        self.links.insert(peer, is_up);
        if planted!("majority-of-the-reachable") {
            self.count_only_the_reachable();
        }
        if is_up {
            return;
        }
        self.node.report_unreachable(peer);
        self.node.report_snapshot(peer, SnapshotStatus::Failure);
        if self.leader() == Some(peer) {
            self.hasten();
        }
    }

    fn synced(&mut self, ticket: u64) {
        self.confirm(ticket);
    }

    fn applied(&mut self, index: u64, term: u64) {
        (self.applied, self.applied_term) = (index, term).max((self.applied, self.applied_term));
        while self.in_flight.front().is_some_and(|it| *it <= index) {
            self.in_flight.pop_front();
        }
        self.node.mut_store().applied = self.applied;
        self.node.advance_apply_to(self.applied);
    }

    fn point(&self) -> Point {
        let memory = wire::encode_conf_state(self.conf_state());
        let is_begun = self.applied == 0;
        Point {
            index: self.applied,
            term: self.applied_term,
            memory: if is_begun { Bytes::new() } else { memory },
        }
    }

    fn purge(&mut self, index: u64) -> Option<(u64, u64)> {
        let index = index.min(self.applied);
        self.node.mut_store().purge(index)
    }

    fn entries(&self, after: u64, upto: u64) -> Option<Vec<Committed>> {
        let log = &self.node.raft.raft_log;
        if upto > log.last_index() {
            return None; // What was applied as an observer is in no log yet; the library would panic.
        }
        let mut found = Vec::new();
        let mut next = after + 1;
        while next <= upto {
            let part = log.slice(next, upto + 1, None, GetEntriesContext::empty(false)).ok()?;
            next += part.len() as u64;
            if part.is_empty() {
                return None;
            }
            found.extend(part.into_iter().map(ready::committed));
        }
        Some(found)
    }

    fn want(&mut self, replicas: &[PeerId]) {
        self.wanted = replicas.to_vec();
    }

    fn step_down(&mut self) {
        self.give_away();
    }

    fn hand_over(&mut self, to: PeerId, needs_all: bool) -> bool {
        self.give_to(to, needs_all)
    }

    fn settle(&mut self, ticket: u64, effects: &mut Effects) {
        effects.appends.append(&mut self.to_write);
        self.settle_ready(ticket, effects);
        effects.fetch = self.to_fetch.take();
        effects.wants_state |= self.node.store().take_wants_state();
    }

    fn term(&self) -> u64 {
        self.node.raft.term
    }

    fn status(&self) -> StrategyStatus {
        StrategyStatus {
            leader: self.leader(),
            term: self.node.raft.term,
            commit: self.node.raft.raft_log.committed,
            voters: self.conf_state().voters.clone(),
            learners: self.conf_state().learners.clone(),
            coordinator: None,
        }
    }
}
