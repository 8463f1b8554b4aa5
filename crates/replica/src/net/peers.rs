//! The links to the other nodes.
//!
//! Promise: between `Up` and `Down` frames arrive whole, once and in the order they were sent, and
//! no frame arrives outside them. `Down` comes at once when either direction breaks, and within
//! [`Limits::silence`] when the peer falls silent. Whatever was on its way at a `Down` may be lost.
//! Memory is bounded by the limits, whoever talks to us.
//!
//! One connection for each ordered pair of nodes carries all frames that way: A dials B and writes,
//! B reads. A session with a peer is both of them: when one breaks the other is closed too, so that
//! both nodes see the same sessions. Heartbeats live on these links and never enter a log.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fail::fail_point;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{Notify, oneshot};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::Instant;

use super::breaker::{Breaker, BreakerState, Patience};
use super::link::{self, Incoming, Outgoing};
use super::turned_away::TurnedAway;
use super::{Network, Responder, accept, frame, pulse};

/// Who we are on the links.
#[derive(Clone, Debug)]
pub struct Me {
    /// The cluster's id; 0 until founded or joined.
    pub cluster: u64,
    /// Our node id.
    pub id: u64,
    /// Our name, for the other end's log.
    pub name: String,
    /// Where chance (jitter) comes from.
    pub seed: u64,
    /// Bounds and times; the defaults are for production.
    pub limits: Limits,
}

impl Me {
    /// Ourselves with the default limits.
    pub fn new(cluster: u64, id: u64, name: impl Into<String>, seed: u64) -> Me {
        Me { cluster, id, name: name.into(), seed, limits: Limits::default() }
    }
}

/// Bounds and times of the links.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest frame; every node must agree. 8 MiB holds a snapshot chunk.
    pub frame_bytes: usize,
    /// What may wait for one peer's socket: half a second of a full 1 Gbit/s link.
    pub buffer_bytes: usize,
    /// Connections that are still shaking hands, or asking.
    pub strangers: usize,
    /// What a caller may take to say who it is, or what it asks.
    pub handshake: Duration,
    /// What one attempt to reach a peer may take: SYN and handshake over 300 ms, with one loss.
    pub dial: Duration,
    /// A peer hears from us this often even when we have nothing to say.
    pub heartbeat: Duration,
    /// A peer that said nothing for so long is down. At least three heartbeats.
    pub silence: Duration,
    /// First and longest wait between attempts to reach a peer.
    pub redial: (Duration, Duration),
    /// So many attempts in a row that fail, and the peer's circuit breaker opens.
    pub failures: u32,
    /// First and longest wait between attempts while it is open. A peer that is back calls us, which
    /// ends the wait; the longest one is for a way that only we may go.
    pub open: (Duration, Duration),
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes: 8 << 20,
            buffer_bytes: 64 << 20,
            strangers: 256,
            handshake: Duration::from_secs(5),
            dial: Duration::from_secs(1),
            heartbeat: Duration::from_millis(100),
            silence: Duration::from_millis(400),
            redial: (Duration::from_millis(50), Duration::from_secs(1)),
            failures: 5,
            open: (Duration::from_secs(1), Duration::from_secs(2)),
        }
    }
}

impl Limits {
    pub(super) fn patience(&self) -> Patience {
        Patience { closed: self.redial, open: self.open, failures_max: self.failures }
    }
}

/// What the links tell the node. The sink is called on the loop's thread and must not block; it may
/// call [`Peers`] back.
#[derive(Debug)]
pub enum PeerEvent {
    /// Both directions stand. A new session: nothing of an earlier one arrives any more.
    Up(u64),
    /// The session broke: a hint to elect at once.
    Down(u64),
    /// What our attempts to reach the peer have come to, whenever that changes; closed at first.
    Breaker(u64, BreakerState),
    /// A frame, within a session. It shares memory with its neighbours: copy what is kept for long.
    Frame(u64, Bytes),
    /// Someone asks; see [`ask`](super::ask).
    Asked(Vec<u8>, Responder),
}

/// The links to all peers. A cheap handle; [`Peers::stop`] ends them.
#[derive(Clone)]
pub struct Peers(Rc<Shared>);

type Dial = Box<dyn Fn(&Rc<Shared>, &Rc<Peer>) -> AbortHandle>;

pub(super) struct Shared {
    pub(super) me: Me,
    pub(super) cluster: Cell<u64>,
    pub(super) members: RefCell<BTreeMap<u64, Rc<Peer>>>,
    pub(super) paused: Cell<bool>,
    pub(super) turned_away: RefCell<TurnedAway>,
    sink: Box<dyn Fn(PeerEvent)>,
    random: RefCell<SmallRng>,
    dial: Dial,
    tasks: RefCell<Vec<AbortHandle>>,
}

