//! Fast Bully over primary-backup, by the machine of `replica_proto::coordinated`: here it gets its log, its
//! clock and its members.
//!
//! Promise: that of the machine. Nobody outside of the group decides anything about it; down to one replica it
//! goes on, and where two sides of a cut have gone on the lower one's replicas are reset
//! ([`Effects::is_reset`]) when they meet.

mod memory;

use super::kind::Way;
use super::primary_backup::storage::{self, GroupLog};
use super::{
    Committed, Effects, Fetch, LEADERSHIP, PeerId, Point, Route, Start, Strategy, StrategyStatus,
    TICK_MS,
};
use crate::store::log::Append;
use crate::store::{GroupId, Log};
use bytes::Bytes;
use fail::fail_point;
use memory::Memory;
use replica_proto::coordinated::{self as machine, Coordinated, Input, Message, Options, Write};
use replica_proto::primary_backup as copy;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Fast Bully, as the others see it.
pub(super) const WAY: Way = Way { name: "bully", begin, founding_memory };

/// One replica of one group.
struct BullyGroup {
    group: GroupId,
    machine: Coordinated,
    log: GroupLog,
    now_ms: u64,
    /// From the lowest rank to the highest.
    members: Vec<PeerId>,
    /// Everything up to here was handed out as committed, or is in a state.
    handed_out: u64,
    /// It was reset, and has no state yet: what was applied before is of another line.
    was_reset: bool,
    /// Tickets of the node's log, and the machine's number of the last write that each covers.
    unsynced: VecDeque<(u64, u64)>,
    /// What the machine has wanted since the last settling; its writes are in `to_write`.
    wanted: machine::Effects,
    to_write: Vec<Append>,
    /// Term in which this replica last began to lead.
    led: u64,
    /// Whom it last knew to coordinate.
    coordinator: Option<PeerId>,
}

fn founding_memory(replicas: &[PeerId]) -> Bytes {
    Memory { line: 0, was_reset: false, members: replicas.to_vec() }.encode()
}

fn begin(
    group: GroupId,
    me: PeerId,
    log: Rc<RefCell<Log>>,
    start: Start,
) -> Result<Box<dyn Strategy>, String> {
    let memory = match start.point.memory.is_empty() {
        true => Memory::default(),
        false => Memory::decode(&start.point.memory).ok_or("its memory cannot be read")?,
    };
    let applied = (start.point.index, start.point.term);
    let hard_state = start.log.as_ref().and_then(|it| it.hard_state).unwrap_or_default();
    let from = machine::Start {
        copy: copy::Start { epoch: hard_state.term, commit: hard_state.commit, applied },
        line: hard_state.vote,
        state_line: memory.line,
    };
    let log = GroupLog::new(group, log);
    let mut wanted = machine::Effects::default();
    let options = Options::default();
    let machine = Coordinated::new(me, start.life, options, from, &log, &mut wanted)?;
    let mut this = BullyGroup {
        group,
        machine,
        log,
        now_ms: 0,
        members: memory.members.clone(),
        handed_out: applied.0,
        was_reset: memory.was_reset,
        unsynced: VecDeque::new(),
        wanted,
        to_write: Vec::new(),
        led: 0,
        coordinator: None,
    };
    this.absorb();
    this.step(Input::Members(memory.members));
    Ok(Box::new(this))
}

impl BullyGroup {
    fn step(&mut self, input: Input) {
        self.machine.step(self.now_ms, input, &self.log, &mut self.wanted);
        self.absorb();
        self.note_coordinator();
    }

    fn note_coordinator(&mut self) {
        let now = self.machine.coordinator();
        if now == self.coordinator {
            return;
        }
        self.coordinator = now;
        if let Some(coordinator) = now {
            metrics::counter!("starling_coordinator_changes_total").increment(1);
            tracing::info!(group = %self.group, coordinator = format!("{coordinator:016x}"), "following a coordinator");
        }
    }

    /// What is to be written can be read from now on.
    fn absorb(&mut self) {
        for write in self.wanted.writes.drain(..) {
            let group = self.group;
            let append = match write {
                Write::HardState { epoch, commit, line } => {
                    Append::HardState { group, term: epoch, vote: line, commit }
                }
                Write::Entry { index, entry } => {
                    self.log.write(copy::Write::Entry { index, entry })
                }
                Write::Purge { index, epoch } => {
                    self.log.write(copy::Write::Purge { index, epoch })
                }
                Write::Drop => {
                    fail_point!("bully.before-drop");
                    tracing::warn!(group = %self.group, "what this replica had is of a line that does not count: it begins again");
                    metrics::counter!("starling_replica_resets_total").increment(1);
                    self.log.empty();
                    (self.handed_out, self.was_reset) = (0, true);
                    Append::Drop { group }
                }
            };
            self.to_write.push(append);
        }
    }

    fn note_leadership(&mut self) {
        let term = self.machine.status().epoch;
        if self.machine.is_primary() && term > self.led {
            self.led = term;
            metrics::counter!("starling_leader_changes_total").increment(1);
            tracing::info!(target: LEADERSHIP, group = %self.group, term, "leading");
        }
    }

