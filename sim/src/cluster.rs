//! Whole nodes as turmoil's hosts, and the hand that breaks and mends them.
//!
//! Promise: everything that happens follows from the seed. Time only passes in [`Cluster::run`].

use crate::clients::{self, Home, ROOM};
use crate::door::Door;
use crate::network::SimNetwork;
use crate::story::Story;
use chat::codec::decode;
use chat::{Record, Stamp};
use node::door::{HistoryPoint, HistorySelect, View};
use node::{Answer, Ask, Config, Env, Query, Status};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use replica::store::SimDisk;
use replica::store::history::HistoryOptions;
use replica::store::log::LogOptions;
use replica_proto::GroupRing;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot::error::TryRecvError;

const PORT: u16 = 7100;
const GROUPS: u32 = 4;
/// The wall clock of every run begins here: 2026-01-01.
const EPOCH_S: u64 = 1_767_225_600;
/// A query has to be answered within this; it is a read of what the node has.
const ASK_MS: u64 = 5_000;
const PAGE: usize = 200;

/// The run cannot go on: what was expected did not happen in time.
#[derive(Debug)]
pub(crate) struct Stuck(pub(crate) String);

/// One machine: what of it outlives its node.
struct Machine {
    number: usize,
    disk: RefCell<SimDisk>,
    life: Cell<u32>,
    door: RefCell<Option<Rc<Door>>>,
    /// Why the node stopped by itself.
    ended: RefCell<Option<String>>,
}

/// The cluster under test.
pub(crate) struct Cluster {
    sim: turmoil::Sim<'static>,
    machines: Vec<Rc<Machine>>,
    cuts: BTreeSet<(usize, usize)>,
    down: BTreeSet<usize>,
    pub(crate) story: Rc<Story>,
    /// The scenario's own chance.
    pub(crate) random: SmallRng,
}

/// Name of a node.
pub(crate) fn name(node: usize) -> String {
    format!("n{}", node + 1)
}

fn config(node: usize) -> Config {
    let founder = format!("{}:{PORT}", name(0));
    Config {
        name: name(node),
        data_dir: "data".into(),
        directory: true,
        chat: true,
        network: "Sim".to_owned(),
        address: format!("{}:{PORT}", name(node)),
        join: if node == 0 { Vec::new() } else { vec![founder] },
        copies: 3,
        groups: GROUPS,
        session_grace: Duration::from_secs(5),
        retention: None,
        empty_room_ttl: None,
    }
}

