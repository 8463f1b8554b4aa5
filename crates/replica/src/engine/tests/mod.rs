//! The engine over a strategy that does what a test says: who leads, what is taken, what is committed.

mod bridging;
mod elsewhere;
mod here;
mod leaving;
mod observing;
mod patience;
mod replica;
mod roles;

use super::offer::{GIVE_UP_MS, GIVE_UP_ROUTED_MS, OFFER_AGAIN_MS};
use super::*;
use crate::lane::{Intake, read_entry};
use crate::store::SimDisk;
use crate::store::history::HistoryOptions;
use crate::store::log::LogOptions;
use crate::strategy::Point;
use std::sync::Arc;

const GROUP: GroupId = GroupId(3);
const ME: PeerId = 1;
const LEADER: PeerId = 2;
const OTHER: PeerId = 3;
const BOOT: u32 = 5;
/// What a node's first lane is called.
const GENERATION: u64 = (BOOT as u64) << 32;

/// What the strategy is told to do, and what it was asked to.
struct Script {
    route: Route,
    leader: Option<PeerId>,
    term: u64,
    room: usize,
    takes: bool,
    offered: Vec<Bytes>,
    committed: Vec<Committed>,
    appends: Vec<Append>,
    received: Vec<(PeerId, Bytes)>,
    links: Vec<(PeerId, bool)>,
    ticks: usize,
    synced: Vec<u64>,
    wants_state: bool,
    voters: Vec<PeerId>,
    wanted: Vec<PeerId>,
    has_stepped_down: bool,
}

struct Scripted(Rc<RefCell<Script>>);

impl Strategy for Scripted {
    fn route(&self) -> Route {
        self.0.borrow().route
    }
    fn is_cut_off(&self) -> bool {
        let it = self.0.borrow();
        it.leader.is_none_or(|it| it == ME) && it.route == Route::Nowhere
    }
    fn room(&self) -> usize {
        self.0.borrow().room
    }
    fn offer(&mut self, entry: Bytes, _: u64) -> bool {
        let mut it = self.0.borrow_mut();
        if it.takes {
            it.room -= 1;
            it.offered.push(entry);
        }
        it.takes
    }
    fn receive(&mut self, from: PeerId, message: Bytes) {
        self.0.borrow_mut().received.push((from, message));
    }
    fn fetched(&mut self, _: Bytes) {}
    fn fetch_failed(&mut self) {}
    fn peer_fetches(&mut self, _: PeerId) {}
    fn provide(&mut self, _: u64) {}
    fn tick(&mut self) {
        self.0.borrow_mut().ticks += 1;
    }
    fn link(&mut self, peer: PeerId, is_up: bool) {
        self.0.borrow_mut().links.push((peer, is_up));
    }
    fn synced(&mut self, ticket: u64) {
        self.0.borrow_mut().synced.push(ticket);
    }
    fn applied(&mut self, _: u64, _: u64) {}
    fn point(&self) -> Point {
        Point::default()
    }
    fn purge(&mut self, _: u64) -> Option<(u64, u64)> {
        None
    }
    fn entries(&self, _: u64, _: u64) -> Option<Vec<Committed>> {
        None
    }
    fn want(&mut self, replicas: &[PeerId]) {
        self.0.borrow_mut().wanted = replicas.to_vec();
    }
    fn step_down(&mut self) {
        self.0.borrow_mut().has_stepped_down = true;
    }
    fn settle(&mut self, _: u64, effects: &mut Effects) {
        let mut it = self.0.borrow_mut();
        effects.committed.append(&mut it.committed);
        effects.appends.append(&mut it.appends);
        effects.wants_state = std::mem::take(&mut it.wants_state);
    }
    fn status(&self) -> StrategyStatus {
        let it = self.0.borrow();
        StrategyStatus {
            leader: it.leader,
            term: it.term,
            voters: it.voters.clone(),
            ..StrategyStatus::default()
        }
    }
}

/// What leaves a node.
#[derive(Default)]
struct Sent(Vec<(PeerId, Envelope)>);

impl Links for Sent {
    fn send(&mut self, to: PeerId, fill: &mut dyn FnMut(&mut Vec<u8>)) -> bool {
        let mut frame = Vec::new();
        fill(&mut frame);
        self.0.push((to, Envelope::decode(frame.into()).expect("the engine sends what it reads")));
        true
    }
}

/// A node with one group.
struct Node {
    engine: Engine,
    script: Rc<RefCell<Script>>,
    sent: Sent,
    now_ms: u64,
}

impl Node {
    fn new(me: PeerId) -> Node {
        let options = LogOptions { segment_bytes: 4096, inline: true, ..LogOptions::default() };
        let log = Log::open(Arc::new(SimDisk::new()), options, Box::new(|_| ()));
        let options = HistoryOptions { segment_bytes: 4096, ..HistoryOptions::default() };
        let history = History::open(Arc::new(SimDisk::new()), options);
        let log = Rc::new(RefCell::new(log.expect("an empty disk").0));
        let history = Rc::new(RefCell::new(history.expect("an empty disk").0));
        let script = Rc::new(RefCell::new(Script {
            route: Route::Nowhere,
            leader: None,
            term: 1,
            room: 4,
            takes: true,
            offered: Vec::new(),
            committed: Vec::new(),
            appends: Vec::new(),
            received: Vec::new(),
            links: Vec::new(),
            ticks: 0,
            synced: Vec::new(),
            wants_state: false,
            voters: Vec::new(),
            wanted: Vec::new(),
            has_stepped_down: false,
        }));
        let mut engine = Engine::new(me, BOOT, log, history, |_| Kind::Raft);
        let outbox = engine.new_outbox();
        let role = Role::Replica(Box::new(Scripted(script.clone())));
        engine.groups.insert(GROUP, Group::new(Kind::Raft, role, outbox));
        let mut node = Node { engine, script, sent: Sent::default(), now_ms: 0 };
        node.wait(10_000);
        node
    }