/// One other node.
pub(super) struct Peer {
    pub(super) id: u64,
    pub(super) address: String,
    pub(super) outgoing: RefCell<Option<Session<Outgoing>>>,
    pub(super) incoming: RefCell<Option<Session<Incoming>>>,
    pub(super) is_up: Cell<bool>,
    /// Ends the wait before the next attempt to reach it.
    pub(super) dial_now: Notify,
    /// Frames may flow to the node again.
    pub(super) gate: Notify,
    pub(super) ping: Cell<(u64, Instant)>,
    rtt: Cell<Option<Duration>>,
    dialer: RefCell<Option<AbortHandle>>,
}

/// A connection of a session. Dropping it closes the connection.
pub(super) struct Session<L> {
    pub(super) link: Rc<L>,
    pub(super) _open: oneshot::Sender<()>,
}

impl Peers {
    /// Starts accepting on `listener`. Must be called inside a `LocalSet`.
    pub fn start<N: Network>(
        net: N,
        listener: N::Listener,
        me: Me,
        sink: impl Fn(PeerEvent) + 'static,
    ) -> Peers {
        let dial: Dial = Box::new(move |shared, peer| {
            spawn_local(link::dial(net.clone(), shared.clone(), peer.clone())).abort_handle()
        });
        let shared = Rc::new(Shared {
            cluster: Cell::new(me.cluster),
            random: RefCell::new(SmallRng::seed_from_u64(me.seed)),
            me,
            members: RefCell::default(),
            paused: Cell::new(false),
            turned_away: RefCell::default(),
            sink: Box::new(sink),
            dial,
            tasks: RefCell::default(),
        });
        let accepting = spawn_local(accept::run::<N>(shared.clone(), listener));
        let beating = spawn_local(pulse::run(shared.clone()));
        *shared.tasks.borrow_mut() = vec![accepting.abort_handle(), beating.abort_handle()];
        Peers(shared)
    }

    /// Says who the members are, by id and address. Dials the new ones, drops the links to those no
    /// longer named, dials anew those that moved. Ourselves among them is fine.
    pub fn set_members(&self, members: &[(u64, String)]) {
        let wanted: BTreeMap<u64, &String> = members
            .iter()
            .filter(|(id, _)| *id != self.0.me.id)
            .map(|(id, address)| (*id, address))
            .collect();
        let gone: Vec<Rc<Peer>> = {
            let mut present = self.0.members.borrow_mut();
            let stays = |it: &Peer| wanted.get(&it.id).is_some_and(|at| **at == it.address);
            present.extract_if(.., |_, it| !stays(it)).map(|(_, it)| it).collect()
        };
        for peer in gone {
            peer.stop_dialing();
            self.0.hang_up(&peer);
            self.0.tell(PeerEvent::Breaker(peer.id, BreakerState::Closed)); // The next one's begins so.
        }
        for (id, address) in wanted {
            if self.0.members.borrow().contains_key(&id) {
                continue;
            }
            let peer = Rc::new(Peer::new(id, address.clone()));
            self.0.members.borrow_mut().insert(id, peer.clone());
            *peer.dialer.borrow_mut() = Some((self.0.dial)(&self.0, &peer));
        }
    }

    /// Says which cluster we are of. Links of another one are dropped; with 0 there are none.
    pub fn set_cluster(&self, cluster: u64) {
        if self.0.cluster.replace(cluster) == cluster {
            return;
        }
        for peer in self.0.all() {
            self.0.hang_up(&peer);
            peer.dial_now.notify_one();
        }
    }

    /// Appends the frame that `fill` writes to what waits for the peer. False when there is no
    /// session, too much waits already, or the frame is too long: the frame is lost. True promises
    /// nothing: the session may break. `fill` may only append, and must not call back.
    pub fn send(&self, to: u64, fill: impl FnOnce(&mut Vec<u8>)) -> bool {
        let members = self.0.members.borrow();
        let Some(peer) = members.get(&to).filter(|it| it.is_up.get()) else {
            return false;
        };
        let outgoing = peer.outgoing.borrow();
        let Some(outgoing) = outgoing.as_ref() else {
            return false;
        };
        let link = &outgoing.link;
        if link.waiting() >= self.0.me.limits.buffer_bytes {
            metrics::counter!("starling_peer_frames_dropped_total").increment(1);
            return false;
        }
        fail_point!("link.before-frame");
        link.append(|buffer| frame::append(buffer, self.0.me.limits.frame_bytes, fill))
    }

    /// Whether there is a session: both directions stand.
    pub fn is_up(&self, peer: u64) -> bool {
        self.0.peer(peer).is_some_and(|it| it.is_up.get())
    }

    /// Bytes that wait for the peer's socket.
    pub fn buffered(&self, peer: u64) -> usize {
        let Some(peer) = self.0.peer(peer) else {
            return 0;
        };
        peer.outgoing.borrow().as_ref().map_or(0, |it| it.link.waiting())
    }

