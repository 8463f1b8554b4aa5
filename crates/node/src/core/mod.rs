//! The node's one loop, as a machine: requests of doors and committed entries in, deliveries out.
//!
//! Promise: a session sees what happens to it in one order; a request is answered once; nothing is
//! delivered as done that was not committed.
//!
//! Nothing here waits or does I/O but the stores' own reads; the shell around it feeds inputs and
//! carries frames away.

mod account_events;
mod accounts;
mod admin;
mod admit;
mod attach;
mod balance;
mod carry;
mod checkpoint;
mod claims;
mod cluster;
mod deliver;
mod detour;
mod directory;
mod eras;
mod groups;
mod health;
mod held;
mod history;
mod late;
mod leading;
mod lives;
mod lookup;
mod measures;
mod operate;
mod outside;
mod placing;
mod query;
mod requests;
mod resync;
mod rings;
mod rooms;
mod sending_away;
mod stall;
mod standing;
mod status;
mod talk;
mod told;
mod views;
mod watching;

#[cfg(test)]
mod tests;

use crate::Config;
use crate::accounts::Hasher;
use crate::door::{Answer, ConnId, Delivery, Inbound, Info, Request, ShardId};
use crate::identity::Identity;
use crate::lookup::Publisher;
pub(crate) use admit::{Admission, JoinAnswer, JoinQuestion, Question};
use bytes::Bytes;
use chat::codec::encode;
use chat::directory::{Digest, Directory, DirectoryCommand, Session};
use chat::room::Rooms;
use chat::talk::Fold;
use chat::{Limits, NodeId, SessionId, Stamp};
pub(crate) use checkpoint::{CheckpointDone, RestoreError, restore};
use fail::fail_point;
use groups::Groups;
pub(crate) use outside::MembersAnswer;
use rand::Rng;
use rand::rngs::{SmallRng, StdRng};
use replica::engine::{Links, Soundness};
use replica::net::{BreakerState, Responder};
use replica::store::history::HistoryError;
use replica::store::{Disk, GroupId, History};
use replica::strategy::Kind;
use replica::{Engine, Event};
use replica_proto::GroupRing;
pub use rings::lay_out;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The directory's group.
pub(crate) const DIRECTORY: GroupId = GroupId(0);
/// Ended sessions remembered for WHOWAS.
const PAST_MAX: usize = 1_000;
/// With so many other nodes one can be spared: two of them are a majority with it, and without it.
const SPARING_OTHERS: usize = 2;
/// Deliveries that wait for one shard before requests have to wait too: some seconds of a full node.
const BACKLOG_MAX: usize = 1_000_000;
/// Deliveries of a batch that memory is set aside for before they are there.
const BATCH_AHEAD_MAX: usize = 1_024;

/// Where a request came from, while its command is on its way.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// A connection's request.
    Conn { conn: ConnId, tag: u64 },
    /// A registration: the session that will be.
    Registering { conn: ConnId, tag: u64, session: SessionId },
    /// One that keeps its session, or goes on with one: what it is answered once that is so.
    Token { conn: ConnId, tag: u64, token: attach::Token },
    /// The node itself, for a connection whose client knows its newest token.
    Confirm { conn: ConnId, key: Digest },
    /// A node that wants to join.
    Joiner(u64),
    /// An operator who wants something of a room.
    Admin(u64),
    /// An operator who orders something of a node or a group.
    Operator(u64),
    /// The node itself.
    Own(Own),
}

/// What the node proposes of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// Ends the sessions of its earlier life.
    FreshStart,
    /// Anything that is proposed again when it is seen to be missing.
    Whatever,
    /// Says how a session is that changed on the other side of a cut.
    Restate(SessionId),
    /// Changes nothing: once it is applied, all that was in the directory's log before this moment
    /// of the monotonic clock, in milliseconds, has been applied here too.
    Read(u64),
}

/// A connection as the node knows it.
#[derive(Debug)]
pub(crate) struct Conn {
    session: Option<SessionId>,
    /// Number of the session's last room command.
    number: u64,
    /// Commands of it that are not applied yet.
    rooms_in_flight: usize,
    /// Of those, the ones that look for their room, by number.
    detour: BTreeMap<u64, detour::Parked>,
    /// How many moves were seen when nothing was in flight last.
    moves_seen: u64,
    /// Those under way are said in gossip rooms. What has an order goes another way: the two never
    /// overtake each other.
    is_talking: bool,
    /// A directory command of it is not applied yet: everything behind waits.
    is_directory_busy: bool,
    /// Digest of the token that its answer had: known to the client once it asks for something.
    unconfirmed: Option<Digest>,
    /// Requests that wait for those.
    waiting: VecDeque<Request>,
}

