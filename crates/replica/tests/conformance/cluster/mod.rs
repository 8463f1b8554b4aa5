//! Some nodes and the network between them, in virtual time: a step is a millisecond.
//!
//! Promise: nodes take their turns in a fixed order, and nothing happens between two steps.

pub(crate) mod directory;
pub(crate) mod judge;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod room;

use crate::row::{Row, WITNESS};
use bytes::Bytes;
use directory::{Directory, Reach};
use network::Network;
pub(crate) use node::Answer;
use node::Node;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use replica::PeerId;
use replica::store::log::OpenError;
pub(crate) use replica::store::{GroupId, History};
use replica::store::{Log, SimDisk};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) const GROUP: GroupId = GroupId(3);
/// However bad it was: once everything works again, all is well within this time.
const CONVERGES_MS: u64 = 10_000;

/// One command, and what its sender was told.
pub(crate) struct Said {
    pub(crate) by: PeerId,
    pub(crate) command: Bytes,
    pub(crate) answer: Option<Answer>,
}

/// A machine: its disk, and the process on it, if one runs.
struct Machine {
    disk: SimDisk,
    boot: u32,
    founders: Vec<PeerId>,
    node: Option<Node>,
}

pub(crate) struct Cluster {
    pub(crate) row: &'static Row,
    pub(crate) network: Network,
    pub(crate) random: SmallRng,
    pub(crate) said: Vec<Said>,
    pub(crate) now_ms: u64,
    /// Where the group's replicas shall be.
    pub(crate) place: Vec<PeerId>,
    machines: BTreeMap<PeerId, Machine>,
    pub(crate) directory: Directory,
    cuts: BTreeSet<(PeerId, PeerId)>,
    counts: BTreeMap<String, u64>,
}

impl Cluster {
    /// The group is founded, has all its replicas, and takes commands.
    pub(crate) fn new(row: &'static Row, seed: u64) -> Cluster {
        eprintln!("seed: {seed}");
        let place: Vec<PeerId> = (1..=row.replicas).collect();
        let mut this = Cluster {
            row,
            network: Network::default(),
            random: SmallRng::seed_from_u64(seed),
            said: Vec::new(),
            now_ms: 1_000_000, // Longer than anything waits: nothing is due at the start.
            place: place.clone(),
            machines: BTreeMap::new(),
            directory: Directory::default(),
            cuts: BTreeSet::new(),
            counts: BTreeMap::new(),
        };
        for (at, id) in place.iter().enumerate() {
            let founders = if at < row.founders { &place[..row.founders] } else { &[] };
            this.add(*id, founders.to_vec());
        }
        this.until(row.takes_over_ms, "the group begins", |it| {
            it.writer().is_some() && it.running().all(|it| it.voters() == place)
        });
        this
    }

    /// A new machine, connected to all. Without `founders` it knows of no group yet.
    pub(crate) fn add(&mut self, id: PeerId, founders: Vec<PeerId>) {
        let disk = SimDisk::new();
        let machine = Machine { disk, boot: 0, founders, node: None };
        self.machines.insert(id, machine);
        self.start(id).expect("an empty disk");
    }

    /// Starts the process of a machine.
    pub(crate) fn start(&mut self, id: PeerId) -> Result<(), OpenError> {
        let it = self.machines.get_mut(&id).expect("it was added");
        it.boot += 1;
        let opened = Node::open(self.row, (id, it.boot), &it.disk, &it.founders, self.now_ms);
        it.node = Some(opened?);
        self.connect_all();
        Ok(())
    }

    /// Ends the process of a machine; with a seed for what was not synced, its power goes too.
    pub(crate) fn stop(&mut self, id: PeerId, power_loss: Option<u64>) {
        let it = self.machines.get_mut(&id).expect("it was added");
        it.disk = match power_loss {
            Some(seed) => it.disk.crash(seed),
            None => it.disk.kill(),
        };
        it.node = None;
        let peers: Vec<PeerId> = self.machines.keys().copied().filter(|it| *it != id).collect();
        for peer in peers.into_iter().chain([WITNESS]) {
            self.disconnect(id, peer);
        }
        for said in self.said.iter_mut().filter(|it| it.by == id && it.answer.is_none()) {
            said.answer = Some(Answer::Unknown); // Nobody is left to tell.
        }
    }

    /// The machine is gone for good, with its disk.
    pub(crate) fn remove(&mut self, id: PeerId) {
        self.stop(id, None);
        self.machines.remove(&id);
    }

