//! The machine with what its adapter would do: applying, checkpoints, states for others, news for the
//! directory, and a few offers.

use super::super::{Effects, Input, Log, Message, PeerId, PrimaryBackup, Propose, Route, Start};
use super::disk::{MemoryLog, State, TestDisk, TestWrite};
use super::{DIRECTORY, Envelope, Event, Setup};
use crate::testnet::{Now, Random};
use bytes::Bytes;
use std::collections::VecDeque;

/// A peer that does not answer a fetch this long has nothing for us.
const FETCH_MS: u64 = 1_500;

pub(super) struct Replica {
    pub(super) me: PeerId,
    pub(super) machine: PrimaryBackup,
    pub(super) log: MemoryLog,
    pub(super) state: State,
    /// For the watch.
    pub(super) events: Vec<Event>,
    pub(super) is_quiet: bool,
    pub(super) now_ms: u64,
    random: Random,
    setup: Setup,
    /// Committed, and not applied yet.
    commit: u64,
    /// Tickets of the network, and the machine's writes that they cover.
    unsynced: VecDeque<(u64, u64)>,
    fetch: Option<Fetching>,
    wants_state: bool,
    offered: u64,
    ticks: u64,
    life: u64,
    writes: Vec<TestWrite>,
}

struct Fetching {
    since_ms: u64,
    message: Message,
    /// It is here, and on disk once this ticket is.
    stored: Option<(u64, State)>,
}

type Sends = Vec<(PeerId, Envelope)>;

impl Replica {
    pub(super) fn start(me: PeerId, seed: u64, disk: &TestDisk, setup: &Setup) -> Replica {
        let mut effects = Effects::default();
        let state = disk.checkpoint;
        let start =
            Start { epoch: disk.epoch, commit: disk.commit, applied: (state.index, state.epoch) };
        let options = setup.options.clone();
        let machine = PrimaryBackup::new(me, options, start, &disk.log, &mut effects);
        let machine = machine.expect("log and state fit together");
        let mut this = Replica {
            me,
            machine,
            log: disk.log.clone(),
            state,
            events: Vec::new(),
            is_quiet: false,
            now_ms: 0,
            random: Random::new(seed),
            setup: setup.clone(),
            commit: state.index,
            unsynced: VecDeque::new(),
            fetch: None,
            wants_state: false,
            offered: 0,
            ticks: 0,
            life: seed,
            writes: Vec::new(),
        };
        this.events.push(Event::State(state));
        let mut sends = Vec::new();
        this.carry_out(0, effects, &mut sends);
        assert!(sends.is_empty(), "a start has nothing to say");
        this
    }

    /// One input of the network.
    pub(super) fn step(
        &mut self,
        now: Now,
        input: crate::testnet::Input<Envelope, super::Ask>,
        ticket: u64,
        sends: &mut Sends,
    ) -> Vec<TestWrite> {
        use crate::testnet::Input as Net;
        let ms = now.ms;
        self.now_ms = ms;
        match input {
            Net::Receive(from, Envelope::Peer(bytes)) => {
                let message = Message::decode(bytes).expect("it was encoded");
                self.feed(ms, Input::Receive(from, message), sends);
            }
            Net::Receive(_, Envelope::View(view)) => self.feed(ms, Input::View(view), sends),
            Net::Receive(from, Envelope::Fetch(index)) => self.give_state(ms, from, index, sends),
            Net::Receive(_, Envelope::State(state)) => self.store_state(ticket, state),
            Net::Receive(_, Envelope::Propose(_) | Envelope::Hello(_)) => {}
            Net::Link(DIRECTORY, _) => {}
            Net::Link(peer, is_up) => self.feed(ms, Input::Link(peer, is_up), sends),
            Net::Synced(ticket) => self.synced(ms, ticket, sends),
            Net::Ask(super::Ask::StepDown) => self.feed(ms, Input::StepDown, sends),
            Net::Ask(super::Ask::Quiet) => self.is_quiet = true,
            Net::Ask(super::Ask::Place(_)) => {}
            Net::Tick => self.tick(ms, sends),
        }
        if self.machine.written() > self.unsynced.back().map_or(0, |it| it.1) {
            self.unsynced.push_back((ticket, self.machine.written()));
        }
        std::mem::take(&mut self.writes)
    }

    fn tick(&mut self, ms: u64, sends: &mut Sends) {
        self.ticks += 1;
        self.feed(ms, Input::Tick, sends);
        self.apply(ms, sends);
        if self.ticks % 4 == 1 {
            sends.push((DIRECTORY, Envelope::Hello(self.machine.status().epoch)));
        }
        if std::mem::take(&mut self.wants_state) {
            self.feed(ms, Input::Provide(self.state.index), sends);
        }
        let is_late = self.fetch.as_ref().is_some_and(|it| ms - it.since_ms > FETCH_MS);
        if is_late {
            self.fetch = None;
            self.feed(ms, Input::FetchFailed, sends);
        }
        if self.random.chance(self.setup.checkpoint_chance) && self.fetch.is_none() {
            self.checkpoint();
        }
        for _ in 0..self.random.below(self.setup.offers_per_tick + 1) {
            self.offer(ms, sends);
        }
    }

