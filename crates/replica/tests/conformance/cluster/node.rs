//! One process: an engine with its stores on a simulated disk, and the room above. It does what the
//! node's core and shell do, as far as a strategy can see it.

use super::room::{Place, Room};
use super::{GROUP, History, Row};
use crate::row::Order;
use bytes::Bytes;
use replica::engine::{Checkpoint, GroupCheckpoint, Links, StateAt};
use replica::store::history::{HistoryOptions, Record};
use replica::store::log::{LogError, LogOptions, OpenError, TornTail};
use replica::store::{Disk, Log, SimDisk};
use replica::strategy::{Point, Propose, Start, TICK_MS, View};
use replica::{Engine, Event, PeerId};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};

/// The key of the room's history, or what the keys of its streams begin with.
pub(crate) const ROOM: &[u8] = b"#room";
/// A gossip group's log may hold so much for those who are away: less than they miss.
const KEPT_BYTES_MAX: u64 = 256 << 10;
/// How often a node looks where replicas shall be.
const DUTY_MS: u64 = 250;
/// Wall clocks begin here.
const WALL_MS: u64 = 1_700_000_000_000;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Acked,
    Refused,
    Unknown,
}

pub(crate) struct Node {
    pub(crate) me: PeerId,
    pub(crate) order: Order,
    pub(crate) engine: Engine,
    pub(crate) history: Rc<RefCell<History>>,
    pub(crate) room: Room,
    /// A sync takes that long; `None`: it does not end.
    pub(crate) sync_ms: Option<u64>,
    /// What its wall clock shows.
    pub(crate) wall_ms: u64,
    /// States taken over from others.
    pub(crate) installs: usize,
    /// The end of the log that was cut off at the start.
    pub(crate) torn: Option<TornTail>,
    /// Why it cannot go on.
    pub(crate) broken: Option<String>,
    /// Most bytes that were submitted to the log and not on disk.
    pub(crate) unsynced_bytes: usize,
    pub(crate) up: BTreeSet<PeerId>,
    /// Branches that met: is it for this node to say so?
    pub(crate) met: Vec<bool>,
    /// For the directory to decide on.
    pub(crate) proposes: Vec<Propose>,
    synced: Receiver<Result<u64, LogError>>,
    sync_at_ms: Option<u64>,
    installing: bool,
    now_ms: u64,
}

/// Small, so that the edges come early: the largest entry is 64 KiB, and half a segment must hold it.
pub(crate) fn log_options() -> LogOptions {
    LogOptions { segment_bytes: 256 << 10, inline: true, segments_max: 4, ..LogOptions::default() }
}

/// What leaves a node: to whom, what.
#[derive(Default)]
pub(crate) struct Out(pub(crate) Vec<(PeerId, Bytes)>, BTreeSet<PeerId>);

impl Links for Out {
    fn send(&mut self, to: PeerId, fill: &mut dyn FnMut(&mut Vec<u8>)) -> bool {
        let mut frame = Vec::new();
        fill(&mut frame);
        self.0.push((to, frame.into()));
        self.1.contains(&to)
    }
}

