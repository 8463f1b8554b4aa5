//! A network for tests of pure machines: nodes, their disks and clocks, and everything that goes wrong.
//!
//! Promise: one seed is one run. Messages are delayed, lost, doubled and overtaken; links are cut in one
//! or both directions and heal; nodes crash and lose what was not synced, or their whole disk; every
//! node's clocks run at their own pace, and its wall clock jumps. After every step of a node the test's
//! [`Watch`] looks at it; what it objects to ends the run, and is told with the seed and what happened last.
//!
//! A test gives a [`Node`] (the machine with what its shell would do) and a [`Watch`], makes a [`Net`],
//! lets [`Net::storm`] rage and [`Net::calm`] follow, and hands the whole to [`run_seeds`].

mod faults;
mod net;
mod random;
mod seeds;
mod story;
mod tests;

pub(crate) use faults::Weather;
pub(crate) use net::Net;
pub(crate) use random::Random;
pub(crate) use seeds::{failure_of, find_failure, run_seed, run_seeds};

use std::fmt::Debug;

/// Identity of a node. A disk that was lost takes its node's identity along.
pub(crate) type Id = u64;

/// A machine in its shell, as the network runs it.
pub(crate) trait Node: Sized {
    /// What nodes say to each other.
    type Message: Clone + Debug;
    /// What it holds on disk.
    type Disk: Disk;
    /// What may come from outside of the network: clients, operators.
    type Ask: Clone + Debug;
    /// What all nodes of a run are told.
    type Setup;

    /// A start from what the disk holds. The first tick follows at once.
    fn start(me: Id, now: Now, seed: u64, disk: &Self::Disk, setup: &Self::Setup) -> Self;

    /// One input. `disk` is what was written so far, whether synced or not, without this step's writes.
    fn step(
        &mut self,
        now: Now,
        input: Input<Self::Message, Self::Ask>,
        disk: &Self::Disk,
        out: &mut Out<Self>,
    );
}

/// What writes add up to.
pub(crate) trait Disk: Clone + Default {
    type Write: Clone + Debug;

    fn write(&mut self, write: &Self::Write);
}

/// What a node's clocks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// Since some moment before the node's start; never runs backward, but at the node's own pace.
    pub(crate) ms: u64,
    /// The same clock, finer.
    pub(crate) us: u64,
    /// Unix time as this node believes it to be. It jumps.
    pub(crate) wall_ms: u64,
}

/// What can happen to a node.
#[derive(Clone, Debug)]
pub(crate) enum Input<M, A> {
    /// Of another node, or of an earlier life of it.
    Receive(Id, M),
    /// Every [`TICK_MS`] of its own clock.
    Tick,
    /// Writes of steps with tickets up to this one are on disk.
    Synced(u64),
    /// A connection came up or broke; may be late, and may be missing.
    Link(Id, bool),
    /// From outside.
    Ask(A),
}

/// What a step wants done.
pub(crate) struct Out<N: Node> {
    /// Of this step's writes.
    pub(crate) ticket: u64,
    pub(crate) sends: Vec<(Id, N::Message)>,
    pub(crate) writes: Vec<<N::Disk as Disk>::Write>,
}

/// What has to be true.
pub(crate) trait Watch<N: Node> {
    /// Looks at a node that has just made a step, or started.
    fn look(&mut self, id: Id, node: &mut N, disk: &N::Disk) -> Result<(), String>;

    /// Looks at the network as a whole, after each [`Watch::look`].
    fn check(&mut self, _net: &Net<N>) -> Result<(), String> {
        Ok(())
    }

    /// May this node lose its disk now?
    fn may_wipe(&self, _id: Id, _net: &Net<N>) -> bool {
        false
    }

    /// It was wiped; `new` stands in its place, with an empty disk.
    fn wiped(&mut self, _old: Id, _new: Id, _net: &mut Net<N>) {}

    /// Called between faults: the place to ask something of somebody.
    fn disturb(&mut self, _net: &mut Net<N>) {}
}

/// Length of a tick, in milliseconds of a node's own clock.
pub(crate) const TICK_MS: u64 = 25;
