//! Gossip, by the machine of `replica_proto::gossip`: here it gets its log, and one number for each entry
//! that is applied.
//!
//! Promise: that of the machine. Besides, what is handed out as committed and a state that was joined are one
//! count and one version vector, which go into every checkpoint together: an entry that the state
//! contains is never handed out again, and one that it does not contain always is.
//!
//! Stamps are the node's, since its groups share one clock; so the machine is given no wall clock.
//!
//! Nobody waits for the disk to have what others wrote: such entries go to the log with the next own one, with
//! the next tick, or when they are many. A sync for each would keep the disk from those that are waited for.
//!
//! A disk that forgot own entries is marked in the log before the node leaves: the next start finds this
//! replica damaged, and the node comes back as another.

#[cfg(fuzzing)]
pub mod fuzzing;
mod memory;
mod meters;
mod storage;
#[cfg(test)]
mod tests;

use super::kind::Way;
use super::{
    Committed, Effects, Fetch, Met, OwnTail, PeerId, Point, Route, Start, Strategy, StrategyStatus,
    TICK_MS, Tuning,
};
use crate::store::log::Append;
use crate::store::{GroupId, Log};
use bytes::Bytes;
use fail::fail_point;
use memory::Memory;
use meters::Meters;
use replica_proto::gossip::{self as machine, Input, Limits, Machine, VersionVector};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use storage::{ArrivalLog, TERM};

/// Gossip, as the others see it.
pub(super) const WAY: Way = Way { name: "gossip", begin, founding_memory };

/// Checkpoints and states for peers that are remembered by what they contain: one that is purged by is two
/// checkpoints old, and there are few states between them.
const VERSIONS_MAX: usize = 64;
/// What the node's log says of a replica whose disk forgot.
const FORGOTTEN: &[u8] = b"forgotten";
/// Why a node leaves, or starts as another.
const WHY_FORGOTTEN: &str = "peers have entries of this node that its disk has forgotten";

/// One replica of one gossip group.
struct GossipGroup {
    group: GroupId,
    me: PeerId,
    machine: Machine,
    log: ArrivalLog,
    now_ms: u64,
    /// Entries handed out and states joined.
    applied: u64,
    /// What they contained.
    version: VersionVector,
    /// What the state contained at these indexes, for purging.
    versions: RefCell<VecDeque<(u64, VersionVector)>>,
    /// What the machine has wanted since the last settling; its entries are in `to_write`.
    wanted: machine::Effects,
    to_write: Vec<Append>,
    to_write_bytes: usize,
    /// It is not to wait for more.
    is_write_due: bool,
    /// Entries that the machine gave to be written.
    written: u64,
    /// Tickets of the node's log, and how many entries are written with each.
    unsynced: VecDeque<(u64, u64)>,
    members: Vec<PeerId>,
    up: BTreeSet<PeerId>,
    forgotten: Forgotten,
    meters: Meters,
}

/// What becomes of a node whose disk forgot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Forgotten {
    Not,
    /// The mark is on its way to the disk, with this ticket.
    Marking(u64),
    /// It is there: the node may leave.
    Marked,
}

fn founding_memory(_: &[PeerId]) -> Bytes {
    Memory::default().encode()
}

fn begin(
    group: GroupId,
    me: PeerId,
    log: Rc<RefCell<Log>>,
    start: Start,
) -> Result<Box<dyn Strategy>, String> {
    if start.log.is_some_and(|it| it.meta.is_some_and(|it| it == FORGOTTEN)) {
        return Err(WHY_FORGOTTEN.to_owned());
    }
    let Point { index, memory, .. } = start.point;
    let Some(Memory { version, stamp }) = Memory::decode(&memory) else {
        return Err("what its state contains cannot be read".to_owned());
    };
    let (log, held) = ArrivalLog::open(group, log)?;
    let begin = machine::Start { state: version.clone(), held, clock: stamp };
    let mut wanted = machine::Effects::default();
    let seed = me ^ u64::from(group.0).rotate_left(32) ^ index.rotate_left(40);
    let limits = limits();
    let machine = Machine::new(me, limits, seed, (0, NO_WALL_MS), &begin, &log, &mut wanted);
    let mut this = GossipGroup {
        group,
        me,
        machine,
        log,
        now_ms: 0,
        applied: index,
        versions: RefCell::new([(index, version.clone())].into()),
        version,
        wanted,
        to_write: Vec::new(),
        to_write_bytes: 0,
        is_write_due: false,
        written: 0,
        unsynced: VecDeque::new(),
        members: Vec::new(),
        up: BTreeSet::new(),
        forgotten: Forgotten::Not,
        meters: Meters::default(),
    };
    this.tune(&Tuning::default());
    Ok(Box::new(this))
}