struct Shard {
    sink: crossbeam_channel::Sender<Vec<Delivery>>,
    wake: Box<dyn Fn() + Send>,
    out: Vec<Delivery>,
    /// Sizes of the batches that were sent last; as many as are in the channel belong to those.
    sent: VecDeque<usize>,
    /// Deliveries in the channel.
    backlog: usize,
}

impl Shard {
    /// Counts what the door has not taken yet.
    fn count_backlog(&mut self) {
        while self.sent.len() > self.sink.len() {
            self.backlog -= self.sent.pop_front().unwrap_or_default();
        }
    }
}

/// What the node is given by the shell.
pub(crate) struct Surroundings {
    /// What does not change while it runs.
    pub(crate) info: Arc<Info>,
    /// How it was configured.
    pub(crate) config: Config,
    /// Its identity file.
    pub(crate) identity: Identity,
    /// Where that file is.
    pub(crate) disk: Arc<dyn Disk>,
    /// Where doors read who takes clients.
    pub(crate) publisher: Publisher,
    /// Commands applied before the next checkpoint.
    pub(crate) checkpoint_commands: u64,
    /// Where passwords are hashed.
    pub(crate) hasher: Hasher,
    /// All chance.
    pub(crate) random: SmallRng,
    /// All secrets.
    pub(crate) secrets: StdRng,
}

