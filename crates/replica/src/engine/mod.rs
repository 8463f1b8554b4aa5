//! All groups of one node: a pure loop over their strategies.
//!
//! Promise: a command given to [`Engine::submit`] is handed out in an [`Event::Apply`] on every replica
//! exactly once and in its lane's order, or its token is given back as refused (it never will be) or
//! unknown. Nothing here waits: inputs go in, [`Engine::settle`] says what to send and what happened.
//!
//! The engine owns no socket, thread or clock. The node's log is written by whoever drives it: one
//! submission per settling, so that one sync covers all groups.

mod bridge;
mod catch_up;
mod checkpoint;
#[cfg(fuzzing)]
pub mod fuzzing;
mod group;
mod hand_out;
mod letting_go;
mod observe;
mod offer;
mod questions;
#[cfg(test)]
mod tests;
mod wire;

use crate::lane::Outbox;
use crate::store::log::Append;
use crate::store::{GroupId, History, Log};
use crate::strategy::{
    Committed, Effects, Kind, Met, PeerId, Propose, Route, Strategy, StrategyStatus, Tuning, View,
};
use bytes::Bytes;
pub use checkpoint::{Checkpoint, GroupCheckpoint, StateAt};
use fail::fail_point;
use group::{Group, Role};
use replica_proto::Clock;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use wire::Envelope;

/// What happened, for the node above.
#[derive(Debug)]
pub enum Event {
    /// Commands to apply, in this order.
    Apply(Applied),
    /// The command did not happen and will not.
    Refused {
        /// As given to [`Engine::submit`].
        token: u64,
    },
    /// It may have happened, or may yet.
    Unknown {
        /// As given to [`Engine::submit`].
        token: u64,
    },
    /// A peer needs this group's state: call [`Engine::provide`].
    WantsState(GroupId),
    /// This state takes the place of the group's: restore it, and make a checkpoint; the group goes on
    /// after [`Engine::installed`]. Of a gossip group it does not: it is to be joined into the one here.
    Install {
        /// Which.
        group: GroupId,
        /// As another node's [`Engine::provide`] was given it.
        state: Bytes,
        /// What was applied here is no part of it: that was of a line that does not count.
        was_reset: bool,
    },
    /// A group's replica here wants this decided by the directory; what is decided comes back by
    /// [`Engine::view`].
    Propose {
        /// Which.
        group: GroupId,
        /// What.
        propose: Propose,
    },
    /// Branches of a group met again after a cut: members on both sides had gone on.
    Met {
        /// Which.
        group: GroupId,
        /// Those who are back.
        peers: Vec<PeerId>,
        /// How long ago the first of them was lost.
        cut_ms: u64,
        /// Is it for this node to say so where all can read it?
        announces: bool,
    },
    /// The state here is as new as the one that was fetched: make a checkpoint, then call
    /// [`Engine::installed`].
    Keep(GroupId),
    /// Something from the node above, of a peer ([`Engine::tell`]).
    Told {
        /// Who.
        from: PeerId,
        /// What.
        body: Bytes,
    },
}

/// One lane's commands of one entry.
#[derive(Debug)]
pub struct Applied {
    /// Whose log.
    pub group: GroupId,
    /// The entry's place in it; in a gossip group, in its origin's.
    pub index: u64,
    /// The hybrid-logical stamp of who ordered it. In a gossip group the first of these commands has this
    /// one, and the others those that follow: no other command has them there.
    pub stamp: u64,
    /// Which node offered them.
    pub origin: PeerId,
    /// The commands, as given to [`Engine::submit`] there.
    pub commands: Vec<Bytes>,
    /// Their tokens, if they were offered here and their senders still wait: as many, or none.
    pub tokens: Vec<u64>,
}

/// What a group says of itself.
#[derive(Clone, Debug, Default)]
pub struct GroupStatus {
    /// Which.
    pub group: u32,
    /// Its strategy's name.
    pub strategy: &'static str,
    /// What the strategy says.
    pub replicas: StrategyStatus,
    /// Applied here.
    pub applied: u64,
    /// How this node takes part: `leader`, `voter`, `learner`, `observer`, `peer`.
    pub role: &'static str,
    /// Commands of this node that wait.
    pub waiting: usize,
}

