//! What is done to a cluster. A fault is a row here, and its deed stands in a file beside this one.
//!
//! A fault only begins: [`Cluster::heal`] ends all of them alike.

mod cut;
mod disk;
mod kill;
mod link;
mod pause;
mod power;
mod reset;
mod stop;
mod wipe;

use crate::cluster::Cluster;
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use std::time::Duration;

/// One of them.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// Does it, and says what was done to whom.
    pub(crate) inflict: fn(&mut Cluster, &mut SmallRng) -> anyhow::Result<String>,
    /// How long it lasts, at least and at most.
    pub(crate) hold_ms: (u64, u64),
    /// Drawn so often, compared with others.
    pub(crate) weight: u32,
    /// A disk is emptied. Two at a time would be more than the cluster promises to survive.
    pub(crate) is_wipe: bool,
    /// A kind of queue that the kernel must have, and words that try it.
    pub(crate) queue: Option<(&'static str, &'static str)>,
}

/// Those that have nothing special about them.
const PLAIN: Fault = Fault {
    name: "",
    inflict: |_, _| Ok(String::new()),
    hold_ms: (200, 2_500),
    weight: 4,
    is_wipe: false,
    queue: None,
};

/// All of them.
pub(crate) const ALL: &[Fault] = &[
    Fault { name: "kill-one", inflict: kill::one, ..PLAIN },
    Fault { name: "kill-leader", inflict: kill::leader, ..PLAIN },
    Fault { name: "kill-majority", inflict: kill::majority, ..PLAIN },
    Fault { name: "kill-all", inflict: kill::all, hold_ms: (50, 500), ..PLAIN },
    Fault { name: "pause-one", inflict: pause::one, hold_ms: (500, 4_000), ..PLAIN },
    Fault { name: "pause-leader", inflict: pause::leader, hold_ms: (500, 4_000), ..PLAIN },
    Fault {
        name: "pause-long",
        inflict: pause::leader,
        hold_ms: (8_000, 15_000),
        weight: 1,
        ..PLAIN
    },
    Fault { name: "pause-all", inflict: pause::all, hold_ms: (500, 2_000), weight: 2, ..PLAIN },
    Fault { name: "cut-two-way", inflict: cut::two_way, ..PLAIN },
    Fault { name: "cut-one-way", inflict: cut::one_way, ..PLAIN },
    Fault { name: "isolate-leader", inflict: cut::leader, hold_ms: (1_000, 4_000), ..PLAIN },
    Fault { name: "deafen-leader", inflict: cut::deafen_leader, hold_ms: (1_000, 4_000), ..PLAIN },
    Fault { name: "split", inflict: cut::split, hold_ms: (1_000, 4_000), ..PLAIN },
    Fault { name: "loss", inflict: link::loss, hold_ms: (1_000, 4_000), ..PLAIN },
    Fault {
        name: "delay",
        inflict: link::delay,
        queue: Some(("netem", "delay 1ms")),
        hold_ms: (1_000, 4_000),
        ..PLAIN
    },
    Fault {
        name: "slow-link",
        inflict: link::slow,
        queue: Some(("tbf", "rate 1mbit burst 10kb latency 1s")),
        hold_ms: (1_000, 4_000),
        ..PLAIN
    },
    Fault { name: "reset", inflict: reset::run, hold_ms: (100, 1_500), ..PLAIN },
    Fault { name: "wipe", inflict: wipe::run, is_wipe: true, weight: 3, ..PLAIN },
    Fault { name: "stop", inflict: stop::run, hold_ms: (50, 1_500), ..PLAIN },
    Fault { name: "disk-write-error", inflict: disk::write_error, ..PLAIN },
    Fault { name: "disk-sync-error", inflict: disk::sync_error, ..PLAIN },
    Fault { name: "disk-full", inflict: disk::full, weight: 2, ..PLAIN },
    Fault { name: "disk-slow", inflict: disk::slow, ..PLAIN },
    Fault { name: "power-one", inflict: power::one, ..PLAIN },
    Fault { name: "power-leader", inflict: power::leader, ..PLAIN },
    Fault { name: "power-all", inflict: power::all, hold_ms: (50, 500), weight: 8, ..PLAIN },
];

impl Fault {
    pub(crate) fn hold(&self, rng: &mut SmallRng) -> Duration {
        Duration::from_millis(rng.random_range(self.hold_ms.0..=self.hold_ms.1))
    }
}

/// One or two for a round; the same seed draws the same.
pub(crate) fn draw(known: &[&'static Fault], rng: &mut SmallRng) -> Vec<&'static Fault> {
    let count = if rng.random_bool(0.35) { 2 } else { 1 };
    let mut drawn: Vec<&Fault> = Vec::new();
    while drawn.len() < count {
        let all: u32 = known.iter().map(|it| it.weight).sum();
        let mut left = rng.random_range(0..all);
        let fault = known.iter().find(|it| {
            let is_it = left < it.weight;
            left = left.saturating_sub(it.weight);
            is_it
        });
        let fault = fault.expect("the weights are counted");
        if !(fault.is_wipe && drawn.iter().any(|it| it.is_wipe)) {
            drawn.push(fault);
        }
    }
    drawn
}

fn any(cluster: &Cluster, rng: &mut SmallRng) -> usize {
    rng.random_range(0..cluster.len())
}

/// Who leads most groups; if nobody knows, anyone.
fn leader(cluster: &Cluster, rng: &mut SmallRng) -> usize {
    let any = any(cluster, rng); // Drawn in any case, so that what is drawn later stays the same.
    cluster.leader().unwrap_or(any)
}

/// All nodes in a chosen order.
fn shuffled(cluster: &Cluster, rng: &mut SmallRng) -> Vec<usize> {
    let mut all: Vec<usize> = (0..cluster.len()).collect();
    all.shuffle(rng);
    all
}

fn names(cluster: &Cluster, nodes: &[usize]) -> String {
    nodes.iter().map(|it| cluster.name(*it)).collect::<Vec<_>>().join(", ")
}