/// The machine stamps nothing here.
const NO_WALL_MS: u64 = 0;

/// Unsynced entries of all origins: as much as a disk takes in a second on a bad day.
const UNSYNCED_BYTES_MAX: usize = 4 << 20;

/// Others' entries that wait for the next tick: as much as a sync should carry anyway.
const LATER_BYTES_MAX: usize = 64 << 10;

fn limits() -> Limits {
    Limits { unsynced_bytes_max: UNSYNCED_BYTES_MAX, clock_ms: TICK_MS, ..Limits::default() }
}

impl GossipGroup {
    fn step(&mut self, input: Input) {
        self.machine.step(self.now_ms, NO_WALL_MS, input, &self.log, &mut self.wanted);
        for entry in self.wanted.appends.drain(..) {
            self.written += 1;
            self.to_write_bytes += entry.data.len();
            self.is_write_due |= entry.origin == self.me || self.to_write_bytes >= LATER_BYTES_MAX;
            self.to_write.push(self.log.write(&entry));
        }
    }

    fn hand_out(&mut self, effects: &mut Effects) {
        for entry in self.wanted.delivers.drain(..) {
            let (origin, index) = (entry.origin, entry.index);
            if index <= self.version.get(origin) {
                continue; // A state that was joined since contains it.
            }
            self.version.raise(origin, index);
            self.applied += 1;
            effects.committed.push(Committed {
                index: self.applied,
                term: TERM,
                data: entry.data,
                origin: Some((origin, index)),
            });
        }
    }

    /// Marks the log, once; when the mark is on disk, the node is to leave.
    fn mark_forgotten(&mut self, ticket: u64, effects: &mut Effects) {
        match self.forgotten {
            Forgotten::Not if self.wanted.has_forgotten => {
                fail_point!("gossip.before-mark");
                let body = Bytes::from_static(FORGOTTEN);
                effects.appends.push(Append::Meta { group: self.group, body });
                self.forgotten = Forgotten::Marking(ticket);
            }
            Forgotten::Marked => effects.broken = Some(WHY_FORGOTTEN.to_owned()),
            _ => {}
        }
    }

    /// What the state contained when it was at this index, or less.
    fn version_at(&self, index: u64) -> VersionVector {
        let versions = self.versions.borrow();
        let found = versions.iter().rev().find(|it| it.0 <= index);
        found.map(|it| it.1.clone()).unwrap_or_default()
    }
}

impl Strategy for GossipGroup {
    fn route(&self) -> Route {
        Route::Here
    }

    fn room(&self) -> usize {
        usize::from(self.machine.room() > 0)
    }

    fn offer(&mut self, entry: Bytes, stamp: u64) -> bool {
        let is_taken = self.machine.room() > 0;
        self.step(Input::Stamped { hlc: stamp, data: entry });
        is_taken
    }

    fn receive(&mut self, from: PeerId, message: Bytes) {
        fail_point!("gossip.before-receive");
        self.step(Input::Received { from, message });
    }

    fn fetched(&mut self, _: Bytes) {
        let version = self.version.clone();
        self.step(Input::Fetched { version });
    }

    fn fetch_failed(&mut self) {
        self.step(Input::FetchFailed);
    }

    fn peer_fetches(&mut self, _: PeerId) {} // It need not wait for whoever does.

    fn provide(&mut self, _: u64) {} // The engine gives the newest there is.

    fn tick(&mut self) {
        self.now_ms += TICK_MS;
        self.is_write_due = true;
        self.step(Input::Tick);
        self.meters.tell(self.now_ms, &self.machine);
    }