/// How much the history of a node is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Soundness {
    /// As far as is known.
    #[default]
    Whole,
    /// Something in it cannot be read: whoever reads asks others, peers that catch up take what there is.
    Damaged,
    /// It no longer has everything that was applied: nobody reads it.
    Gaps,
}

/// Where the engine puts what is to be sent.
pub trait Links {
    /// Appends a frame to the peer's connection; false: it is down or full, the frame is lost.
    fn send(&mut self, to: PeerId, fill: &mut dyn FnMut(&mut Vec<u8>)) -> bool;
}

/// All groups of one node.
pub struct Engine {
    me: PeerId,
    boot: u32,
    log: Rc<RefCell<Log>>,
    history: Rc<RefCell<History>>,
    kind_of: Box<dyn Fn(GroupId) -> Kind>,
    groups: BTreeMap<GroupId, Group>,
    up: BTreeSet<PeerId>,
    clock: Clock,
    wall_ms: u64,
    tuning: Tuning,
    ticket: u64,
    synced: u64,
    /// Replicas that were begun in this life of the node.
    begun: u64,
    now_ms: u64,
    touched: BTreeSet<GroupId>,
    sends: Vec<(PeerId, Envelope)>,
    events: Vec<Event>,
    /// Groups whose state a peer waits for; told last, when everything applied was handed out.
    wanted: BTreeSet<GroupId>,
    soundness: Soundness,
    fatal: Option<String>,
}

impl Engine {
    /// An engine without groups. `boot` counts the node's starts and must rise with each; `kind_of`
    /// says how the group of a number is replicated: the same on all nodes, for ever.
    #[must_use]
    pub fn new(
        me: PeerId,
        boot: u32,
        log: Rc<RefCell<Log>>,
        history: Rc<RefCell<History>>,
        kind_of: impl Fn(GroupId) -> Kind + 'static,
    ) -> Engine {
        Engine {
            me,
            boot,
            log,
            history,
            kind_of: Box::new(kind_of),
            groups: BTreeMap::new(),
            up: BTreeSet::new(),
            clock: Clock::default(),
            wall_ms: 0,
            tuning: Tuning::default(),
            ticket: 0,
            synced: 0,
            begun: 0,
            now_ms: 0,
            touched: BTreeSet::new(),
            sends: Vec::new(),
            events: Vec::new(),
            wanted: BTreeSet::new(),
            soundness: Soundness::Whole,
            fatal: None,
        }
    }

