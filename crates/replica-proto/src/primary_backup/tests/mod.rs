//! The machine on the test network: replicas with disks, and a directory that is as hard to reach as they.

mod directory;
pub(crate) mod disk;
mod garbage;
mod plants;
mod replica;
mod scenes;
mod storms;
mod watch;

use super::{Entry, Options, PeerId, Propose, View};
use crate::testnet::{Id, Input, Node, Now, Out};
use bytes::Bytes;
use directory::Directory;
use disk::{State, TestDisk};
use replica::Replica;

/// The node that holds the register.
const DIRECTORY: Id = 0;

/// What a run is about.
#[derive(Clone, Debug)]
struct Setup {
    nodes: u64,
    copies: usize,
    options: Options,
    offers_per_tick: u64,
    /// Of a thousand ticks.
    checkpoint_chance: u64,
}

/// From node to node.
#[derive(Clone, Debug)]
enum Envelope {
    Peer(Bytes),
    /// A replica lives, and this is its epoch.
    Hello(u64),
    Propose(Propose),
    View(View),
    /// Give me your state, of this index or a later one.
    Fetch(u64),
    State(State),
}

/// From outside.
#[derive(Clone, Debug)]
enum Ask {
    Place(Vec<PeerId>),
    StepDown,
    /// No more offers.
    Quiet,
}

/// What a node did, for the watch.
#[derive(Clone, Debug)]
enum Event {
    Applied(State, Entry),
    /// It began with this state, or fetched it.
    State(State),
    Decided(View),
    Proposed(Propose),
    /// As a primary it committed something in this epoch.
    Acked(u64),
}

enum Member {
    Directory(Box<Directory>),
    Replica(Box<Replica>),
}

impl Node for Member {
    type Message = Envelope;
    type Disk = TestDisk;
    type Ask = Ask;
    type Setup = Setup;

    fn start(me: Id, _now: Now, seed: u64, disk: &TestDisk, setup: &Setup) -> Member {
        if me == DIRECTORY {
            return Member::Directory(Box::new(Directory::start(disk, setup)));
        }
        Member::Replica(Box::new(Replica::start(me, seed, disk, setup)))
    }

    fn step(
        &mut self,
        now: Now,
        input: Input<Envelope, Ask>,
        _disk: &TestDisk,
        out: &mut Out<Member>,
    ) {
        out.writes = match self {
            Member::Directory(it) => it.step(now.ms, input, out.ticket, &mut out.sends),
            Member::Replica(it) => it.step(now, input, out.ticket, &mut out.sends),
        };
    }
}
