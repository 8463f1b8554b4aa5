//! Nodes that come, and come back as somebody else.

use super::{Cluster, GROUPS, Stuck, name};
use crate::network::Weather;
use node::Names;
use node::Status;
use node::status::GroupStatus;
use replica::store::SimDisk;
use replica_proto::Ring;
use std::rc::Rc;

/// Voters of the directory, at most.
const DIRECTORY_VOTERS_MAX: usize = 5;

impl Cluster {
    /// A new machine, whose node joins.
    pub(crate) fn add_node(&mut self) {
        let (number, others) = (self.machines.len(), self.nodes().collect());
        self.story.note(format!("{} is new", name(number)));
        self.has_moved = true;
        self.add_machine(others);
        if self.is_troubled {
            self.net.calm();
            self.set_weather(Weather::CALM);
        }
        self.start_process(number);
    }

    /// A node that is down loses its disk: when it starts, it has to join as a new replica.
    pub(crate) fn wipe(&mut self, node: usize) {
        self.story.note(format!("{} has a new, empty disk", name(node)));
        self.story.lost_disk(node);
        self.has_moved = true;
        let others = self.nodes().filter(|it| *it != node).collect();
        *self.machines[node].join.borrow_mut() = others;
        *self.machines[node].disk.borrow_mut() = SimDisk::new();
    }

    /// Nodes came, or came back as others, so that replicas had to move.
    pub(crate) fn has_moved(&self) -> bool {
        self.has_moved
    }

    /// True when every node knows every group to be where it belongs.
    pub(crate) fn is_whole(&mut self) -> Result<bool, Stuck> {
        for node in self.nodes() {
            if !self.is_serving(node) || !self.is_able(node) || !self.is_complete(node)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True when within so many milliseconds nothing is missing, and a moment later still nothing: what a primary was
    /// about to have taken out of its in-sync set is out by then. A disk may be lost.
    pub(crate) fn is_whole_for_a_while(&mut self, within_ms: u64) -> Result<bool, Stuck> {
        if !self.comes_true(within_ms, Cluster::is_whole)? {
            return Ok(false);
        }
        self.run_between(500, 501)?;
        self.is_whole()
    }

    /// True when the node knows every group to have its replicas, and a leader.
    fn is_complete(&mut self, node: usize) -> Result<bool, Stuck> {
        let Some(Status { groups, .. }) = self.status(node)? else {
            return Ok(false);
        };
        let is_complete = |it: &GroupStatus| {
            let mut replicas = it.replicas.clone();
            replicas.sort();
            replicas == self.voters(it.id) && it.learners.is_empty() && it.is_led()
        };
        let of_names = usize::from(self.group_of_names().is_some());
        Ok(groups.len() == 2 * GROUPS as usize + 2 + of_names && groups.iter().all(is_complete))
    }

    /// Which group keeps nicks and sessions, if it is not the directory's.
    pub(super) fn group_of_names(&self) -> Option<u32> {
        (self.names == Names::Bully).then_some(2 * GROUPS + 2)
    }

    /// Every node knows as many sessions as there are, of each node.
    pub(crate) fn know_the_same(&mut self) -> Result<bool, Stuck> {
        let mut known = Vec::new();
        for node in self.nodes() {
            let Some(status) = self.status(node)? else { return Ok(false) };
            known.push(status.nodes.iter().map(|it| it.sessions).collect::<Vec<_>>());
        }
        Ok(known.windows(2).all(|it| it[0] == it[1]))
    }

    /// The nodes that shall hold a group.
    fn voters(&self, group: u32) -> Vec<String> {
        let mut voters = match group {
            0 => self.on_ring("directory", DIRECTORY_VOTERS_MAX),
            1..=GROUPS => self.placed(group),
            it if it > 2 * GROUPS => self.nodes().map(name).collect(),
            // Of a primary-backup group one copy less has to be there for as many losses.
            _ => {
                let mut home = self.placed(group - GROUPS);
                home.truncate(self.copies / 2 + 1);
                home
            }
        };
        voters.sort();
        voters
    }

    /// The nodes of a home, the one that should lead first.
    fn placed(&self, home: u32) -> Vec<String> {
        self.places().homes[home as usize - 1].clone()
    }

    /// All nodes, in the order in which they would hold this group.
    pub(super) fn in_order(&self, group: u32) -> Vec<String> {
        let home = if group > GROUPS { group - GROUPS } else { group };
        let mut order = self.placed(home);
        let others = self.on_ring(&format!("group {home}"), self.machines.len());
        order.extend(others.into_iter().filter(|it| !order.contains(it)).collect::<Vec<_>>());
        order
    }

    fn on_ring(&self, what: &str, count: usize) -> Vec<String> {
        self.places().ring.nodes_for(what, count).into_iter().map(str::to_owned).collect()
    }

    /// The ring, and what follows from it: computed again when there are more machines.
    fn places(&self) -> Rc<Places> {
        let count = self.machines.len();
        let mut known = self.places.borrow_mut();
        match &*known {
            Some(it) if it.machines == count => it.clone(),
            _ => {
                let names: Vec<String> = self.nodes().map(name).collect();
                let new = Rc::new(Places::new(&names, self.copies));
                known.insert(new).clone()
            }
        }
    }
}

/// Where so many machines would have each group.
pub(super) struct Places {
    machines: usize,
    ring: Ring,
    homes: Vec<Vec<String>>,
}

impl Places {
    fn new(names: &[String], copies: usize) -> Places {
        let ring = Ring::new(names.iter().map(String::as_str));
        let keys: Vec<String> = (1..=GROUPS).map(|it| format!("group {it}")).collect();
        let placed = ring.place(keys.iter().map(String::as_str), copies);
        let owned = |nodes: Vec<&str>| nodes.into_iter().map(str::to_owned).collect();
        let homes = placed.into_iter().map(owned).collect();
        Places { machines: names.len(), ring, homes }
    }
}