    /// Milliseconds of a monotonic clock; only differences matter.
    pub fn set_now(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// Offers a command to a group. Its token comes back exactly once, in an event.
    pub fn submit(&mut self, group: GroupId, token: u64, command: Bytes) {
        let is_taken = match self.groups.get_mut(&group) {
            Some(it) => it.outbox.push(token, command, self.now_ms),
            None => false,
        };
        if is_taken {
            self.touched.insert(group);
        } else {
            self.events.push(Event::Refused { token });
        }
    }

    /// Sends something of the node above to the node above on a peer. Lost if the link is down.
    pub fn tell(&mut self, to: PeerId, body: Bytes) {
        self.sends.push((to, Envelope::Node(body)));
    }

    /// A frame of a peer.
    pub fn receive(&mut self, from: PeerId, frame: Bytes) {
        let Some(envelope) = Envelope::decode(frame) else {
            tracing::warn!(from, "an envelope that cannot be read");
            return;
        };
        match envelope {
            Envelope::Strategy(group, message) => {
                self.forget_letting_go(group, from);
                if let Some(strategy) = self.replica_for(group) {
                    strategy.receive(from, message);
                    self.touched.insert(group);
                }
            }
            Envelope::Propose(group, section) => self.take(group, section),
            Envelope::NotTaken { group, generation, can_commit, section } => {
                if let Some(it) = self.groups.get_mut(&group)
                    && it.outbox.generation() == generation
                {
                    it.outbox.not_taken(section.0, section.1);
                    it.outbox.rewind();
                    it.is_held = true; // Until the next tick: no hot loop between two nodes.
                    it.cut_off_at = (!can_commit).then_some(self.now_ms);
                }
            }
            Envelope::FetchState { group, index, offset } => {
                self.send_state(from, group, index, offset)
            }
            Envelope::State { group, index, offset, total, part } => {
                self.take_state(from, group, index, offset, total, &part);
            }
            Envelope::FetchHistory { group, after, upto, room, ordinal } => {
                self.send_history(from, group, after, upto, (room, ordinal));
            }
            Envelope::History { group, upto, next, records } => {
                self.take_history(from, group, upto, next, records);
            }
            Envelope::Observe { group, after } => self.add_observer(from, group, after),
            Envelope::Observed { group, index, term, data } => {
                self.take_observed(from, group, Committed { index, term, data, origin: None });
            }
            Envelope::Alive { group, index } => self.take_alive(from, group, index),
            Envelope::Restart { group, index } => self.restart_observing(from, group, index),
            Envelope::AmIOf { group } => self.tell_whether_of(from, group),
            Envelope::YouAreNot { group, term } => self.take_letting_go(from, group, term),
            Envelope::Node(body) => self.events.push(Event::Told { from, body }),
        }
    }

    /// The link to a peer came up or broke.
    pub fn link(&mut self, peer: PeerId, is_up: bool) {
        if is_up {
            self.up.insert(peer);
        } else {
            self.up.remove(&peer);
        }
        for (id, group) in &mut self.groups {
            if let Role::Replica(strategy) = &mut group.role {
                strategy.link(peer, is_up);
            }
            if group.route_was == Route::At(peer) {
                group.outbox.rewind();
            }
            group.observers.remove(&peer);
            group.waiting_observers.retain(|it| *it != peer);
            group.waiting_replicas.retain(|it| *it != peer);
            self.touched.insert(*id);
        }
        if !is_up {
            self.lose_source(peer);
        }
    }

    /// The log is on disk up to this ticket.
    pub fn synced(&mut self, ticket: u64) {
        self.synced = ticket;
        for (id, group) in &mut self.groups {
            if let Role::Replica(strategy) = &mut group.role
                && group.unsynced_from.is_some_and(|first| first <= ticket)
            {
                strategy.synced(ticket);
                group.unsynced_from = (group.last_ticket > ticket).then_some(ticket + 1);
                self.touched.insert(*id);
            }
        }
    }

    /// One tick of [`crate::strategy::TICK_MS`] has passed.
    pub fn tick(&mut self) {
        let ids: Vec<GroupId> = self.groups.keys().copied().collect();
        for id in ids {
            let group = self.groups.get_mut(&id).expect("ids were read from the map");
            if let Role::Replica(strategy) = &mut group.role {
                strategy.tick();
            }
            group.is_held = false;
            self.tick_lane(id);
            self.tick_catch_up(id);
            self.tick_observing(id);
            self.tick_observers(id);
            self.touched.insert(id);
        }
    }

    /// Where the replicas of a group shall be.
    pub fn want(&mut self, group: GroupId, replicas: &[PeerId]) {
        if let Some(Role::Replica(strategy)) = self.groups.get_mut(&group).map(|it| &mut it.role) {
            strategy.want(replicas);
        }
    }

    /// The directory has decided this of a group. Older ones than the replica here knows change nothing.
    pub fn view(&mut self, group: GroupId, view: &View) {
        if let Some(Role::Replica(strategy)) = self.groups.get_mut(&group).map(|it| &mut it.role) {
            strategy.view(view);
            self.touched.insert(group);
        }
    }

    /// To how many peers entries of gossip groups go at once.
    pub fn set_fanout(&mut self, fanout: usize) {
        self.tune(Tuning { fanout, ..self.tuning });
    }

    /// How large the log of a gossip group may grow for members that are away; then they fetch the state.
    pub fn set_kept_bytes_max(&mut self, kept_bytes_max: u64) {
        self.tune(Tuning { kept_bytes_max, ..self.tuning });
    }

    fn tune(&mut self, tuning: Tuning) {
        self.tuning = tuning;
        for group in self.groups.values_mut() {
            if let Role::Replica(strategy) = &mut group.role {
                strategy.tune(&tuning);
            }
        }
    }

    /// Hands every leadership over, as far as there is somebody to take it.
    pub fn step_down(&mut self) {
        for (id, group) in &mut self.groups {
            if let Role::Replica(strategy) = &mut group.role {
                strategy.step_down();
                self.touched.insert(*id);
            }
        }
    }

    /// Hands the leadership of one group to this replica of it, if that has caught up and, with `needs_all`,
    /// so have all others. False: it is not led here, or that cannot be done without a pause now; nothing
    /// happens. True promises nothing: it may stay where it is.
    pub fn hand_over(&mut self, group: GroupId, to: PeerId, needs_all: bool) -> bool {
        self.touched.insert(group);
        self.replica_for(group).is_some_and(|it| it.hand_over(to, needs_all))
    }

    /// Asks the other members at once what they have: [`Engine::own_tail`] knows a round trip later.
    pub fn compare(&mut self, group: GroupId) {
        if let Some(strategy) = self.replica_for(group) {
            strategy.compare();
            self.touched.insert(group);
        }
    }

    /// The history here is worse than it was. It never gets better.
    pub fn spoil_history(&mut self, now: Soundness) {
        self.soundness = self.soundness.max(now);
    }

    /// Writes and syncs one batch of an inline log, which reports it by its own callback.
    pub fn sync_log(&mut self) {
        self.log.borrow_mut().pump();
    }

    /// Settles every touched group: what is to be written goes to the log in one submission, what is to
    /// be sent to `links`, and what happened to the returned events. `wall_ms` stamps new entries.
    pub fn settle(&mut self, wall_ms: u64, links: &mut impl Links) -> Vec<Event> {
        self.wall_ms = wall_ms;
        let mut appends: Vec<Append> = Vec::new();
        let ticket = self.ticket + 1;
        while let Some(id) = self.touched.pop_first() {
            self.pump(id, wall_ms);
            let Some(group) = self.groups.get_mut(&id) else {
                continue;
            };
            let Role::Replica(strategy) = &mut group.role else {
                continue;
            };
            let mut effects = Effects::default();
            strategy.settle(ticket, &mut effects);
            self.carry_out(id, ticket, effects, &mut appends);
        }
        if !appends.is_empty() {
            fail_point!("engine.before-submit");
            self.ticket = ticket;
            self.write(appends, ticket);
        }
        for (to, envelope) in self.sends.drain(..) {
            fail_point!("engine.before-envelope");
            links.send(to, &mut |out| envelope.encode(out));
        }
        let mut events = std::mem::take(&mut self.events);
        // The state given must contain all that is applied: those who want it come last.
        events.extend(std::mem::take(&mut self.wanted).into_iter().map(Event::WantsState));
        events
    }

    fn carry_out(&mut self, id: GroupId, ticket: u64, effects: Effects, appends: &mut Vec<Append>) {
        let group = self.groups.get_mut(&id).expect("it was settled just now");
        if !effects.appends.is_empty() {
            group.unsynced_from.get_or_insert(ticket);
            group.last_ticket = ticket;
            appends.extend(effects.appends);
        }
        self.sends.extend(
            effects.sends.into_iter().map(|(to, message)| (to, Envelope::Strategy(id, message))),
        );
        if effects.wants_state {
            self.wanted.insert(id);
        }
        let proposes = effects.proposes.into_iter();
        self.events.extend(proposes.map(|propose| Event::Propose { group: id, propose }));
        if let Some(Met { peers, cut_ms, announces }) = effects.met {
            self.events.push(Event::Met { group: id, peers, cut_ms, announces });
        }
        if effects.is_reset {
            group.reset();
            let dropped = self.history.borrow_mut().drop_group(id);
            if let Err(why) = dropped {
                self.fatal.get_or_insert(format!("{id}: its history cannot be dropped: {why}"));
            }
        }
        if let Some(why) = effects.broken {
            self.fatal.get_or_insert(format!("{id}: {why}"));
        }
        if let Some(fetch) = effects.fetch {
            self.begin_catch_up(id, fetch);
        }
        for entry in effects.committed {
            self.apply(id, entry);
        }
    }

    /// A log that takes nothing in any more says so to whoever drives it, by its own callback.
    fn write(&mut self, appends: Vec<Append>, ticket: u64) {
        if let Err(why) = self.log.borrow_mut().submit(appends, ticket) {
            self.fatal.get_or_insert(format!("the log takes nothing in: {why}"));
        }
    }

    fn replica_for(&mut self, id: GroupId) -> Option<&mut Box<dyn Strategy>> {
        match &mut self.groups.get_mut(&id)?.role {
            Role::Replica(strategy) => Some(strategy),
            Role::Observer(_) => None,
        }
    }

    fn new_outbox(&self) -> Outbox {
        Outbox::new(self.me, u64::from(self.boot) << 32)
    }
}