impl Node {
    /// Starts a node from its disk. `founders`: it is one of the group's first replicas.
    pub(crate) fn open(
        row: &Row,
        (me, boot): (PeerId, u32),
        disk: &SimDisk,
        founders: &[PeerId],
        now_ms: u64,
    ) -> Result<Node, OpenError> {
        let (tell, synced) = channel();
        let on_synced = Box::new(move |it| {
            let _ = tell.send(it); // The node may be gone.
        });
        let (log, recovered) = Log::open(disk.dir("log")?, log_options(), on_synced)?;
        let options = HistoryOptions { segment_bytes: 64 << 10, ..HistoryOptions::default() };
        let opened = History::open(disk.dir("history")?, options);
        let (mut history, blob) = opened.expect("nobody has touched the history");
        let checkpoint = match blob {
            Some(blob) => postcard::from_bytes(&blob).expect("a checkpoint of ours"),
            None if !founders.is_empty() => {
                let founding = founding(row, founders);
                let bytes = postcard::to_stdvec(&founding).expect("memory takes it");
                history.checkpoint(&bytes).expect("the disk is fine");
                founding
            }
            None => Checkpoint::default(),
        };
        let (log, history) = (Rc::new(RefCell::new(log)), Rc::new(RefCell::new(history)));
        let kind = row.kind;
        let mut node = Node {
            me,
            order: row.order,
            engine: Engine::new(me, boot, log, history.clone(), move |_| kind),
            history,
            room: Room::default(),
            sync_ms: Some(1),
            wall_ms: WALL_MS + now_ms,
            installs: 0,
            torn: recovered.torn,
            broken: None,
            unsynced_bytes: 0,
            up: BTreeSet::new(),
            met: Vec::new(),
            proposes: Vec::new(),
            synced,
            sync_at_ms: None,
            installing: false,
            now_ms,
        };
        node.engine.set_now(now_ms);
        node.engine.set_kept_bytes_max(KEPT_BYTES_MAX);
        let found = recovered.groups.get(&GROUP).cloned();
        let group = checkpoint.groups.get(&GROUP.0);
        if let Some(it) = group {
            node.room = Room::restore(&it.state);
        }
        let point = match group.filter(|it| it.is_replica) {
            Some(it) => {
                let (index, term, memory) = it.strategy.clone();
                Point { index, term, memory: memory.into() }
            }
            None if found.is_none() => return Ok(node),
            None => Point::default(), // Begun after the last checkpoint: there is only a log.
        };
        let at = group.map_or_else(StateAt::default, |it| StateAt {
            index: it.applied,
            term: it.term,
            lanes: it.lanes.clone(),
        });
        if let Err(why) =
            node.engine.add_replica(GROUP, Start { log: found, point, ..Start::default() }, at)
        {
            node.broken = Some(why);
        }
        Ok(node)
    }

    /// One millisecond: what was synced, a tick when it is due, and what follows of it.
    pub(crate) fn step(&mut self, now_ms: u64, place: &[PeerId]) -> (Vec<(u64, Answer)>, Out) {
        self.wall_ms += now_ms - self.now_ms;
        self.now_ms = now_ms;
        self.engine.set_now(now_ms);
        if self.sync_ms.is_some() && self.sync_at_ms.is_some_and(|at| at <= now_ms) {
            self.sync_at_ms = None;
            self.engine.sync_log();
        }
        for synced in self.synced.try_iter() {
            match synced {
                Ok(ticket) => self.engine.synced(ticket),
                Err(why) => self.broken = Some(why.to_string()),
            }
        }
        if self.is_tick(now_ms) {
            self.engine.tick();
        }
        if now_ms.is_multiple_of(DUTY_MS) {
            self.settle_group(place);
        }
        let done = self.settle();
        self.unsynced_bytes = self.unsynced_bytes.max(self.engine.pending_bytes());
        if let (None, Some(takes), true) =
            (self.sync_at_ms, self.sync_ms, self.engine.pending_bytes() > 0)
        {
            self.sync_at_ms = Some(now_ms + takes);
        }
        if let Some(why) = self.engine.fatal() {
            self.broken.get_or_insert(why.to_owned());
        }
        done
    }

    /// Whose acknowledgement counts, as far as it knows.
    pub(crate) fn voters(&self) -> Vec<PeerId> {
        let status = self.engine.status().into_iter().find(|it| it.group == GROUP.0);
        let mut voters = status.map(|it| it.replicas.voters).unwrap_or_default();
        voters.sort_unstable();
        voters
    }

    pub(crate) fn link(&mut self, peer: PeerId, is_up: bool) {
        match is_up {
            true => self.up.insert(peer),
            false => self.up.remove(&peer),
        };
        self.engine.link(peer, is_up);
    }

    fn settle(&mut self) -> (Vec<(u64, Answer)>, Out) {
        let (mut answers, mut out) = (Vec::new(), Out(Vec::new(), self.up.clone()));
        while !self.engine.is_settled() {
            for event in self.engine.settle(self.wall_ms, &mut out) {
                self.take(event, &mut answers);
            }
            if std::mem::take(&mut self.installing) {
                self.checkpoint();
                self.engine.installed(GROUP);
            }
        }
        (answers, out)
    }