impl Cluster {
    /// Machines that are switched on.
    pub(crate) fn start(seed: u64, nodes: usize) -> Cluster {
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .epoch(SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH_S))
            .simulation_duration(Duration::from_secs(3_600))
            .tick_duration(Duration::from_millis(1))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(10))
            .tcp_capacity(4_096)
            .udp_capacity(1_024)
            .enable_random_order()
            .build();
        let story = Story::new();
        let mut machines = Vec::new();
        for number in 0..nodes {
            let machine = Rc::new(Machine {
                number,
                disk: RefCell::new(SimDisk::new()),
                life: Cell::new(0),
                door: RefCell::new(None),
                ended: RefCell::new(None),
            });
            machines.push(machine.clone());
            let story = story.clone();
            sim.host(name(number), move || live(machine.clone(), story.clone(), seed));
        }
        Cluster {
            sim,
            machines,
            cuts: BTreeSet::new(),
            down: BTreeSet::new(),
            story,
            random: SmallRng::seed_from_u64(seed ^ 0x5ce7a210),
        }
    }

    pub(crate) fn nodes(&self) -> std::ops::Range<usize> {
        0..self.machines.len()
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, for_ms: u64) -> Result<(), Stuck> {
        for _ in 0..for_ms {
            self.story.set_now(self.sim.elapsed().as_millis() as u64);
            let stepped = self.sim.step();
            stepped.map_err(|why| Stuck(format!("a node broke: {why}")))?;
            for it in &self.machines {
                if let Some(why) = &*it.ended.borrow() {
                    return Err(Stuck(format!("{} stopped by itself: {why}", name(it.number))));
                }
            }
        }
        Ok(())
    }

    /// Lets a time pass that chance chooses.
    pub(crate) fn run_between(&mut self, from_ms: u64, to_ms: u64) -> Result<(), Stuck> {
        let for_ms = self.random.random_range(from_ms..to_ms);
        self.run(for_ms)
    }

    /// Lets time pass until it is so, looking now and then.
    pub(crate) fn run_until(
        &mut self,
        limit_ms: u64,
        what: &str,
        mut is_so: impl FnMut(&mut Cluster) -> Result<bool, Stuck>,
    ) -> Result<(), Stuck> {
        let until_ms = self.story.now_ms() + limit_ms;
        while !is_so(self)? {
            if self.story.now_ms() >= until_ms {
                return Err(Stuck(format!("not within {limit_ms} ms: {what}")));
            }
            self.run(50)?;
        }
        Ok(())
    }

    /// Nothing passes between these two any more.
    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        self.cuts.insert((a.min(b), a.max(b)));
        self.sim.partition(name(a), name(b));
        self.story.note(format!("cut between {} and {}", name(a), name(b)));
    }

    /// Ends all cuts.
    pub(crate) fn heal(&mut self) {
        for (a, b) in std::mem::take(&mut self.cuts) {
            self.sim.repair(name(a), name(b));
            self.story.note(format!("healed between {} and {}", name(a), name(b)));
        }
    }

    /// The process dies as by kill -9: its connections break, its writes are in the machine's memory.
    pub(crate) fn kill(&mut self, node: usize) {
        self.story.note(format!("kill -9 of {}", name(node)));
        self.stop(node);
        let disk = self.machines[node].disk.borrow().kill();
        *self.machines[node].disk.borrow_mut() = disk;
    }

    /// The machine loses power: nobody hears a word, and what was not synced may be gone.
    pub(crate) fn lose_power(&mut self, node: usize) {
        self.story.note(format!("power loss of {}", name(node)));
        let others: Vec<usize> = self.nodes().filter(|it| *it != node).collect();
        for other in &others {
            self.sim.partition(name(node), name(*other));
        }
        self.stop(node);
        for other in others {
            if !self.cuts.contains(&(node.min(other), node.max(other))) {
                self.sim.repair(name(node), name(other));
            }
        }
        let seed = self.random.random();
        let disk = self.machines[node].disk.borrow().crash(seed);
        *self.machines[node].disk.borrow_mut() = disk;
    }

    fn stop(&mut self, node: usize) {
        self.sim.crash(name(node));
        self.down.insert(node);
        *self.machines[node].door.borrow_mut() = None;
        self.story.died(node);
    }

    /// Starts a node that is down.
    pub(crate) fn restart(&mut self, node: usize) {
        if self.down.remove(&node) {
            self.story.note(format!("start of {}", name(node)));
            self.sim.bounce(name(node));
        }
    }

    /// Ends all faults.
    pub(crate) fn mend(&mut self) {
        self.heal();
        for node in self.nodes() {
            self.restart(node);
        }
    }

    /// True when the node's reader is in the room.
    pub(crate) fn is_serving(&self, node: usize) -> bool {
        let door = self.machines[node].door.borrow();
        door.as_ref().is_some_and(|it| it.reader().is_some())
    }

    /// Asks a node something, as its reader or as a stranger.
    fn ask(&mut self, node: usize, query: Query) -> Result<Answer, Stuck> {
        let Some(door) = self.machines[node].door.borrow().clone() else {
            return Err(Stuck(format!("{} has no door", name(node))));
        };
        let conn = door.reader().unwrap_or_else(|| door.connect());
        let mut answer = door.ask(conn, Ask::Query(query));
        for _ in 0..ASK_MS {
            match answer.try_recv() {
                Ok(answer) => return Ok(answer),
                Err(TryRecvError::Closed) => break,
                Err(TryRecvError::Empty) => self.run(1)?,
            }
        }
        Err(Stuck(format!("{} does not answer a query", name(node))))
    }

    /// What a node says of itself.
    pub(crate) fn status(&mut self, node: usize) -> Result<Status, Stuck> {
        match self.ask(node, Query::Status)? {
            Answer::View(View::Status(status)) => Ok(*status),
            other => Err(Stuck(format!("{}: no status but {other:?}", name(node)))),
        }
    }

    /// How the nodes see themselves, for a story.
    pub(crate) fn told(&mut self) -> String {
        let mut told = String::new();
        for node in self.nodes() {
            let serves = if self.is_serving(node) { "serves" } else { "does not serve" };
            told += &format!("\n    {} {serves}", name(node));
            match self.status(node) {
                Ok(status) => {
                    for it in status.groups {
                        told += &format!(
                            "\n      g{} {} of term {}, leader {}, voters {}, learners {}, applied {}, lag {}, waiting {}",
                            it.id,
                            it.role,
                            it.term,
                            it.leader.as_deref().unwrap_or("unknown"),
                            it.replicas.join(" "),
                            it.learners.join(" "),
                            it.applied_index,
                            it.lag,
                            it.waiting
                        );
                    }
                }
                Err(Stuck(why)) => told += &format!("\n      {why}"),
            }
        }
        told
    }

    /// Who leads the room's group, as the first node that answers knows it.
    pub(crate) fn leader(&mut self) -> Result<Option<usize>, Stuck> {
        let group = GroupRing::new(GROUPS).group_of(ROOM);
        let Some(asked) = self.nodes().find(|it| self.is_serving(*it)) else {
            return Ok(None);
        };
        let groups = self.status(asked)?.groups;
        let leader = groups.into_iter().find(|it| it.id == group);
        let leader = leader.and_then(|it| it.leader);
        Ok(self.nodes().find(|it| Some(name(*it)) == leader))
    }

    /// True when the node knows every group to have as many voters as there are nodes.
    pub(crate) fn is_complete(&mut self, node: usize) -> Result<bool, Stuck> {
        let groups = self.status(node)?.groups;
        let nodes = self.machines.len();
        let is_complete = |it: &node::status::GroupStatus| {
            it.replicas.len() == nodes && it.learners.is_empty() && it.leader.is_some()
        };
        Ok(groups.len() == GROUPS as usize + 1 && groups.iter().all(is_complete))
    }

    /// The room's whole history as a node has it, page by page. `None`: the node refuses.
    pub(crate) fn history(&mut self, node: usize) -> Result<Option<Vec<Record>>, Stuck> {
        let mut all: Vec<Record> = Vec::new();
        loop {
            let after = match all.last() {
                Some(last) => HistoryPoint::Message(last.id),
                None => HistoryPoint::Time(Stamp::from_ms(0)),
            };
            let query = Query::History {
                target: ROOM.into(),
                select: HistorySelect::After(after),
                limit: PAGE,
            };
            let page = match self.ask(node, query)? {
                Answer::View(View::History(page)) => page,
                Answer::Refused(_) => return Ok(None),
                other => return Err(Stuck(format!("no history but {other:?}"))),
            };
            let count = page.len();
            for bytes in page {
                let record = decode(&bytes).map_err(|why| Stuck(format!("history: {why}")))?;
                all.push(record);
            }
            if count < PAGE {
                return Ok(Some(all));
            }
        }
    }
}