/// The node.
pub(crate) struct Core {
    info: Arc<Info>,
    config: Config,
    identity: Identity,
    disk: Arc<dyn Disk>,
    random: SmallRng,
    secrets: StdRng,
    me: NodeId,
    engine: Engine,
    history: Rc<RefCell<History>>,
    /// Where a record is encoded for it.
    kept: Vec<u8>,
    directory: Directory,
    rooms: BTreeMap<GroupId, Rooms>,
    /// What the log of gossip comes to.
    talk: Fold,
    /// Rooms whose gossip ends, and what this node has done about it.
    closing: BTreeMap<chat::RoomName, talk::Closing>,
    /// Cuts that are over, while what was said on the other side still comes.
    meetings: Vec<talk::Meeting>,
    /// Rooms of which something is missing that nobody waits for any more.
    given_up: BTreeMap<chat::RoomName, late::GivenUp>,
    /// When this node last told late how far it had come in a room's gossip.
    late_told: BTreeMap<chat::RoomName, u64>,
    groups: Groups,
    ring: GroupRing,
    shards: Vec<Shard>,
    conns: HashMap<ConnId, Conn>,
    conn_of: HashMap<SessionId, ConnId>,
    askers: HashMap<u64, Asker>,
    next_token: u64,
    logins: accounts::Logins,
    past: VecDeque<(Arc<Session>, Stamp)>,
    joiners: HashMap<u64, Admission>,
    /// What operators want of rooms, until they are answered.
    wishes: BTreeMap<u64, admin::Wish>,
    /// What operators ordered, until the directory has decided.
    orders: BTreeMap<u64, operate::Order>,
    live: BTreeSet<u64>,
    up: BTreeSet<u64>,
    whereabouts: lookup::Whereabouts,
    /// Of those that are up, since when.
    up_since: BTreeMap<u64, u64>,
    /// What members are taken for here, by what is heard of them.
    watches: BTreeMap<NodeId, health::Watch>,
    /// Circuit breakers that are not closed.
    breakers: BTreeMap<u64, BreakerState>,
    stall: stall::Stall,
    footing: standing::Footing,
    /// Who is a member, as somebody told who knows more than the directory here.
    told_of: Option<MembersAnswer>,
    /// Where to ask that.
    inquiry: Option<Vec<String>>,
    rings: RefCell<rings::Rings>,
    moves: placing::Moves,
    /// Groups were placed, or arrived: what follows need not wait for the next duty.
    placement_news: bool,
    /// When a leadership was handed over last.
    handed_over_ms: u64,
    ghosts: BTreeMap<SessionId, u64>,
    /// The directory here contains everything that was committed before this moment.
    directory_read_ms: u64,
    /// Own sessions that the others have yet to hear of, after a cut.
    unclaimed: claims::Unclaimed,
    /// Sessions of this node without a connection, and since when.
    unattached: BTreeMap<SessionId, u64>,
    /// Those of them that somebody may go on with.
    left: attach::Left,
    /// Registrations that came before this node was ready: since when, whose, which.
    early: VecDeque<(u64, ConnId, u64)>,
    /// Histories that have yet to be freed of what is too old, in this round.
    to_trim: Vec<(GroupId, Box<[u8]>)>,
    last_trim_ms: Option<u64>,
    measures: measures::Measures,
    now_ms: u64,
    /// The same clock as `now_ms`, in microseconds: for measuring only.
    now_us: u64,
    wall_ms: u64,
    last_duty_ms: u64,
    is_fresh: bool,
    fresh_asked_ms: Option<u64>,
    is_leaving: bool,
    /// Doors were told that this node is drained.
    is_sending_away: bool,
    /// Whether some of them should be elsewhere.
    balance: balance::Balance,
    members_changed: bool,
    checkpointing: checkpoint::Progress,
    strays: BTreeMap<GroupId, u64>,
    /// Views that were asked for: on which epoch, and when.
    views_asked: BTreeMap<GroupId, (u64, u64)>,
    /// When something was last proposed, so that it is not proposed again while on its way.
    proposed: HashMap<(&'static str, u64), u64>,
    /// Sessions of each shard in each room.
    followed: HashMap<chat::RoomName, Vec<u32>>,
    limits: Limits,
    look_ups: HashMap<u64, history::LookUp>,
    remote_queries: HashMap<u64, history::RemoteQuery>,
    /// By group: up to which index clients here may have seen the history, as others read it out.
    history_seen: BTreeMap<GroupId, u64>,
    /// Rooms that left a group, as long as somebody has yet to hear of it, and when that was proposed last.
    moving: BTreeMap<(GroupId, chat::RoomName), Option<u64>>,
    /// Rises with everything that may have changed where rooms live.
    moves_seen: u64,
    /// Up to which of those all was done that follows from it.
    moves_settled: u64,
    last_search_ms: Option<u64>,
    /// Connections with a command on a detour.
    detoured: BTreeSet<ConnId>,
    /// When other nodes were last asked how far they are, for one of those.
    hurried_ms: Option<u64>,
    /// What has yet to be told, by group and room.
    held: BTreeMap<(GroupId, chat::RoomName), held::HeldOf>,
    /// Rooms that may not be as clients here were told: who they were told is in.
    told: BTreeMap<chat::RoomName, told::Told>,
    fatal: Option<String>,
}

impl Core {
    /// A node over an engine whose groups are restored already.
    pub(crate) fn new(
        around: Surroundings,
        mut engine: Engine,
        history: Rc<RefCell<History>>,
        (directory, rooms, talk): checkpoint::State,
    ) -> Core {
        let me = NodeId(around.identity.id);
        engine.set_fanout(around.config.fanout);
        let ring = GroupRing::new(around.identity.groups);
        let groups = Groups::new(around.identity.groups, around.identity.names);
        // A checkpoint's entries are not applied again.
        rooms.values().for_each(|it: &Rooms| engine.see_stamp(it.last().0));
        let balance = balance::Balance::new(around.config.rebalance_slack);
        Core {
            info: around.info,
            config: around.config,
            identity: around.identity,
            disk: around.disk,
            random: around.random,
            secrets: around.secrets,
            me,
            engine,
            history,
            kept: Vec::new(),
            directory,
            rooms,
            talk,
            closing: BTreeMap::new(),
            meetings: Vec::new(),
            given_up: BTreeMap::new(),
            late_told: BTreeMap::new(),
            groups,
            ring,
            shards: Vec::new(),
            conns: HashMap::new(),
            conn_of: HashMap::new(),
            askers: HashMap::new(),
            next_token: 1,
            logins: accounts::Logins::new(around.hasher),
            past: VecDeque::new(),
            joiners: HashMap::new(),
            wishes: BTreeMap::new(),
            orders: BTreeMap::new(),
            live: BTreeSet::from([me.0]),
            up: BTreeSet::new(),
            whereabouts: lookup::Whereabouts::new(around.publisher),
            up_since: BTreeMap::new(),
            watches: BTreeMap::new(),
            breakers: BTreeMap::new(),
            stall: stall::Stall::default(),
            footing: standing::Footing::new(),
            told_of: None,
            inquiry: None,
            rings: RefCell::default(),
            moves: placing::Moves::default(),
            placement_news: false,
            handed_over_ms: 0,
            ghosts: BTreeMap::new(),
            directory_read_ms: 0,
            unclaimed: claims::Unclaimed::default(),
            unattached: BTreeMap::new(),
            left: attach::Left::new(),
            early: VecDeque::new(),
            to_trim: Vec::new(),
            last_trim_ms: None,
            measures: measures::Measures::new(),
            now_ms: 0,
            now_us: 0,
            wall_ms: 0,
            last_duty_ms: 0,
            is_fresh: false,
            fresh_asked_ms: None,
            is_leaving: false,
            is_sending_away: false,
            balance,
            members_changed: true,
            checkpointing: checkpoint::Progress::new(around.checkpoint_commands),
            strays: BTreeMap::new(),
            views_asked: BTreeMap::new(),
            proposed: HashMap::new(),
            followed: HashMap::new(),
            limits: Limits::default(),
            look_ups: HashMap::new(),
            remote_queries: HashMap::new(),
            history_seen: BTreeMap::new(),
            moving: BTreeMap::new(),
            moves_seen: 0,
            moves_settled: 0,
            last_search_ms: None,
            detoured: BTreeSet::new(),
            hurried_ms: None,
            held: BTreeMap::new(),
            told: BTreeMap::new(),
            fatal: None,
        }
    }

