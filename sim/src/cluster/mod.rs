//! Whole nodes on simulated machines, and the hand that breaks and mends them.
//!
//! Promise: everything that happens follows from the seed. Time only passes in [`Cluster::run`].

mod ask;
mod disks;
mod harm;
mod machine;
mod members;

use crate::clock::Time;
use crate::hosts::Hosts;
use crate::leaders;
use crate::network::Net;
use crate::points;
use crate::scenarios::Scenario;
use crate::story::Story;
pub(crate) use ask::{Backups, Told};
use machine::Machine;
pub(crate) use machine::name;
use node::Names;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use replica::store::SimDisk;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Between two looks at something that takes long to look at.
const LOOK_MS: u64 = 200;
const GROUPS: u32 = 4;

/// The run cannot go on: what was expected did not happen in time.
#[derive(Debug)]
pub(crate) struct Stuck(pub(crate) String);

/// The cluster under test.
pub(crate) struct Cluster {
    seed: u64,
    /// Of a group that Raft keeps.
    copies: usize,
    /// How nicks and sessions are kept.
    names: Names,
    hosts: Hosts,
    net: Net,
    time: Time,
    machines: Vec<Rc<Machine>>,
    /// From and to.
    cuts: BTreeSet<(usize, usize)>,
    down: BTreeSet<usize>,
    /// Who died at a fail point, and when they come back.
    resting: BTreeMap<usize, u64>,
    /// How many did.
    deaths: u32,
    /// Something is wrong with the network or with how fast nodes are.
    is_troubled: bool,
    /// All faults have ended.
    is_mended: bool,
    /// Whose disk rots.
    rotten: Option<usize>,
    /// Nodes came, or came back as others.
    has_moved: bool,
    places: RefCell<Option<Rc<members::Places>>>,
    pub(crate) story: Rc<Story>,
    /// The scenario's own chance.
    pub(crate) random: SmallRng,
}

impl Cluster {
    /// Machines that are switched on.
    pub(crate) fn start(seed: u64, scenario: &Scenario) -> Cluster {
        let mut cluster = Cluster {
            seed,
            copies: scenario.copies,
            names: scenario.names,
            hosts: Hosts::new(seed),
            net: Net::new(seed ^ 0x6e65_7477),
            time: Time::default(),
            machines: Vec::new(),
            cuts: BTreeSet::new(),
            down: BTreeSet::new(),
            resting: BTreeMap::new(),
            deaths: 0,
            is_troubled: false,
            is_mended: false,
            rotten: None,
            has_moved: false,
            places: RefCell::default(),
            story: Story::new(),
            random: SmallRng::seed_from_u64(seed ^ 0x5ce7_a210),
        };
        if points::chosen().is_some() {
            cluster.arm_point();
        }
        for number in 0..scenario.nodes {
            cluster.add_machine(if number == 0 { Vec::new() } else { vec![0] });
            cluster.start_process(number);
        }
        cluster
    }

    /// A machine with an empty disk, switched off.
    fn add_machine(&mut self, join: Vec<usize>) {
        let number = self.machines.len();
        self.hosts.add();
        self.machines.push(Rc::new(Machine {
            number,
            seed: self.seed,
            copies: self.copies,
            names: self.names,
            disk: RefCell::new(SimDisk::new()),
            clock: self.time.clock(),
            network: self.net.host(number),
            join: RefCell::new(join),
            life: Cell::new(0),
            identity: Cell::new(None),
            home: RefCell::new(None),
            ended: RefCell::new(None),
            may_end: Cell::new(false),
            is_disk_bad: Cell::new(false),
        }));
    }

    fn start_process(&mut self, node: usize) {
        let machine = self.machines[node].clone();
        machine.may_end.set(false);
        self.net.light(node);
        points::begin(node, machine.disk.borrow().clone(), self.net.clone());
        self.hosts.start(node, machine::live(machine, self.story.clone()));
    }

    pub(crate) fn nodes(&self) -> std::ops::Range<usize> {
        0..self.machines.len()
    }

    /// A node that chance chooses.
    pub(crate) fn any_node(&mut self) -> usize {
        self.random.random_range(0..self.machines.len())
    }

    /// The one node of which bits flip, chosen by chance.
    pub(crate) fn rotten_node(&mut self) -> usize {
        let any = self.any_node();
        *self.rotten.get_or_insert(any)
    }

    /// Two nodes that chance chooses.
    pub(crate) fn any_two(&mut self) -> (usize, usize) {
        let one = self.any_node();
        let other = self.random.random_range(1..self.machines.len());
        (one, (one + other) % self.machines.len())
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, for_ms: u64) -> Result<(), Stuck> {
        for _ in 0..for_ms {
            let now_ms = self.hosts.now_ms();
            self.story.set_now(now_ms);
            self.time.set(now_ms);
            self.net.advance(now_ms);
            let panicked = self.hosts.step();
            let mut led = leaders::take();
            // Each side of a cut counts the epochs of names on its own.
            let of_names = self.group_of_names().map(|it| format!("g{it}"));
            led.retain(|it| Some(&it.group) != of_names.as_ref());
            self.story.note_leaders(led);
            let deaths = self.deaths;
            self.attend_to_the_dead();
            if let Some(host) = panicked.filter(|_| deaths == self.deaths) {
                return Err(Stuck(format!("{} panicked", name(host))));
            }
            for node in self.nodes() {
                let ended = self.machines[node].ended.take();
                let Some(why) = ended else { continue };
                let may_end = self.machines[node].may_end.get() || self.has_bad_disk(node, &why);
                if !may_end {
                    return Err(Stuck(format!("{} stopped by itself: {why}", name(node))));
                }
                self.story.note(format!("{} has stopped: {why}", name(node)));
                self.bury(node);
                if self.is_mended {
                    self.restart(node); // As whatever supervises processes does. Damage may show late.
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
        is_so: impl FnMut(&mut Cluster) -> Result<bool, Stuck>,
    ) -> Result<(), Stuck> {
        match self.comes_true(limit_ms, is_so)? {
            true => Ok(()),
            false => Err(Stuck(format!("not within {limit_ms} ms: {what}"))),
        }
    }

    /// Lets time pass until the very millisecond in which it is so, or not within the limit.
    pub(crate) fn comes_true_at_once(
        &mut self,
        limit_ms: u64,
        is_so: impl Fn(&Cluster) -> bool,
    ) -> Result<bool, Stuck> {
        for _ in 0..limit_ms {
            if is_so(self) {
                return Ok(true);
            }
            self.run(1)?;
        }
        Ok(is_so(self))
    }

    /// Lets time pass until it is so, or not within the limit.
    pub(crate) fn comes_true(
        &mut self,
        limit_ms: u64,
        mut is_so: impl FnMut(&mut Cluster) -> Result<bool, Stuck>,
    ) -> Result<bool, Stuck> {
        let until_ms = self.story.now_ms() + limit_ms;
        while !is_so(self)? {
            if self.story.now_ms() >= until_ms {
                return Ok(false);
            }
            self.run(LOOK_MS)?;
        }
        Ok(true)
    }
}