    /// Something nobody else offers; its length differs, so that batches have their edges.
    fn offer(&mut self, ms: u64, sends: &mut Sends) {
        if self.is_quiet || self.machine.route() != Route::Here || self.machine.room() == 0 {
            return;
        }
        self.offered += 1;
        let mut data = [self.life.to_be_bytes(), self.offered.to_be_bytes()].concat();
        data.resize(16 + self.random.below(64) as usize, 0);
        let mut effects = Effects::default();
        let is_taken = self.machine.offer(Bytes::from(data), &mut effects);
        assert!(is_taken, "it said that it would");
        self.settle(ms, effects, sends);
    }

    fn feed(&mut self, ms: u64, input: Input, sends: &mut Sends) {
        let mut effects = Effects::default();
        self.machine.step(ms, input, &self.log, &mut effects);
        self.settle(ms, effects, sends);
    }

    /// What was asked for is carried out; then the machine may say what to send.
    fn settle(&mut self, ms: u64, effects: Effects, sends: &mut Sends) {
        self.carry_out(ms, effects, sends);
        let mut effects = Effects::default();
        self.machine.flush(ms, &self.log, &mut effects);
        assert!(effects.writes.is_empty() && effects.commit.is_none(), "it only speaks");
        self.carry_out(ms, effects, sends);
        if self.random.chance(700) {
            self.apply(ms, sends);
        }
    }

    fn carry_out(&mut self, ms: u64, effects: Effects, sends: &mut Sends) {
        for write in effects.writes {
            self.log.write(&write);
            self.writes.push(TestWrite::Machine(write));
        }
        for (to, message) in effects.sends {
            sends.push((to, Envelope::Peer(message.encode())));
        }
        for propose in effects.proposes {
            self.events.push(Event::Proposed(propose.clone()));
            let Propose { on_epoch, view } = propose;
            sends.push((DIRECTORY, Envelope::Propose(Propose { on_epoch, view })));
        }
        if let Some(commit) = effects.commit {
            assert!(commit > self.commit, "a commit is news");
            self.commit = commit;
            let status = self.machine.status();
            if status.primary == Some(self.me) {
                self.events.push(Event::Acked(status.epoch));
            }
        }
        if let Some(fetch) = effects.fetch {
            sends.push((fetch.from, Envelope::Fetch(fetch.index)));
            self.fetch = Some(Fetching { since_ms: ms, message: fetch.message, stored: None });
        }
        self.wants_state |= effects.wants_state;
    }

    fn apply(&mut self, ms: u64, sends: &mut Sends) {
        let mut is_news = false;
        while self.state.index < self.commit {
            let entry = self.log.get(self.state.index + 1).expect("it is committed").clone();
            self.state.apply(&entry);
            self.events.push(Event::Applied(self.state, entry));
            is_news = true;
        }
        if is_news {
            self.feed(ms, Input::Applied(self.state.index, self.state.epoch), sends);
        }
    }

    fn checkpoint(&mut self) {
        self.writes.push(TestWrite::Checkpoint(self.state));
        let index = self.state.index - self.random.below(self.state.index.min(20) + 1);
        if let Some((index, epoch)) = self.machine.purgeable(index, &self.log) {
            self.log.write(&super::super::Write::Purge { index, epoch });
            self.writes.push(TestWrite::Compact(index, epoch));
        }
    }

    fn give_state(&mut self, ms: u64, to: PeerId, index: u64, sends: &mut Sends) {
        self.feed(ms, Input::PeerFetches(to), sends);
        if self.state.index >= index {
            sends.push((to, Envelope::State(self.state)));
        }
    }

    fn store_state(&mut self, ticket: u64, state: State) {
        let Some(fetch) = self.fetch.as_mut().filter(|it| it.stored.is_none()) else { return };
        let Message::State { index, .. } = fetch.message else { return };
        if state.index >= index && state.index > self.state.index {
            fetch.stored = Some((ticket, state));
            self.writes.push(TestWrite::Checkpoint(state));
        }
    }

    fn synced(&mut self, ms: u64, ticket: u64, sends: &mut Sends) {
        let mut number = 0;
        while let Some((_, upto)) = self.unsynced.pop_front_if(|it| it.0 <= ticket) {
            number = upto;
        }
        if number > 0 {
            self.feed(ms, Input::Synced(number), sends);
        }
        let is_stored = |it: &mut Fetching| it.stored.is_some_and(|it| it.0 <= ticket);
        let Some(fetch) = self.fetch.take_if(is_stored) else { return };
        let (_, state) = fetch.stored.expect("it is stored");
        if state.index <= self.commit.max(self.state.index) {
            self.feed(ms, Input::FetchFailed, sends); // The log was faster.
            return;
        }
        let Message::State { epoch, .. } = fetch.message else { return };
        let message = Message::State { epoch, index: state.index, index_epoch: state.epoch };
        (self.state, self.commit) = (state, state.index);
        self.events.push(Event::State(state));
        self.feed(ms, Input::Fetched(message), sends);
    }

    pub(super) fn last(&self) -> u64 {
        self.log.last()
    }
}