    /// A node that has just joined follows the directory until it knows its own part in it; so does one
    /// that was told anew who holds it.
    pub(crate) fn follow_directory(&mut self) {
        let holders = match &self.told_of {
            Some(told) => told.directory.clone(),
            None if self.engine.holds(DIRECTORY).is_some() => return,
            None => self.identity.peers.iter().map(|it| it.0).collect(),
        };
        if self.engine.holds(DIRECTORY) != Some(true) {
            let others: Vec<u64> = holders.into_iter().filter(|it| *it != self.me.0).collect();
            self.engine.observe(DIRECTORY, &others);
        }
    }

    /// Both clocks: a monotonic one for differences, the wall's for stamps.
    pub(crate) fn set_now(&mut self, monotonic: Duration, wall_ms: u64) {
        self.now_us = monotonic.as_micros() as u64;
        self.now_ms = monotonic.as_millis() as u64;
        self.wall_ms = wall_ms;
        self.engine.set_now(self.now_ms);
    }

    /// From another thread.
    pub(crate) fn receive_inbound(&mut self, inbound: Inbound) {
        match inbound {
            Inbound::Attach { sink, wake, number } => {
                let id = ShardId(self.shards.len() as u16);
                self.shards.push(Shard {
                    sink,
                    wake,
                    out: Vec::new(),
                    sent: VecDeque::new(),
                    backlog: 0,
                });
                let _ = number.send(id); // A door that gave up waiting is gone.
            }
            Inbound::Requests(requests) => {
                for request in requests {
                    self.request(request);
                }
            }
            Inbound::Hashed { number, hashed } => self.hashed(number, hashed),
            Inbound::Doors(doors) => self.set_doors(doors),
            Inbound::Drain(_) | Inbound::Stop => {} // The shell's affair.
        }
    }

    /// A frame of a peer.
    pub(crate) fn receive_frame(&mut self, from: u64, frame: Bytes) {
        self.engine.receive(from, frame);
    }

    /// The link to a peer came up or broke.
    pub(crate) fn link(&mut self, peer: u64, is_up: bool) {
        tracing::info!(peer = %self.name_of(peer), is_up, "link");
        if is_up {
            self.up.insert(peer);
            self.up_since.insert(peer, self.now_ms);
        } else {
            self.up.remove(&peer);
            self.up_since.remove(&peer);
        }
        self.whereabouts.link(peer, is_up, self.now_ms);
        self.engine.link(peer, is_up);
        self.settle_views();
    }