    pub(crate) fn disk(&self, id: PeerId) -> &SimDisk {
        &self.machines[&id].disk
    }

    /// The disk as it is, for [`Cluster::put_back`].
    pub(crate) fn copy_disk(&self, id: PeerId) -> SimDisk {
        self.machines[&id].disk.fork().kill()
    }

    /// The machine gets an older disk of its own.
    pub(crate) fn put_back(&mut self, id: PeerId, disk: SimDisk) {
        self.stop(id, None);
        self.machines.get_mut(&id).expect("it was added").disk = disk;
    }

    pub(crate) fn ids(&self) -> Vec<PeerId> {
        self.machines.keys().copied().collect()
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Node> {
        self.machines.values().filter_map(|it| it.node.as_ref())
    }

    pub(crate) fn node(&mut self, id: PeerId) -> &mut Node {
        let node = self.machines.get_mut(&id).and_then(|it| it.node.as_mut());
        node.expect("it is running")
    }

    pub(crate) fn is_running(&self, id: PeerId) -> bool {
        self.machines.get(&id).is_some_and(|it| it.node.is_some())
    }

    /// The first node that orders commands.
    pub(crate) fn writer(&self) -> Option<PeerId> {
        self.running().find(|it| it.engine.is_serving(GROUP)).map(|it| it.me)
    }

    /// Some running node.
    pub(crate) fn any(&mut self) -> PeerId {
        let ids: Vec<PeerId> = self.running().map(|it| it.me).collect();
        ids[self.random.random_range(0..ids.len())]
    }

    /// Nodes on different sides do not hear each other.
    pub(crate) fn cut(&mut self, side: &[PeerId], others: &[PeerId]) {
        for (a, b) in side.iter().flat_map(|a| others.iter().map(move |b| (*a, *b))) {
            self.cuts.insert((a.min(b), a.max(b)));
            self.disconnect(a, b);
        }
    }

    /// All hear each other again, in time and in order.
    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
        self.network.release();
        self.network.paused.clear();
        self.directory.is_down = false;
        let ids = self.ids();
        for (a, b) in ids.iter().flat_map(|a| ids.iter().map(move |b| (*a, *b))) {
            self.network.delay(a, b, 1);
        }
        self.connect_all();
    }

    /// These, and the witness.
    pub(crate) fn with_witness(&self, nodes: &[PeerId]) -> Vec<PeerId> {
        nodes.iter().copied().chain(self.row.has_witness.then_some(WITNESS)).collect()
    }

    fn connect_all(&mut self) {
        let ids: Vec<PeerId> = self.running().map(|it| it.me).collect();
        for id in ids.iter().filter(|it| !self.cuts.contains(&(WITNESS, **it))) {
            self.network.connect(WITNESS, *id);
        }
        for (a, b) in ids.iter().flat_map(|a| ids.iter().map(move |b| (*a, *b))) {
            if a < b && !self.cuts.contains(&(a, b)) && self.network.connect(a, b) {
                self.node(a).link(b, true);
                self.node(b).link(a, true);
            }
        }
    }

    fn disconnect(&mut self, a: PeerId, b: PeerId) {
        if self.network.disconnect(a, b) {
            for (at, peer) in [(a, b), (b, a)] {
                if self.is_running(at) && peer != WITNESS {
                    self.node(at).link(peer, false);
                }
            }
        }
    }

    /// A client of that node says something of so many bytes; the number under which its answer comes.
    pub(crate) fn say(&mut self, by: PeerId, client: &str, bytes: usize) -> usize {
        let sender = format!("{by}.{client}");
        let number = self.counts.entry(sender.clone()).or_default();
        *number += 1;
        let command = room::command(&sender, *number, bytes);
        let token = self.said.len();
        self.said.push(Said { by, command: command.clone(), answer: None });
        self.node(by).engine.submit(GROUP, token as u64, command);
        token
    }

    pub(crate) fn say_many(&mut self, by: PeerId, count: usize, bytes: usize) -> Vec<usize> {
        (0..count).map(|_| self.say(by, "a", bytes)).collect()
    }

    pub(crate) fn answer(&self, token: usize) -> Option<Answer> {
        self.said[token].answer
    }

    pub(crate) fn are_acked(&self, tokens: &[usize]) -> bool {
        tokens.iter().all(|it| self.answer(*it) == Some(Answer::Acked))
    }

