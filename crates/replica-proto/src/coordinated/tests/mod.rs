//! The machine on the test network: copies with disks, that elect and decide by themselves.

mod disk;
mod garbage;
mod obedience;
mod replica;
mod scenes;
mod storms;
mod watch;

use super::{Options, Write};
use crate::bully::PeerId;
use crate::primary_backup::Entry;
use crate::testnet::{Id, Input, Node, Now, Out};
use bytes::Bytes;
use disk::{State, TestDisk};
use replica::Replica;

/// What a run is about.
#[derive(Clone, Debug)]
struct Setup {
    /// From the lowest rank to the highest; the first of them has founded the group.
    members: Vec<PeerId>,
    options: Options,
    offers_per_tick: u64,
    /// Of a thousand ticks.
    checkpoint_chance: u64,
}

/// From node to node.
#[derive(Clone, Debug)]
enum Envelope {
    Peer(Bytes),
    /// Give me your state, of this index or a later one.
    Fetch(u64),
    /// With the line that it is of.
    State(State, u64),
}

/// From outside.
#[derive(Clone, Debug)]
enum Ask {
    /// No more offers.
    Quiet,
}

/// What a node did, for the watch.
#[derive(Clone, Debug)]
enum Event {
    /// Of this line, which came to this state by this entry.
    Applied(u64, State, Entry),
    /// It began with this state, or fetched it.
    State(u64, State),
    /// It dropped what it had.
    Reset,
}

impl Node for Replica {
    type Message = Envelope;
    type Disk = TestDisk;
    type Ask = Ask;
    type Setup = Setup;

    fn start(me: Id, now: Now, seed: u64, disk: &TestDisk, setup: &Setup) -> Replica {
        // Its clock goes on while it is down, so this rises with each start.
        Replica::begin(me, now, seed, disk, setup)
    }

    fn step(
        &mut self,
        now: Now,
        input: Input<Envelope, Ask>,
        _disk: &TestDisk,
        out: &mut Out<Replica>,
    ) {
        out.writes = self.feed_network(now, input, out.ticket, &mut out.sends);
    }
}