    /// What our attempts to reach a peer have come to.
    pub(crate) fn breaker(&mut self, peer: u64, state: BreakerState) {
        if self.breakers.get(&peer).copied().unwrap_or_default() == state {
            return;
        }
        tracing::info!(peer = %self.name_of(peer), state = state.as_str(), "circuit breaker");
        self.measures.breaker_turned(&self.name_of(peer), state);
        match state {
            BreakerState::Closed => _ = self.breakers.remove(&peer),
            _ => _ = self.breakers.insert(peer, state),
        }
    }

    /// Somebody asks on the cluster port.
    pub(crate) fn asked(&mut self, question: &[u8], responder: Responder) {
        self.answer_question(question, responder);
    }

    /// The log is on disk up to this ticket.
    pub(crate) fn synced(&mut self, ticket: u64) {
        self.engine.synced(ticket);
    }

    /// True when an inline log waits for [`Core::sync_log`].
    pub(crate) fn wants_sync(&self) -> bool {
        self.engine.pending_bytes() > 0
    }

    /// Writes what an inline log holds.
    pub(crate) fn sync_log(&mut self) {
        self.engine.sync_log();
    }

    /// One tick of the engine's timer.
    pub(crate) fn tick(&mut self) {
        if let Some(stood_ms) = self.stall.tick(self.now_ms) {
            tracing::warn!(stood_ms, "this node stood still");
        }
        self.engine.tick();
        self.settle_views();
        self.turn_early_away();
        self.settle_moves();
        self.advance_wishes();
        self.report_arrivals();
        if std::mem::take(&mut self.placement_news) {
            self.settle_placement();
            if self.engine.is_serving(DIRECTORY) {
                self.place_groups();
            }
        }
        if self.now_ms - self.last_duty_ms >= cluster::DUTY_MS {
            self.last_duty_ms = self.now_ms;
            self.do_duty();
        }
    }

    /// Settles until nothing is left to do, and hands deliveries to the shards.
    pub(crate) fn settle(&mut self, links: &mut impl Links) {
        loop {
            let mut events = self.engine.settle(self.wall_ms, links);
            in_order_of_telling(&mut events, self.groups.talk());
            for event in events {
                self.take(event);
            }
            if self.moves_settled != self.moves_seen {
                self.settle_moves();
            }
            if self.engine.is_settled() {
                break;
            }
        }
        self.notice_damage();
        self.publish_members();
        self.flush();
    }

    /// Everything that follows from where rooms live now. Costs nothing while none is under way.
    fn settle_moves(&mut self) {
        self.moves_settled = self.moves_seen;
        self.carry_rooms();
        self.close_talks();
        self.release_held();
        self.forget_given_up();
        self.settle_told();
        self.advance_detours();
    }

    /// History is checked when it is read. If others have copies and can spare this node, it leaves
    /// with a damaged one; when it is started again, it joins as a new replica with nothing of its own.
    /// Until then its vote counts, it leads nothing, and who reads history is sent to others.
    fn notice_damage(&mut self) {
        let Some(why) = self.history.borrow().damage() else { return };
        let others = self.identity.peers.iter().filter(|it| it.0 != self.me.0);
        let addresses: Vec<String> = others.map(|it| it.1.clone()).collect();
        if addresses.len() < SPARING_OTHERS {
            return; // Nobody could take it in again: what can be read is better than nothing.
        }
        if !self.can_be_spared() {
            if self.engine.soundness() == Soundness::Whole {
                tracing::error!(%why, "the history is damaged; others answer for it until this node can be spared");
                self.engine.spoil_history(Soundness::Damaged);
            }
            return;
        }
        let id = self.draw();
        let why = match self.identity.begin_again(id, addresses).save(&*self.disk) {
            Ok(()) => format!("history: {why}; started again, this node joins as a new replica"),
            Err(unsaved) => format!("history: {why}; and it cannot be noted: {unsaved}"),
        };
        self.fatal = Some(why); // In place of what the damage has already broken.
    }

    /// A write to the history did not happen: the end of this node, unless it goes on without one.
    fn history_failed(&mut self, why: &HistoryError) {
        self.notice_damage();
        if self.engine.soundness() != Soundness::Whole {
            self.engine.spoil_history(Soundness::Gaps);
        } else {
            self.fatal.get_or_insert(format!("history: {why}"));
        }
    }

