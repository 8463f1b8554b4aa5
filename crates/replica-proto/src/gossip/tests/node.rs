//! The machine in the shell it needs: a log, a state with checkpoints, state for peers.

use crate::gossip::{Counters, Effects, Entry, Held, Input, Limits, Log, Machine, Message};
use crate::gossip::{Met, Origin, Start, VersionVector};
use crate::testnet::{self, Id, Node, Now, Out};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;

/// A node. Its state is what the machine delivered; since that is in order and without gaps, the vector
/// says it all.
pub(super) struct Gossip {
    pub(super) machine: Machine,
    pub(super) state: VersionVector,
    /// Delivered since somebody last looked, or a state that took the place of the old one.
    pub(super) news: Vec<News>,
    pub(super) met: Vec<Met>,
    pub(super) has_forgotten: bool,
    pub(super) joined: u64,
    /// Until somebody looks for the first time.
    pub(super) is_new: bool,
    appended: u64,
    /// Ticket, and what is to be done when it is synced.
    after_sync: Vec<(u64, After)>,
    /// From whom, since when, and whether to join it.
    fetching: Option<(Id, u64, bool)>,
}

#[derive(Clone, Debug)]
pub(super) enum News {
    Delivered(Entry),
    State(VersionVector),
}

enum After {
    Appended(u64),
    Checkpoint(VersionVector),
    Fetched(VersionVector),
}

/// What all nodes of a run are told.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) members: Vec<Id>,
    pub(super) limits: Limits,
}

#[derive(Clone)]
pub(super) enum Said {
    Wire(Bytes),
    WantState,
    State(VersionVector),
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Wire(bytes) => {
                let message = Message::decode(bytes).expect("nodes say what can be read");
                let list = |entries: &[Entry]| {
                    let them: Vec<_> = entries.iter().map(|it| (it.origin, it.index)).collect();
                    format!("{them:?}")
                };
                if !message.push.is_empty() {
                    write!(f, "push {} ", list(&message.push))?;
                }
                for part in &message.parts {
                    write!(f, "part {} {} ", part.id, list(&part.entries))?;
                }
                if let Some(it) = &message.exchange {
                    let kept: Vec<_> =
                        it.kept.iter().map(|it| (it.origin, it.floor, it.upto)).collect();
                    write!(f, "{} {kept:?} ", if it.is_question { "compare" } else { "tell" })?;
                }
                if !message.have.is_empty() {
                    write!(f, "have {:?} ", message.have)?;
                }
                for ask in &message.asks {
                    let ranges: Vec<_> =
                        ask.ranges.iter().map(|it| (it.origin, it.after, it.upto)).collect();
                    let kind = if ask.is_graft { "graft" } else { "ask" };
                    write!(f, "{kind} {} {ranges:?} ", ask.id)?;
                }
                if !message.prune.is_empty() {
                    write!(f, "prune {:?}", message.prune)?;
                }
                Ok(())
            }
            Said::WantState => f.write_str("want state"),
            Said::State(version) => write!(f, "state {version:?}"),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Ask {
    Offer(Vec<Bytes>),
    Checkpoint,
    Members(Vec<Id>),
    Fanout(usize),
    Rtt(Id, u64),
}

/// Logs by origin, and the last state that was written.
#[derive(Clone, Default)]
pub(super) struct Disk {
    pub(super) state: VersionVector,
    clock: u64,
    logs: BTreeMap<Origin, BTreeMap<u64, Entry>>,
}

#[derive(Clone, Debug)]
pub(super) enum Write {
    Entry(Entry),
    Checkpoint(VersionVector, u64),
    Fetched(VersionVector),
    Purge(VersionVector),
}

impl testnet::Disk for Disk {
    type Write = Write;

    fn write(&mut self, write: &Write) {
        match write {
            Write::Entry(entry) => {
                self.logs.entry(entry.origin).or_default().insert(entry.index, entry.clone());
            }
            Write::Checkpoint(state, clock) => {
                self.state = state.clone();
                self.clock = *clock;
            }
            Write::Fetched(state) => self.state = state.clone(),
            Write::Purge(floors) => {
                for (origin, log) in &mut self.logs {
                    *log = log.split_off(&(floors.get(*origin) + 1));
                }
            }
        }
    }
}

impl Log for Disk {
    fn read(&self, origin: Origin, after: u64, upto: u64, bytes_max: usize, out: &mut Vec<Entry>) {
        let Some(log) = self.logs.get(&origin) else { return };
        let mut bytes = 0;
        for (next, (index, entry)) in (after + 1..=upto).zip(log.range(after + 1..=upto)) {
            bytes += entry.data.len();
            if next != *index || (bytes > bytes_max && next > after + 1) {
                return;
            }
            out.push(entry.clone());
        }
    }
}

impl Disk {
    /// The last run without a gap of each log, as far as it goes on from the state.
    fn held(&self) -> Vec<Held> {
        let mut all = Vec::new();
        for (origin, log) in &self.logs {
            let Some((upto, _)) = log.last_key_value() else { continue };
            let mut held = Held { origin: *origin, first: *upto, upto: *upto, bytes: 0 };
            for (index, entry) in log.iter().rev() {
                if index + 1 < held.first {
                    break;
                }
                held.first = *index;
                held.bytes += entry.data.len() as u64;
            }
            all.push(held);
        }
        all
    }
}

impl Node for Gossip {
    type Message = Said;
    type Disk = Disk;
    type Ask = Ask;
    type Setup = Setup;