    /// One millisecond.
    pub(crate) fn step(&mut self) {
        self.now_ms += 1;
        for (from, to, frame) in self.network.arrivals(self.now_ms) {
            self.deliver(from, to, frame);
        }
        if self.row.has_views {
            self.directory.step(self.now_ms, &self.reach(), &self.place);
        }
        for machine in self.machines.values_mut() {
            let Some(node) = &mut machine.node else { continue };
            if self.network.paused.contains(&node.me) {
                continue;
            }
            if self.row.has_views && node.is_tick(self.now_ms) {
                node.settle_view(self.directory.known_by(node.me));
            }
            let (answers, out) = node.step(self.now_ms, &self.place);
            for (to, frame) in out.0 {
                self.network.send(node.me, to, frame, self.now_ms);
            }
            for propose in node.proposes.drain(..) {
                self.directory.ask(self.now_ms, node.me, propose);
            }
            for (token, answer) in answers {
                let said = &mut self.said[token as usize];
                assert_eq!(said.answer, None, "{:?} is answered twice", said.command);
                said.answer = Some(answer);
            }
        }
    }

    /// The directory is where the group's replicas shall be, and on the witness: most of these make it up.
    fn reach(&self) -> Reach {
        let places = self.with_witness(&self.place);
        let most = |id: PeerId, sees: &dyn Fn(PeerId) -> bool| {
            let seen = places.iter().filter(|it| **it == id || sees(**it));
            seen.count() * 2 > places.len()
        };
        let ids = || self.running().map(|it| it.me);
        let is_heard = |a, b| self.network.is_heard(a, b) && self.network.is_heard(b, a);
        let linked = ids().filter(|a| most(*a, &|b| self.network.is_up(*a, b))).collect();
        let heard = ids().filter(|a| most(*a, &|b| is_heard(*a, b))).collect();
        Reach { linked, heard }
    }

    /// A frame arrives, whoever has sent it and when.
    pub(crate) fn deliver(&mut self, from: PeerId, to: PeerId, frame: Bytes) {
        if self.is_running(to) {
            self.node(to).engine.receive(from, frame);
        }
    }

    pub(crate) fn run(&mut self, ms: u64) {
        (0..ms).for_each(|_| self.step());
    }

    /// Lets time pass until something is so, and fails if that takes longer.
    pub(crate) fn until(&mut self, ms: u64, what: &str, is_so: impl Fn(&Cluster) -> bool) {
        let end_ms = self.now_ms + ms;
        while !is_so(self) {
            assert!(self.now_ms < end_ms, "{what}: not within {ms} ms\n{}", self.picture());
            self.step();
        }
    }

    /// Those tokens are acknowledged in time.
    pub(crate) fn until_acked(&mut self, ms: u64, tokens: &[usize]) {
        self.until(ms, "an acknowledgement", |it| it.are_acked(tokens));
    }

    /// On which disks a command is, if all machines lose power now.
    pub(crate) fn disks_with(&self, token: usize) -> Vec<PeerId> {
        let command = &self.said[token].command;
        let holds = |disk: &SimDisk| {
            let disk = disk.fork().crash(0).sub("log");
            let opened = Log::open(Arc::new(disk), node::log_options(), Box::new(|_| ()));
            let (log, recovered) = opened.expect("what was synced is whole");
            recovered.groups.iter().any(|(group, it)| {
                let mut entries = Vec::new();
                let (first, end) = (it.first_index, it.last_index + 1);
                log.entries(*group, first, end, usize::MAX, &mut entries).expect("it is there");
                entries.iter().any(|it| it.body.windows(command.len()).any(|at| at == command))
            })
        };
        self.machines.iter().filter(|it| holds(&it.1.disk)).map(|it| *it.0).collect()
    }

    /// Everything works from now on: all that was acknowledged is everywhere, and it is judged.
    pub(crate) fn settle(&mut self) {
        self.heal();
        for id in self.ids() {
            if !self.is_running(id) {
                self.start(id).expect("its disk is fine");
            }
            self.node(id).sync_ms = Some(1);
        }
        self.connect_all();
        self.until(CONVERGES_MS, "all is well again", judge::is_quiet);
        self.run(500); // What comes late comes now.
        judge::judge(self);
    }

    /// How things stand, for whoever reads why a test failed.
    pub(crate) fn picture(&self) -> String {
        let open = self.said.iter().filter(|it| it.answer.is_none()).count();
        let nodes = self.running().map(|it| {
            let status = it.engine.status().into_iter().find(|it| it.group == GROUP.0);
            format!("\n  {}: said {}, up {:?}, {status:?}", it.me, it.room.said.len(), it.up)
        });
        format!("at {} ms, {open} open{}", self.now_ms, nodes.collect::<String>())
    }
}