    /// A node whose commands go there.
    fn routed(me: PeerId, route: Route) -> Node {
        let mut node = Node::new(me);
        node.route(route);
        node
    }

    /// Another leader, or none, from now on.
    fn route(&mut self, route: Route) -> Vec<String> {
        {
            let mut script = self.script.borrow_mut();
            script.term += 1;
            script.route = route;
            script.leader = match route {
                Route::Here => Some(self.engine.me),
                Route::At(leader) => Some(leader),
                Route::Nowhere => None,
            };
        }
        self.engine.touched.insert(GROUP);
        self.settle()
    }

    fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
        self.engine.set_now(self.now_ms);
    }

    fn tick_after(&mut self, ms: u64) -> Vec<String> {
        self.wait(ms);
        self.engine.tick();
        self.settle()
    }

    fn submit(&mut self, tokens: std::ops::Range<u64>) -> Vec<String> {
        for token in tokens {
            self.engine.submit(GROUP, token, format!("{}:{token}", self.engine.me).into());
        }
        self.settle()
    }

    fn receive(&mut self, from: PeerId, envelope: &Envelope) -> Vec<String> {
        let mut frame = Vec::new();
        envelope.encode(&mut frame);
        self.engine.receive(from, frame.into());
        self.settle()
    }

    /// All that happened, in words.
    fn settle(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let events = self.engine.settle(1_000, &mut self.sent);
            said.extend(events.into_iter().map(in_words));
            if self.engine.is_settled() {
                return said;
            }
        }
    }

    /// The entry at this place of the group's log is committed.
    fn commit(&mut self, index: u64, data: Bytes) -> Vec<String> {
        self.script.borrow_mut().committed.push(Committed { index, term: 1, data, origin: None });
        self.engine.touched.insert(GROUP);
        self.settle()
    }

    /// What was sent since it was last asked, but for the strategy's own, with the commands of sections.
    fn sent(&mut self) -> Vec<(PeerId, String)> {
        let sent = std::mem::take(&mut self.sent.0);
        sent.into_iter().map(|(to, it)| (to, sent_in_words(it))).collect()
    }

    /// The sections sent since it was last asked.
    fn sections(&mut self) -> Vec<Bytes> {
        let sent = std::mem::take(&mut self.sent.0);
        let section = |(_, it)| match it {
            Envelope::Propose(GROUP, section) => Some(section),
            _ => None,
        };
        sent.into_iter().filter_map(section).collect()
    }

    /// The commands of each entry offered to the strategy since it was last asked.
    fn offered(&mut self) -> Vec<String> {
        let offered = std::mem::take(&mut self.script.borrow_mut().offered);
        offered
            .into_iter()
            .map(|it| sections_in_words(read_entry(it).expect("an entry").1))
            .collect()
    }
}

fn in_words(event: Event) -> String {
    match event {
        Event::Apply(it) => {
            assert_eq!(it.group, GROUP);
            let commands: Vec<_> =
                it.commands.iter().map(|it| String::from_utf8_lossy(it)).collect();
            format!(
                "apply {} of {} at {} for {:?}",
                commands.join(" "),
                it.origin,
                it.index,
                it.tokens
            )
        }
        Event::Refused { token } => format!("refused {token}"),
        Event::Unknown { token } => format!("unknown {token}"),
        Event::WantsState(_) => "wants state".to_owned(),
        Event::Keep(group) => format!("keep {group}"),
        Event::Install { group, .. } => format!("install {group}"),
        Event::Told { from, body } => format!("told {} by {from}", String::from_utf8_lossy(&body)),
        other => panic!("not scripted: {other:?}"),
    }
}

fn sections_in_words(sections: Vec<crate::lane::Section>) -> String {
    let commands = sections.iter().flat_map(|it| &it.commands);
    let commands: Vec<_> = commands.map(|it| String::from_utf8_lossy(it)).collect();
    commands.join(" ")
}

fn sent_in_words(envelope: Envelope) -> String {
    match envelope {
        Envelope::Propose(GROUP, mut section) => {
            let section = crate::lane::Section::take(&mut section).expect("a section");
            format!("propose {}", sections_in_words(vec![section]))
        }
        Envelope::NotTaken { group: GROUP, generation, can_commit, .. } => {
            let of = generation - GENERATION;
            let why = if can_commit { "" } else { ", cut off" };
            format!("not taken, lane {of}{why}")
        }
        other => format!("{other:?}"),
    }
}

fn not_taken(generation: u64, can_commit: bool) -> Envelope {
    Envelope::NotTaken { group: GROUP, generation, can_commit, section: (0, 0) }
}