    /// Every group with a vote here is led by another node, and has those who are needed up without this
    /// one. Who leads knows the newest membership that is known here: a leader that left could be
    /// the only one to know that a dead voter is none any more.
    fn can_be_spared(&self) -> bool {
        self.engine.status().iter().all(|it| {
            let voters = &it.replicas.voters;
            let is_led = it.replicas.leader.is_some_and(|it| self.up.contains(&it));
            let others = voters.iter().filter(|it| **it != self.me.0 && self.up.contains(it));
            let group = GroupId(it.group);
            let needed = match self.groups.kind(group) {
                Kind::Raft => voters.len() / 2 + 1,
                Kind::PrimaryBackup | Kind::Bully => 1, // Whoever is in sync has everything.
                Kind::Gossip => return self.engine.own_tail(group).is_none_or(|it| it.is_spread()),
            };
            !voters.contains(&self.me.0) || (is_led && others.count() >= needed)
        })
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Apply(applied)
                if applied.group == DIRECTORY || applied.group == self.groups.of_names() =>
            {
                self.apply_directory(applied);
            }
            Event::Apply(applied) if applied.group == self.groups.talk() => {
                self.apply_talk(applied)
            }
            Event::Apply(applied) => self.apply_rooms(applied),
            Event::Refused { token } => {
                self.resolve(token, Answer::Refused(vec![self.unavailable()]))
            }
            Event::Unknown { token } => self.resolve(token, Answer::Unknown),
            Event::WantsState(group) => self.provide_state(group),
            Event::Install { group, state, was_reset } => self.install(group, &state, was_reset),
            Event::Met { peers, cut_ms, announces, .. } if announces => self.met(peers, cut_ms),
            Event::Met { .. } => {}
            Event::Propose { group, propose } => self.propose_view(group, propose, self.me.0),
            Event::Keep(group) => self.checkpoint_installed(group),
            Event::Told { from, body } => self.told(from, &body),
        }
    }

    /// Offers a command to a group; gives back the token under which its answer will come.
    fn submit(&mut self, group: GroupId, asker: Asker, command: impl Into<Bytes>) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        self.askers.insert(token, asker);
        self.engine.submit(group, token, command.into());
        token
    }

    /// Offers a command to the group whose log decides on it.
    fn submit_to_directory(&mut self, asker: Asker, command: &DirectoryCommand) {
        let group = match command.is_of_sessions() {
            true => self.groups.of_names(),
            false => DIRECTORY,
        };
        self.submit(group, asker, encode(command));
    }

    /// A door is so far behind that nothing more is taken in until it has caught up.
    pub(crate) fn is_overrun(&mut self) -> bool {
        self.shards.iter_mut().any(|shard| {
            shard.count_backlog();
            shard.backlog > BACKLOG_MAX
        })
    }

    fn draw(&mut self) -> u64 {
        self.random.random::<u64>().max(1)
    }

    /// A name for logs.
    fn name_of(&self, node: u64) -> Arc<str> {
        match self.directory.member(NodeId(node)) {
            Some(member) => member.name.clone(),
            None => format!("{node:016x}").into(),
        }
    }

    /// What broke so that the node cannot go on.
    pub(crate) fn fatal(&self) -> Option<&str> {
        self.fatal.as_deref().or(self.engine.fatal())
    }

    /// Hands every shard what is for it, and wakes it.
    fn flush(&mut self) {
        for shard in &mut self.shards {
            if !shard.out.is_empty() {
                fail_point!("node.before-deliver");
                let count = shard.out.len();
                shard.sent.push_back(count);
                shard.backlog += count;
                // The next batch will be about as long.
                let next = Vec::with_capacity(count.min(BATCH_AHEAD_MAX));
                let _ = shard.sink.send(std::mem::replace(&mut shard.out, next)); // A closed door hears nothing.
                shard.count_backlog();
                (shard.wake)();
                fail_point!("node.after-deliver");
            }
        }
    }
}

/// What came of gossip in the same go as something of another group counts as having come: it is told first.
fn in_order_of_telling(events: &mut [Event], talk: GroupId) {
    events.sort_by_key(|event| match event {
        Event::Apply(it) => it.group != talk,
        Event::Install { group, .. } => *group != talk,
        _ => true,
    });
}