    fn take(&mut self, event: Event, answers: &mut Vec<(u64, Answer)>) {
        match event {
            Event::Apply(applied) => {
                let places = self.room.apply(self.order, &applied);
                if self.engine.holds(GROUP) == Some(true) {
                    places.into_iter().zip(&applied.commands).for_each(|it| self.keep(it.0, it.1));
                }
                answers.extend(applied.tokens.into_iter().map(|it| (it, Answer::Acked)));
            }
            Event::Refused { token } => answers.push((token, Answer::Refused)),
            Event::Unknown { token } => answers.push((token, Answer::Unknown)),
            Event::WantsState(group) => self.engine.provide(group, &self.room.snapshot()),
            Event::Install { state, .. } => {
                let theirs = Room::restore(&state);
                match self.order {
                    Order::Total => self.room = theirs,
                    Order::PerOrigin => self.room.join(theirs),
                }
                self.installs += 1;
                match self.engine.holds(GROUP) {
                    Some(true) => self.installing = true,
                    _ => self.engine.installed(GROUP),
                }
            }
            Event::Keep(_) => self.installing = true,
            Event::Propose { propose, .. } => self.proposes.push(propose),
            Event::Met { announces, .. } => self.met.push(announces),
            Event::Told { .. } => {}
        }
    }

    fn keep(&mut self, (sort, whose, index): Place, command: &[u8]) {
        let key = match self.order {
            Order::Total => ROOM.to_vec(),
            Order::PerOrigin => [ROOM, format!("\0{whose:016x}").as_bytes()].concat(),
        };
        let record = Record { index, sort, body: command };
        let kept = self.history.borrow_mut().append(GROUP, &key, record);
        kept.expect("the history's disk is fine");
    }

    /// The keys of the room's history.
    pub(crate) fn streams(&self) -> Vec<Vec<u8>> {
        let history = self.history.borrow();
        history.streams(GROUP, ROOM).map(|it| it.0.to_vec()).collect()
    }

    /// What the history has, in the order on which all agree.
    pub(crate) fn kept(&self) -> Vec<Bytes> {
        let mut all = Vec::new();
        for key in self.streams() {
            let kept = self.history.borrow().range(GROUP, &key, 0..u64::MAX);
            let kept = kept.expect("the history can be read");
            all.extend(kept.into_iter().map(|it| (it.sort, key.clone(), it.ordinal, it.body)));
        }
        all.sort_unstable();
        all.into_iter().map(|it| it.3).collect()
    }

    /// All of a checkpoint at once.
    pub(crate) fn checkpoint(&mut self) {
        let checkpoint = self.engine.checkpoint(|_| self.room.snapshot());
        let starts: BTreeMap<u32, u64> =
            checkpoint.groups.iter().map(|(id, it)| (*id, it.strategy.0)).collect();
        let blob = postcard::to_stdvec(&checkpoint).expect("writing to memory cannot fail");
        self.history.borrow_mut().checkpoint(&blob).expect("the history's disk is fine");
        self.engine.checkpointed(&starts);
    }

    /// The directory tells what it has decided; the founder has it decide on the first view.
    pub(crate) fn settle_view(&mut self, view: Option<&View>) {
        let is_founder = self.engine.holds(GROUP) == Some(true) && self.engine.applied(GROUP) > 0;
        match view {
            Some(view) => self.engine.view(GROUP, view),
            None if is_founder => {
                let me = self.me;
                let view = View { epoch: 1, primary: me, in_sync: vec![me], replicas: vec![me] };
                self.proposes.push(Propose { on_epoch: 0, view });
            }
            None => {}
        }
    }

    /// A tick is due.
    pub(crate) fn is_tick(&self, now_ms: u64) -> bool {
        (now_ms + self.me * 7).is_multiple_of(TICK_MS)
    }

    /// What the directory would have it do.
    fn settle_group(&mut self, place: &[PeerId]) {
        match self.engine.holds(GROUP) {
            Some(true) => self.engine.want(GROUP, place),
            _ if place.contains(&self.me) => {
                let begun = self.engine.add_replica(GROUP, Start::default(), StateAt::default());
                begun.expect("there is nothing that might not fit");
            }
            _ => self.engine.observe(GROUP, place),
        }
    }
}

fn founding(row: &Row, founders: &[PeerId]) -> Checkpoint {
    let group = GroupCheckpoint {
        applied: 1,
        term: 1,
        strategy: (1, 1, row.kind.founding_memory(founders).to_vec()),
        is_replica: true,
        ..GroupCheckpoint::default()
    };
    Checkpoint { groups: [(GROUP.0, group)].into(), node: Vec::new() }
}