    fn link(&mut self, peer: PeerId, is_up: bool) {
        match is_up {
            true => self.up.insert(peer),
            false => self.up.remove(&peer),
        };
        self.step(Input::Link { peer, is_up });
    }

    fn synced(&mut self, ticket: u64) {
        let mut count = None;
        while let Some((_, written)) = self.unsynced.pop_front_if(|it| it.0 <= ticket) {
            count = Some(written);
        }
        if matches!(self.forgotten, Forgotten::Marking(mark) if mark <= ticket) {
            self.forgotten = Forgotten::Marked;
        }
        if let Some(count) = count {
            fail_point!("gossip.before-confirm");
            self.step(Input::Synced(count));
        }
    }

    fn applied(&mut self, _: u64, _: u64) {}

    fn point(&self) -> Point {
        let mut versions = self.versions.borrow_mut();
        if versions.back().is_none_or(|it| it.0 < self.applied) {
            versions.push_back((self.applied, self.version.clone()));
            if versions.len() > VERSIONS_MAX {
                versions.pop_front();
            }
        }
        let memory = Memory { version: self.version.clone(), stamp: self.machine.clock() };
        Point { index: self.applied, term: TERM, memory: memory.encode() }
    }

    fn purge(&mut self, index: u64) -> Option<(u64, u64)> {
        let floors = self.machine.purge(&self.version_at(index));
        self.log.purge(&floors).map(|upto| (upto, TERM))
    }

    fn entries(&self, _: u64, _: u64) -> Option<Vec<Committed>> {
        None // Nobody follows from outside.
    }

    fn want(&mut self, replicas: &[PeerId]) {
        if self.members != replicas {
            self.members = replicas.to_vec();
            self.step(Input::Members(replicas.to_vec()));
        }
    }

    fn step_down(&mut self) {}

    fn has_origins(&self) -> bool {
        true
    }

    fn join(&mut self, memory: &[u8]) -> Option<u64> {
        let Memory { version, .. } = Memory::decode(memory)?;
        self.version.merge(&version);
        self.applied += 1;
        Some(self.applied)
    }

    fn version(&self) -> Option<&VersionVector> {
        Some(&self.version)
    }

    fn own_tail(&self) -> Option<OwnTail> {
        let index = self.version.get(self.me);
        let others = || self.members.iter().filter(|it| **it != self.me && self.up.contains(it));
        let mut have: Vec<u64> = others().map(|it| self.machine.told(*it, self.me)).collect();
        have.push(index);
        have.sort_unstable_by_key(|it| std::cmp::Reverse(*it));
        let spread = have[have.len() / 2].min(index); // So far as most of them have it.
        Some(OwnTail { index, spread })
    }

    fn compare(&mut self) {
        self.step(Input::Compare);
    }

    fn last_stamp(&self) -> u64 {
        self.machine.clock()
    }

    fn tune(&mut self, tuning: &Tuning) {
        self.step(Input::Fanout(tuning.fanout));
        self.step(Input::Keep(tuning.kept_bytes_max));
    }

    fn settle(&mut self, ticket: u64, effects: &mut Effects) {
        self.mark_forgotten(ticket, effects);
        if self.is_write_due && !self.to_write.is_empty() {
            fail_point!("gossip.before-write");
            self.unsynced.push_back((ticket, self.written));
            effects.appends.append(&mut self.to_write);
            self.to_write_bytes = 0;
            self.log.submitted();
        }
        self.is_write_due = false;
        for send in self.wanted.sends.drain(..) {
            fail_point!("gossip.before-message");
            effects.sends.push(send);
        }
        let fetch = self.wanted.fetch.take();
        effects.fetch = fetch.map(|it| Fetch { from: it.from, index: 0, message: Bytes::new() });
        let met = self.wanted.met.take();
        effects.met =
            met.map(|machine::Met { peers, cut_ms, announces }| Met { peers, cut_ms, announces });
        self.hand_out(effects);
    }

    fn term(&self) -> u64 {
        TERM
    }

    fn status(&self) -> StrategyStatus {
        StrategyStatus {
            leader: None,
            term: TERM,
            commit: self.applied,
            voters: self.members.clone(),
            learners: Vec::new(),
            coordinator: None,
        }
    }
}