    fn start(me: Id, now: Now, seed: u64, disk: &Disk, setup: &Setup) -> Gossip {
        let start = Start { state: disk.state.clone(), held: disk.held(), clock: disk.clock };
        let mut effects = Effects::default();
        let clocks = (now.ms, now.wall_ms);
        let machine = Machine::new(me, setup.limits, seed, clocks, &start, disk, &mut effects);
        let mut node = Gossip {
            machine,
            state: disk.state.clone(),
            news: vec![News::State(disk.state.clone())],
            met: Vec::new(),
            has_forgotten: false,
            joined: 0,
            is_new: true,
            appended: 0,
            after_sync: Vec::new(),
            fetching: None,
        };
        let members = Input::Members(setup.members.clone());
        node.machine.step(now.ms, now.wall_ms, members, disk, &mut effects);
        assert!(effects.appends.is_empty() && effects.sends.is_empty());
        node.deliver(effects.delivers);
        node
    }

    fn step(
        &mut self,
        now: Now,
        input: testnet::Input<Said, Ask>,
        disk: &Disk,
        out: &mut Out<Gossip>,
    ) {
        match input {
            testnet::Input::Receive(from, Said::Wire(message)) => {
                self.feed(now, Input::Received { from, message }, disk, out);
            }
            testnet::Input::Receive(from, Said::WantState) => {
                out.sends.push((from, Said::State(self.state.clone())));
            }
            testnet::Input::Receive(from, Said::State(version)) => {
                if let Some((.., joins)) = self.fetching.take_if(|it| it.0 == from) {
                    let mut version = version;
                    if joins {
                        self.joined += 1;
                        version.merge(&self.state);
                    }
                    out.writes.push(Write::Fetched(version.clone()));
                    self.after_sync.push((out.ticket, After::Fetched(version)));
                }
            }
            testnet::Input::Tick => {
                if self.fetching.take_if(|it| it.1 + 2_000 < now.ms).is_some() {
                    self.feed(now, Input::FetchFailed, disk, out);
                }
                self.feed(now, Input::Tick, disk, out);
            }
            testnet::Input::Synced(ticket) => {
                for (_, after) in
                    self.after_sync.extract_if(.., |it| it.0 <= ticket).collect::<Vec<_>>()
                {
                    self.after_sync(now, after, disk, out);
                }
            }
            testnet::Input::Link(peer, is_up) => {
                self.feed(now, Input::Link { peer, is_up }, disk, out);
            }
            testnet::Input::Ask(Ask::Offer(data)) => self.feed(now, Input::Offer(data), disk, out),
            testnet::Input::Ask(Ask::Checkpoint) => {
                if !self.machine.status().is_fetching {
                    let write = Write::Checkpoint(self.state.clone(), self.machine.clock());
                    out.writes.push(write);
                    self.after_sync.push((out.ticket, After::Checkpoint(self.state.clone())));
                }
            }
            testnet::Input::Ask(Ask::Members(members)) => {
                self.feed(now, Input::Members(members), disk, out);
            }
            testnet::Input::Ask(Ask::Rtt(peer, micros)) => {
                self.feed(now, Input::Rtt { peer, micros }, disk, out);
            }
            testnet::Input::Ask(Ask::Fanout(fanout)) => {
                self.feed(now, Input::Fanout(fanout), disk, out);
            }
        }
    }
}

impl Gossip {
    fn after_sync(&mut self, now: Now, after: After, disk: &Disk, out: &mut Out<Gossip>) {
        match after {
            After::Appended(count) => self.feed(now, Input::Synced(count), disk, out),
            After::Checkpoint(state) => {
                let floors = self.machine.purge(&state);
                out.writes.push(Write::Purge(floors));
            }
            After::Fetched(version) => {
                self.state = version.clone();
                self.news.push(News::State(version.clone()));
                self.feed(now, Input::Fetched { version }, disk, out);
                out.writes.push(Write::Purge(self.machine.floors()));
            }
        }
    }

    fn feed(&mut self, now: Now, input: Input, disk: &Disk, out: &mut Out<Gossip>) {
        let mut effects = Effects::default();
        self.machine.step(now.ms, now.wall_ms, input, disk, &mut effects);
        if !effects.appends.is_empty() {
            self.appended += effects.appends.len() as u64;
            out.writes.extend(effects.appends.into_iter().map(Write::Entry));
            self.after_sync.push((out.ticket, After::Appended(self.appended)));
        }
        self.deliver(effects.delivers);
        out.sends.extend(effects.sends.into_iter().map(|(to, bytes)| (to, Said::Wire(bytes))));
        if let Some(fetch) = effects.fetch {
            self.fetching = Some((fetch.from, now.ms, fetch.joins));
            out.sends.push((fetch.from, Said::WantState));
        }
        self.met.extend(effects.met);
        self.has_forgotten |= effects.has_forgotten;
    }

    fn deliver(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.state.raise(entry.origin, entry.index);
            self.news.push(News::Delivered(entry));
        }
    }

    pub(super) fn counters(&self) -> Counters {
        self.machine.counters()
    }
}