    /// The smoothed time to the peer's loop and back, once measured; kept while the peer is down.
    pub fn rtt(&self, peer: u64) -> Option<Duration> {
        self.0.peer(peer)?.rtt.get()
    }

    /// While paused no frame reaches the sink, and soon the peers' sockets fill. A peer that we do
    /// not read from is not judged by its silence.
    pub fn set_paused(&self, paused: bool) {
        if self.0.paused.replace(paused) && !paused {
            self.0.all().iter().for_each(|peer| peer.gate.notify_one());
        }
    }

    /// Closes the listener and all connections, without further events.
    pub fn stop(&self) {
        self.0.tasks.take().iter().for_each(AbortHandle::abort);
        for peer in std::mem::take(&mut *self.0.members.borrow_mut()).into_values() {
            peer.stop_dialing();
            peer.is_up.set(false);
            drop((peer.outgoing.take(), peer.incoming.take()));
        }
    }
}

impl Shared {
    pub(super) fn tell(&self, event: PeerEvent) {
        (self.sink)(event);
    }

    pub(super) fn peer(&self, id: u64) -> Option<Rc<Peer>> {
        self.members.borrow().get(&id).cloned()
    }

    /// A copy: what the caller does with them may change the members.
    pub(super) fn all(&self) -> Vec<Rc<Peer>> {
        self.members.borrow().values().cloned().collect()
    }

    /// How long to wait before the peer is dialed again.
    pub(super) fn pause(&self, breaker: &mut Breaker) -> Duration {
        breaker.wait(self.random.borrow_mut().random_range(0.0..=1.0))
    }

    /// What an attempt to reach the peer has come to.
    pub(super) fn attempt(&self, peer: &Peer, breaker: &mut Breaker, step: fn(&mut Breaker)) {
        let before = breaker.state();
        step(breaker);
        if breaker.state() != before {
            tracing::debug!(peer = peer.id, state = breaker.state().as_str(), "circuit breaker");
            self.tell(PeerEvent::Breaker(peer.id, breaker.state()));
        }
    }

    /// A direction was established: with both there is a session.
    pub(super) fn settle(&self, peer: &Peer) {
        let both = peer.outgoing.borrow().is_some() && peer.incoming.borrow().is_some();
        if both && !peer.is_up.replace(true) {
            tracing::info!(peer = peer.id, "peer up");
            self.tell(PeerEvent::Up(peer.id));
            peer.gate.notify_one();
        }
    }

    /// Closes what there is in either direction.
    pub(super) fn hang_up(&self, peer: &Peer) {
        drop((peer.outgoing.take(), peer.incoming.take()));
        self.went_down(peer);
    }

    /// Our connection to the peer broke. Without a session the other direction may stay.
    pub(super) fn lost_outgoing(&self, peer: &Peer, link: &Rc<Outgoing>) {
        let is_current =
            peer.outgoing.borrow().as_ref().is_some_and(|it| Rc::ptr_eq(&it.link, link));
        match is_current {
            true if peer.is_up.get() => self.hang_up(peer),
            true => drop(peer.outgoing.take()),
            false => {} // Closed by us, or another has replaced it.
        }
    }

    /// The peer's connection to us broke. Without a session the other direction may stay.
    pub(super) fn lost_incoming(&self, peer: &Peer, link: &Rc<Incoming>) {
        let is_current =
            peer.incoming.borrow().as_ref().is_some_and(|it| Rc::ptr_eq(&it.link, link));
        match is_current {
            true if peer.is_up.get() => self.hang_up(peer),
            true => drop(peer.incoming.take()),
            false => {}
        }
    }

    fn went_down(&self, peer: &Peer) {
        if peer.is_up.replace(false) {
            tracing::info!(peer = peer.id, "peer down");
            metrics::counter!("starling_peer_downs_total").increment(1);
            self.tell(PeerEvent::Down(peer.id));
        }
    }
}

impl Peer {
    fn new(id: u64, address: String) -> Peer {
        Peer {
            id,
            address,
            outgoing: RefCell::default(),
            incoming: RefCell::default(),
            is_up: Cell::new(false),
            dial_now: Notify::new(),
            gate: Notify::new(),
            ping: Cell::new((0, Instant::now())),
            rtt: Cell::new(None),
            dialer: RefCell::default(),
        }
    }

    fn stop_dialing(&self) {
        if let Some(dialer) = self.dialer.take() {
            dialer.abort();
        }
    }

    /// Answers of an older ping are not ours to measure: the counter tells.
    pub(super) fn on_pong(&self, counter: u64) {
        let (sent, at) = self.ping.get();
        if sent != counter {
            return;
        }
        let sample = at.elapsed();
        let smoothed = self.rtt.get().map_or(sample, |old| (old * 7 + sample) / 8);
        self.rtt.set(Some(smoothed));
        self.ping.set((sent.wrapping_add(1), at)); // One answer for one ping.
    }
}