    fn hand_out(&mut self, upto: u64, effects: &mut Effects) {
        if upto <= self.handed_out {
            return;
        }
        let Some(entries) = self.entries(self.handed_out, upto) else {
            tracing::error!(group = %self.group, upto, "committed entries cannot be read");
            return;
        };
        effects.committed.extend(entries);
        self.handed_out = upto;
    }
}

impl Strategy for BullyGroup {
    fn route(&self) -> Route {
        match self.machine.route() {
            copy::Route::Here => Route::Here,
            copy::Route::At(primary) => Route::At(primary),
            copy::Route::Nowhere => Route::Nowhere,
        }
    }

    fn room(&self) -> usize {
        self.machine.room()
    }

    fn offer(&mut self, entry: Bytes, _: u64) -> bool {
        let is_taken = self.machine.offer(entry, &mut self.wanted);
        self.absorb();
        is_taken
    }

    fn receive(&mut self, from: PeerId, message: Bytes) {
        match Message::decode(message) {
            Some(message) => {
                fail_point!("bully.before-receive");
                self.step(Input::Receive(from, message));
            }
            None => {
                tracing::warn!(group = %self.group, from, "a message of a replica that cannot be read");
            }
        }
    }

    fn fetched(&mut self, message: Bytes) {
        if let Some(message) = copy::Message::decode(message) {
            self.was_reset = false;
            self.step(Input::Copy(copy::Input::Fetched(message)));
            self.handed_out = self.handed_out.max(self.machine.applied().0);
        }
    }

    fn fetch_failed(&mut self) {
        self.step(Input::Copy(copy::Input::FetchFailed));
    }

    fn peer_fetches(&mut self, peer: PeerId) {
        self.step(Input::Copy(copy::Input::PeerFetches(peer)));
    }

    fn provide(&mut self, index: u64) {
        self.step(Input::Copy(copy::Input::Provide(index)));
    }

    fn tick(&mut self) {
        self.now_ms += TICK_MS;
        self.step(Input::Tick);
        self.note_leadership();
    }

    fn link(&mut self, peer: PeerId, is_up: bool) {
        self.step(Input::Link(peer, is_up));
    }

    fn synced(&mut self, ticket: u64) {
        let mut newest = None;
        while let Some((_, number)) = self.unsynced.pop_front_if(|it| it.0 <= ticket) {
            newest = Some(number);
        }
        if let Some(number) = newest {
            fail_point!("bully.before-confirm");
            self.step(Input::Synced(number));
        }
        self.note_leadership();
    }

    fn applied(&mut self, index: u64, term: u64) {
        self.step(Input::Copy(copy::Input::Applied(index, term)));
        self.log.applied(index);
    }

    fn point(&self) -> Point {
        let (index, term) = self.machine.applied();
        let (line, was_reset) = (self.machine.line(), self.was_reset);
        let memory = Memory { line, was_reset, members: self.members.clone() }.encode();
        Point { index, term, memory }
    }

    fn purge(&mut self, index: u64) -> Option<(u64, u64)> {
        let purgeable = self.machine.purgeable(index, &self.log)?;
        self.log.purge(purgeable);
        Some(purgeable)
    }

    fn entries(&self, after: u64, upto: u64) -> Option<Vec<Committed>> {
        self.machine.entries(after, upto, &self.log).map(|it| storage::committed(after, it))
    }

    fn want(&mut self, replicas: &[PeerId]) {
        if self.members != replicas {
            self.members = replicas.to_vec();
            self.step(Input::Members(replicas.to_vec()));
        }
    }

    fn step_down(&mut self) {
        self.step(Input::Copy(copy::Input::StepDown));
    }

    fn was_reset(&self) -> bool {
        self.was_reset
    }

    fn takes(&self, memory: &[u8]) -> bool {
        Memory::decode(memory).is_some_and(|it| it.line == self.machine.line())
    }

    fn settle(&mut self, ticket: u64, effects: &mut Effects) {
        self.machine.flush(self.now_ms, &self.log, &mut self.wanted);
        self.absorb();
        if !self.to_write.is_empty() {
            fail_point!("bully.before-write");
            self.unsynced.push_back((ticket, self.machine.written()));
            effects.appends.append(&mut self.to_write);
        }
        for (to, message) in self.wanted.sends.drain(..) {
            fail_point!("bully.before-message");
            effects.sends.push((to, message.encode()));
        }
        effects.is_reset |= std::mem::take(&mut self.wanted.is_reset);
        effects.wants_state |= std::mem::take(&mut self.wanted.wants_state);
        let fetch = self.wanted.fetch.take();
        effects.fetch =
            fetch.map(|it| Fetch { from: it.from, index: it.index, message: it.message.encode() });
        if let Some(upto) = self.wanted.commit.take() {
            self.hand_out(upto, effects);
        }
    }

    fn status(&self) -> StrategyStatus {
        let copy::Status { primary, epoch, commit, in_sync, learners } = self.machine.status();
        StrategyStatus {
            leader: primary,
            term: epoch,
            commit,
            voters: in_sync,
            learners,
            coordinator: self.machine.coordinator(),
        }
    }
}
