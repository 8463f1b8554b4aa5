//! Primary-backup, by the machine of `replica_proto::primary_backup`: here it gets its log and its clock.
//!
//! Promise: that of the machine. The directory names the primary and who is in sync ([`Strategy::view`]);
//! what the machine wants changed of that leaves by [`Effects::proposes`].

pub(super) mod storage;

use super::kind::Way;
use super::{
    Committed, Effects, Fetch, LEADERSHIP, PeerId, Point, Route, Start, Strategy, StrategyStatus,
    TICK_MS, View,
};
use crate::store::log::Append;
use crate::store::{GroupId, Log};
use bytes::Bytes;
use fail::fail_point;
use replica_proto::primary_backup::{self as machine, Input, Message, Options, PrimaryBackup};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use storage::GroupLog;

/// Primary-backup, as the others see it.
pub(super) const WAY: Way = Way { name: "primary-backup", begin, founding_memory };

/// One replica of one primary-backup group.
struct PrimaryBackupGroup {
    group: GroupId,
    me: PeerId,
    machine: PrimaryBackup,
    log: GroupLog,
    now_ms: u64,
    /// Everything up to here was handed out as committed, or is in a state.
    handed_out: u64,
    /// Tickets of the node's log, and the machine's number of the last write that each covers.
    unsynced: VecDeque<(u64, u64)>,
    /// What the machine has wanted since the last settling; its writes are in `to_write`.
    wanted: machine::Effects,
    to_write: Vec<Append>,
    /// The epoch in which this replica last began to lead.
    led: u64,
}

fn founding_memory(_: &[PeerId]) -> Bytes {
    Bytes::new() // The directory remembers who takes part.
}

fn begin(
    group: GroupId,
    me: PeerId,
    log: Rc<RefCell<Log>>,
    start: Start,
) -> Result<Box<dyn Strategy>, String> {
    let applied = (start.point.index, start.point.term);
    let hard_state = start.log.as_ref().and_then(|it| it.hard_state).unwrap_or_default();
    let start = machine::Start { epoch: hard_state.term, commit: hard_state.commit, applied };
    let log = GroupLog::new(group, log);
    let mut wanted = machine::Effects::default();
    let machine = PrimaryBackup::new(me, Options::default(), start, &log, &mut wanted)?;
    let mut this = PrimaryBackupGroup {
        group,
        me,
        machine,
        log,
        now_ms: 0,
        handed_out: applied.0,
        unsynced: VecDeque::new(),
        wanted,
        to_write: Vec::new(),
        led: 0,
    };
    this.absorb();
    Ok(Box::new(this))
}

impl PrimaryBackupGroup {
    fn step(&mut self, input: Input) {
        self.machine.step(self.now_ms, input, &self.log, &mut self.wanted);
        self.absorb();
    }

    /// What is to be written can be read from now on.
    fn absorb(&mut self) {
        for write in self.wanted.writes.drain(..) {
            self.to_write.push(self.log.write(write));
        }
    }

    fn note_leadership(&mut self) {
        let epoch = self.machine.epoch();
        let leads = self.machine.is_primary() && epoch > self.led;
        if leads {
            self.led = epoch;
            metrics::counter!("starling_leader_changes_total").increment(1);
            tracing::info!(target: LEADERSHIP, group = %self.group, term = epoch, "leading");
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

impl Strategy for PrimaryBackupGroup {
    fn route(&self) -> Route {
        match self.machine.route() {
            machine::Route::Here => Route::Here,
            machine::Route::At(primary) => Route::At(primary),
            machine::Route::Nowhere => Route::Nowhere,
        }
    }

    fn is_cut_off(&self) -> bool {
        let primary = self.machine.primary();
        primary.is_none_or(|it| it == self.me) && self.route() == Route::Nowhere
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
                fail_point!("primary-backup.before-receive");
                self.step(Input::Receive(from, message));
            }
            None => {
                tracing::warn!(group = %self.group, from, "a message of a replica that cannot be read");
            }
        }
    }

    fn fetched(&mut self, message: Bytes) {
        if let Some(message) = Message::decode(message) {
            self.step(Input::Fetched(message));
            self.handed_out = self.handed_out.max(self.machine.applied().0);
        }
    }

    fn fetch_failed(&mut self) {
        self.step(Input::FetchFailed);
    }

    fn peer_fetches(&mut self, peer: PeerId) {
        self.step(Input::PeerFetches(peer));
    }

    fn provide(&mut self, index: u64) {
        self.step(Input::Provide(index));
    }

    fn tick(&mut self) {
        self.now_ms += TICK_MS;
        self.step(Input::Tick);
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
            fail_point!("primary-backup.before-confirm");
            self.step(Input::Synced(number));
        }
        self.note_leadership();
    }

    fn applied(&mut self, index: u64, term: u64) {
        self.step(Input::Applied(index, term));
        self.log.applied(index);
    }

    fn point(&self) -> Point {
        let (index, term) = self.machine.applied();
        Point { index, term, memory: Bytes::new() }
    }

    fn purge(&mut self, index: u64) -> Option<(u64, u64)> {
        let purgeable = self.machine.purgeable(index, &self.log)?;
        self.log.purge(purgeable);
        Some(purgeable)
    }

    fn entries(&self, after: u64, upto: u64) -> Option<Vec<Committed>> {
        self.machine.entries(after, upto, &self.log).map(|it| storage::committed(after, it))
    }

    fn want(&mut self, _replicas: &[PeerId]) {} // It is in the views.

    fn step_down(&mut self) {
        self.step(Input::StepDown);
    }

    fn hand_over(&mut self, to: PeerId, needs_all: bool) -> bool {
        let is_on_its_way = self.machine.may_hand_over(to, needs_all);
        if is_on_its_way {
            self.step(Input::HandOver(to));
        }
        is_on_its_way
    }

    fn view(&mut self, view: &View) {
        self.step(Input::View(view.clone()));
        self.note_leadership();
    }

    fn settle(&mut self, ticket: u64, effects: &mut Effects) {
        self.machine.flush(self.now_ms, &self.log, &mut self.wanted);
        self.absorb();
        if !self.to_write.is_empty() {
            fail_point!("primary-backup.before-write");
            self.unsynced.push_back((ticket, self.machine.written()));
            effects.appends.append(&mut self.to_write);
        }
        for (to, message) in self.wanted.sends.drain(..) {
            fail_point!("primary-backup.before-message");
            effects.sends.push((to, message.encode()));
        }
        effects.proposes.append(&mut self.wanted.proposes);
        effects.wants_state |= std::mem::take(&mut self.wanted.wants_state);
        let fetch = self.wanted.fetch.take();
        effects.fetch =
            fetch.map(|it| Fetch { from: it.from, index: it.index, message: it.message.encode() });
        if let Some(upto) = self.wanted.commit.take() {
            self.hand_out(upto, effects);
        }
    }

    fn term(&self) -> u64 {
        self.machine.epoch()
    }

    fn status(&self) -> StrategyStatus {
        let machine::Status { primary, epoch, commit, in_sync, learners } = self.machine.status();
        StrategyStatus {
            leader: primary,
            term: epoch,
            commit,
            voters: in_sync,
            learners,
            coordinator: None,
        }
    }
}
