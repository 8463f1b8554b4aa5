//! The machine with what its adapter would do: applying, checkpoints, states for others, and a few offers.

use super::super::{Coordinated, Effects, Input, Message, Start, Write};
use super::disk::{MemoryLog, State, TestDisk, TestWrite, write_log};
use super::{Ask, Envelope, Event, Setup};
use crate::bully::PeerId;
use crate::primary_backup::{self as copy, Route};
use crate::testnet::{self, Now, Random};
use bytes::Bytes;
use std::collections::VecDeque;

/// A peer that does not answer a fetch this long has nothing for us.
const FETCH_MS: u64 = 1_500;

pub(super) struct Replica {
    pub(super) machine: Coordinated,
    pub(super) log: MemoryLog,
    pub(super) state: State,
    /// For the watch.
    pub(super) events: Vec<Event>,
    pub(super) is_quiet: bool,
    random: Random,
    setup: Setup,
    /// Committed, and not applied yet.
    commit: u64,
    /// Tickets of the network, and the machine's writes that they cover.
    unsynced: VecDeque<(u64, u64)>,
    fetch: Option<Fetching>,
    wants_state: bool,
    offered: u64,
    life: u64,
    writes: Vec<TestWrite>,
}

struct Fetching {
    since_ms: u64,
    message: copy::Message,
    /// It is here, and on disk once this ticket is.
    stored: Option<(u64, State)>,
}

type Sends = Vec<(PeerId, Envelope)>;

impl Replica {
    pub(super) fn begin(
        me: PeerId,
        now: Now,
        seed: u64,
        disk: &TestDisk,
        setup: &Setup,
    ) -> Replica {
        let mut effects = Effects::default();
        let state = disk.checkpoint;
        let start = Start {
            copy: copy::Start {
                epoch: disk.epoch,
                commit: disk.commit,
                applied: (state.index, state.epoch),
            },
            line: disk.line,
            state_line: disk.checkpoint_line,
        };
        let options = setup.options.clone();
        let machine = Coordinated::new(me, now.us, options, start, &disk.log, &mut effects);
        let mut this = Replica {
            machine: machine.expect("log and state fit together"),
            log: disk.log.clone(),
            state,
            events: Vec::new(),
            is_quiet: false,
            random: Random::new(seed),
            setup: setup.clone(),
            commit: state.index,
            unsynced: VecDeque::new(),
            fetch: None,
            wants_state: false,
            offered: 0,
            life: seed,
            writes: Vec::new(),
        };
        this.events.push(Event::State(this.machine.line(), state));
        let mut sends = Vec::new();
        this.carry_out(now.ms, effects, &mut sends);
        let members = setup.members.clone();
        this.feed(now.ms, Input::Members(members), &mut sends);
        assert!(sends.is_empty(), "it has no link yet");
        this
    }

    /// One input of the network.
    pub(super) fn feed_network(
        &mut self,
        now: Now,
        input: testnet::Input<Envelope, Ask>,
        ticket: u64,
        sends: &mut Sends,
    ) -> Vec<TestWrite> {
        use testnet::Input as Net;
        let ms = now.ms;
        match input {
            Net::Receive(from, Envelope::Peer(bytes)) => {
                let message = Message::decode(bytes).expect("it was encoded");
                self.feed(ms, Input::Receive(from, message), sends);
            }
            Net::Receive(from, Envelope::Fetch(index)) => self.give_state(ms, from, index, sends),
            Net::Receive(_, Envelope::State(state, line)) => self.store_state(ticket, state, line),
            Net::Link(peer, is_up) => self.feed(ms, Input::Link(peer, is_up), sends),
            Net::Synced(ticket) => self.synced(ms, ticket, sends),
            Net::Ask(Ask::Quiet) => self.is_quiet = true,
            Net::Tick => self.tick(ms, sends),
        }
        if self.machine.written() > self.unsynced.back().map_or(0, |it| it.1) {
            self.unsynced.push_back((ticket, self.machine.written()));
        }
        std::mem::take(&mut self.writes)
    }

    fn tick(&mut self, ms: u64, sends: &mut Sends) {
        self.feed(ms, Input::Tick, sends);
        self.apply(ms, sends);
        if std::mem::take(&mut self.wants_state) {
            self.feed(ms, Input::Copy(copy::Input::Provide(self.state.index)), sends);
        }
        if self.fetch.as_ref().is_some_and(|it| ms - it.since_ms > FETCH_MS) {
            self.fetch = None;
            self.feed(ms, Input::Copy(copy::Input::FetchFailed), sends);
        }
        if self.random.chance(self.setup.checkpoint_chance) && self.fetch.is_none() {
            self.checkpoint();
        }
        for _ in 0..self.random.below(self.setup.offers_per_tick + 1) {
            self.offer(ms, sends);
        }
    }

    /// Something nobody else offers.
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
        if effects.is_reset {
            (self.state, self.commit, self.fetch) = (State::default(), 0, None);
            self.wants_state = false;
            self.events.push(Event::Reset);
        }
        for write in effects.writes {
            write_log(&mut self.log, &write);
            self.writes.push(TestWrite::Machine(write));
        }
        sends.extend(effects.sends.iter().map(|(to, it)| (*to, Envelope::Peer(it.encode()))));
        if let Some(commit) = effects.commit {
            assert!(commit > self.commit, "a commit is news");
            self.commit = commit;
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
            self.events.push(Event::Applied(self.machine.line(), self.state, entry));
            is_news = true;
        }
        if is_news {
            let applied = copy::Input::Applied(self.state.index, self.state.epoch);
            self.feed(ms, Input::Copy(applied), sends);
        }
    }

    fn checkpoint(&mut self) {
        if self.state.index == 0 {
            return; // Of a state that was dropped; another is on its way.
        }
        self.writes.push(TestWrite::Checkpoint(self.state, self.machine.line()));
        let index = self.state.index - self.random.below(self.state.index.min(20) + 1);
        if let Some((index, epoch)) = self.machine.purgeable(index, &self.log) {
            write_log(&mut self.log, &Write::Purge { index, epoch });
            self.writes.push(TestWrite::Compact(index, epoch));
        }
    }

    fn give_state(&mut self, ms: u64, to: PeerId, index: u64, sends: &mut Sends) {
        self.feed(ms, Input::Copy(copy::Input::PeerFetches(to)), sends);
        if self.state.index >= index {
            sends.push((to, Envelope::State(self.state, self.machine.line())));
        }
    }

    fn store_state(&mut self, ticket: u64, state: State, line: u64) {
        let is_ours = line == self.machine.line();
        let Some(fetch) = self.fetch.as_mut().filter(|it| it.stored.is_none() && is_ours) else {
            return;
        };
        let copy::Message::State { index, .. } = fetch.message else { return };
        if state.index >= index && state.index > self.state.index {
            fetch.stored = Some((ticket, state));
            self.writes.push(TestWrite::Checkpoint(state, line));
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
            self.feed(ms, Input::Copy(copy::Input::FetchFailed), sends); // The log was faster.
            return;
        }
        let copy::Message::State { epoch, .. } = fetch.message else { return };
        let message = copy::Message::State { epoch, index: state.index, index_epoch: state.epoch };
        (self.state, self.commit) = (state, state.index);
        self.events.push(Event::State(self.machine.line(), state));
        self.feed(ms, Input::Copy(copy::Input::Fetched(message)), sends);
    }
}