/// One life of a node, from its start until it is crashed.
async fn live(machine: Rc<Machine>, story: Rc<Story>, seed: u64) -> turmoil::Result {
    let life = machine.life.get() + 1;
    machine.life.set(life);
    let seed = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(u64::from(life) * 1_000 + machine.number as u64);
    let env = Env {
        network: SimNetwork,
        disk: Arc::new(machine.disk.borrow().clone()),
        wall_ms: Arc::new(|| turmoil::since_epoch().map_or(0, |it| it.as_millis() as u64)),
        seed,
        log: LogOptions {
            segment_bytes: 256 << 10, // So that a short run fills some.
            batch_bytes_max: 64 << 10,
            cache_bytes: 64 << 10,
            inline: true,
            ..LogOptions::default()
        },
        history: HistoryOptions {
            segment_bytes: 32 << 10,
            live_percent_min: 80,
            ..HistoryOptions::default()
        },
        checkpoint_commands: 400, // A few in each run.
        on_thread: false,
    };
    let node = match node::prepare(config(machine.number), env).await {
        Ok(node) => node,
        Err(why) => {
            *machine.ended.borrow_mut() = Some(why.to_string());
            return Ok(());
        }
    };
    let (handle, here) = (node.handle(), machine.clone());
    tokio::task::spawn_local(async move {
        let Some(door) = Door::open(handle, story.clone()).await else {
            return;
        };
        *here.door.borrow_mut() = Some(door.clone());
        clients::begin(&Home { door, story, node: here.number, life, seed });
    });
    let ended = node.run().await;
    *machine.ended.borrow_mut() = Some(ended.err().unwrap_or_else(|| "it was told to".to_owned()));
    Ok(())
}
