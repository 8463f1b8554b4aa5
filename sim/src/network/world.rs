//! All machines' wires, and what is on its way over them.
//!
//! Promise: bytes of a connection arrive in order and once, or the connection breaks, as with TCP. A
//! cut holds them back until it is healed; datagrams that meet it are gone.

use super::connection::{Connection, Segment, Side};
use super::weather::{Weather, retransmission_ms};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::task::Waker;

/// Attempts to connect are repeated after this long, and twice as long each time.
const CONNECT_AGAIN_MS: u64 = 1_000;
/// Connections that wait to be accepted at one listener, at most.
const BACKLOG_MAX: usize = 1_024;
/// Datagrams that wait to be received at one socket, at most.
const DATAGRAMS_MAX: usize = 1_024;

pub(super) struct World {
    pub(super) now_ms: u64,
    pub(super) random: SmallRng,
    weather: BTreeMap<(usize, usize), Weather>,
    cuts: BTreeSet<(usize, usize)>,
    /// Machines without power.
    dark: BTreeSet<usize>,
    pub(super) listeners: BTreeMap<SocketAddr, Queue<u64>>,
    pub(super) sockets: BTreeMap<SocketAddr, Queue<(Vec<u8>, SocketAddr)>>,
    pub(super) connections: BTreeMap<u64, Connection>,
    events: BTreeMap<(u64, u64), Event>,
    numbers: u64,
    /// To be woken once nobody holds the world.
    pub(super) woken: Vec<Waker>,
}

/// What came in for somebody.
pub(super) struct Queue<T> {
    pub(super) waiting: VecDeque<T>,
    pub(super) reader: Option<Waker>,
}

enum Event {
    /// An attempt to connect reaches the other machine, with what it waited if it came in vain.
    Connect(u64, u64),
    /// It said yes.
    Establish(u64),
    /// From this side.
    Arrive(u64, Side, Segment),
    /// What a cut held back of this side is sent again.
    Release(u64, Side),
    /// This side hears that the other one knows nothing of the connection.
    Reset(u64, Side),
    Datagram(SocketAddr, SocketAddr, Vec<u8>),
}

/// The machine that an address belongs to.
pub(super) fn host_of(address: SocketAddr) -> usize {
    match address {
        SocketAddr::V4(it) => usize::from(it.ip().octets()[3]) - 1,
        SocketAddr::V6(_) => unreachable!("all machines have addresses of version 4"),
    }
}

impl<T> Queue<T> {
    pub(super) fn new() -> Queue<T> {
        Queue { waiting: VecDeque::new(), reader: None }
    }

    fn put(&mut self, it: T, waiting_max: usize, woken: &mut Vec<Waker>) -> bool {
        if self.waiting.len() >= waiting_max {
            return false;
        }
        self.waiting.push_back(it);
        woken.extend(self.reader.take());
        true
    }
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        World {
            now_ms: 0,
            random: SmallRng::seed_from_u64(seed),
            weather: BTreeMap::new(),
            cuts: BTreeSet::new(),
            dark: BTreeSet::new(),
            listeners: BTreeMap::new(),
            sockets: BTreeMap::new(),
            connections: BTreeMap::new(),
            events: BTreeMap::new(),
            numbers: 0,
            woken: Vec::new(),
        }
    }

    /// Everything that arrives up to now does.
    pub(super) fn advance(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        while let Some(next) = self.events.first_entry()
            && next.key().0 <= now_ms
        {
            match next.remove() {
                Event::Connect(id, waited_ms) => self.meet(id, waited_ms),
                Event::Establish(id) => self.establish(id),
                Event::Arrive(id, from, segment) => self.arrive(id, from, segment),
                Event::Release(id, from) => self.release(id, from),
                Event::Reset(id, side) => self.hear_reset(id, side),
                Event::Datagram(from, to, payload) => self.receive(from, to, payload),
            }
        }
    }

    fn after(&mut self, delay_ms: u64, event: Event) {
        self.numbers += 1;
        let at_ms = self.now_ms + delay_ms.max(1);
        self.events.insert((at_ms, self.numbers), event);
    }

    fn is_cut(&self, wire: (usize, usize)) -> bool {
        self.cuts.contains(&wire)
    }

    fn weather(&self, wire: (usize, usize)) -> Weather {
        self.weather.get(&wire).copied().unwrap_or(Weather::CALM)
    }

    fn delay_ms(&mut self, wire: (usize, usize)) -> u64 {
        self.weather(wire).delay_ms(&mut self.random)
    }

    // Connections.

    pub(super) fn connect(&mut self, from: usize, to: SocketAddr) -> u64 {
        self.numbers += 1;
        let id = self.numbers;
        let connection = Connection::new([from, host_of(to)], to);
        let wire = connection.wire(0);
        self.connections.insert(id, connection);
        let delay_ms = self.weather(wire).stream_delay_ms(&mut self.random);
        self.after(delay_ms, Event::Connect(id, 0));
        id
    }

    fn meet(&mut self, id: u64, waited_ms: u64) {
        let Some(connection) = self.connections.get(&id) else {
            return; // Whoever tried has given up.
        };
        let (there, back) = (connection.wire(0), connection.wire(1));
        let to = connection.to;
        if self.is_cut(there) || self.is_cut(back) || self.dark.contains(&there.1) {
            let wait_ms = (waited_ms * 2).max(CONNECT_AGAIN_MS);
            return self.after(wait_ms, Event::Connect(id, wait_ms));
        }
        let delay_ms = self.weather(back).stream_delay_ms(&mut self.random);
        let answer = match self.listeners.contains_key(&to) {
            true => Event::Establish(id),
            false => Event::Reset(id, 0),
        };
        self.after(delay_ms, answer);
    }

    fn establish(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let listener = self.listeners.get_mut(&connection.to);
        if listener.is_some_and(|it| it.put(id, BACKLOG_MAX, &mut self.woken)) {
            connection.is_established = true;
            connection.is_open[1] = true;
            self.woken.extend(connection.connecting.take());
        } else {
            connection.reset(0, &mut self.woken);
        }
    }

    /// Puts something into a pipe; it arrives behind all that was put there before.
    pub(super) fn transmit(&mut self, id: u64, from: Side, segment: Segment) {
        let wire = self.connections[&id].wire(from);
        let delay_ms = self.weather(wire).stream_delay_ms(&mut self.random);
        let pipe = &mut self.connections.get_mut(&id).expect("it was there").pipes[from];
        pipe.last_ms = pipe.last_ms.max(self.now_ms + delay_ms);
        let delay_ms = pipe.last_ms - self.now_ms;
        self.after(delay_ms, Event::Arrive(id, from, segment));
    }

    fn arrive(&mut self, id: u64, from: Side, segment: Segment) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let is_cut = self.cuts.contains(&connection.wire(from));
        let pipe = &mut connection.pipes[from];
        if is_cut || !pipe.held.is_empty() {
            if pipe.held.is_empty() {
                pipe.held_since_ms = self.now_ms;
            }
            return pipe.held.push_back(segment);
        }
        let to = 1 - from;
        if connection.is_open[to] {
            return pipe.arrive(segment, &mut self.woken);
        }
        // Nobody there knows this connection; a machine without power says nothing.
        let back = connection.wire(to);
        if connection.is_open[from] && !self.dark.contains(&back.0) {
            let delay_ms = self.delay_ms(back);
            self.after(delay_ms, Event::Reset(id, from));
        }
    }

    fn release(&mut self, id: u64, from: Side) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if self.cuts.contains(&connection.wire(from)) {
            return; // Again; whoever heals that releases it.
        }
        for segment in std::mem::take(&mut connection.pipes[from].held) {
            self.arrive(id, from, segment);
        }
    }

    fn hear_reset(&mut self, id: u64, side: Side) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if !self.cuts.contains(&connection.wire(1 - side)) {
            connection.reset(side, &mut self.woken);
        }
    }

    /// The word that bytes were read goes back.
    pub(super) fn acknowledge(&mut self, id: u64, from: Side, bytes: usize) {
        let connection = self.connections.get_mut(&id).expect("whoever reads holds it");
        let is_cut = self.cuts.contains(&connection.wire(1 - from));
        let pipe = &mut connection.pipes[from];
        match is_cut {
            true => pipe.held_acks += bytes,
            false => pipe.acknowledge(bytes, &mut self.woken),
        }
    }

    /// The process lets go of its end.
    pub(super) fn close(&mut self, id: u64, side: Side) {
        let Some(connection) = self.connections.get_mut(&id).filter(|it| it.is_open[side]) else {
            return;
        };
        connection.is_open[side] = false;
        if !connection.is_open[1 - side] {
            self.connections.remove(&id);
        } else if connection.is_reset[side] {
            // The other side knows already.
        } else if !connection.pipes[1 - side].arrived.is_empty() {
            self.send_reset(id, side); // What was not read was lost: that is no orderly end.
        } else if !connection.pipes[side].is_shut {
            self.transmit(id, side, Segment::End);
        }
    }

    fn send_reset(&mut self, id: u64, from: Side) {
        let delay_ms = self.delay_ms(self.connections[&id].wire(from));
        self.after(delay_ms, Event::Reset(id, 1 - from));
    }

    // Datagrams.

    pub(super) fn send(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let wire = (host_of(from), host_of(to));
        let weather = self.weather(wire);
        let copies = 1 + usize::from(weather.doubles(&mut self.random));
        for _ in 0..copies {
            if !weather.loses(&mut self.random) {
                let delay_ms = weather.delay_ms(&mut self.random);
                self.after(delay_ms, Event::Datagram(from, to, payload.to_vec()));
            }
        }
    }

    fn receive(&mut self, from: SocketAddr, to: SocketAddr, payload: Vec<u8>) {
        if self.is_cut((host_of(from), host_of(to))) {
            return;
        }
        if let Some(socket) = self.sockets.get_mut(&to) {
            socket.put((payload, from), DATAGRAMS_MAX, &mut self.woken); // Too many: some are lost.
        }
    }

    // Faults.

    /// Nothing passes in this direction any more.
    pub(super) fn cut(&mut self, wire: (usize, usize)) {
        self.cuts.insert(wire);
    }

    /// It passes again: what was held back arrives once it is sent again.
    pub(super) fn heal(&mut self, wire: (usize, usize)) {
        if !self.cuts.remove(&wire) {
            return;
        }
        let mut released = Vec::new();
        for (id, connection) in &mut self.connections {
            for from in [0, 1] {
                let (there, back) = (connection.wire(from), connection.wire(1 - from));
                let pipe = &mut connection.pipes[from];
                if there == wire && !pipe.held.is_empty() {
                    released.push((*id, from, retransmission_ms(pipe.held_since_ms, self.now_ms)));
                }
                if back == wire {
                    let bytes = std::mem::take(&mut pipe.held_acks);
                    pipe.acknowledge(bytes, &mut self.woken);
                }
            }
        }
        for (id, from, at_ms) in released {
            let delay_ms = at_ms - self.now_ms + self.delay_ms(wire);
            self.after(delay_ms, Event::Release(id, from));
        }
    }

    pub(super) fn set_weather(&mut self, wire: (usize, usize), weather: Weather) {
        self.weather.insert(wire, weather);
    }

    pub(super) fn calm(&mut self) {
        self.weather.clear();
    }

    /// Breaks one connection that chance chooses, for both sides.
    pub(super) fn reset_one(&mut self) -> Option<(usize, usize)> {
        let standing = self.connections.values_mut().filter(|it| it.is_established);
        let mut standing: Vec<&mut Connection> = standing.collect();
        if standing.is_empty() {
            return None;
        }
        let chosen = self.random.random_range(0..standing.len());
        let connection = &mut *standing[chosen];
        for side in [0, 1] {
            connection.reset(side, &mut self.woken);
        }
        Some(connection.wire(0))
    }

    /// The process of a machine died. The machine tells whom it was connected with, unless it has
    /// lost its power.
    pub(super) fn die(&mut self, host: usize, has_power: bool) {
        if !has_power {
            self.dark.insert(host);
        }
        self.listeners.retain(|at, _| host_of(*at) != host);
        self.sockets.retain(|at, _| host_of(*at) != host);
        let ends: Vec<(u64, Side)> = self
            .connections
            .iter()
            .flat_map(|(id, it)| [(*id, 0), (*id, 1)].map(|end| (end, it)))
            .filter(|((_, side), it)| it.hosts[*side] == host && it.is_open[*side])
            .map(|(end, _)| end)
            .collect();
        for (id, side) in ends {
            let connection = self.connections.get_mut(&id).expect("nobody removed it");
            connection.is_open[side] = false;
            if !connection.is_open[1 - side] {
                self.connections.remove(&id);
            } else if has_power {
                self.send_reset(id, side);
            }
        }
    }

    /// The machine has power.
    pub(super) fn light(&mut self, host: usize) {
        self.dark.remove(&host);
    }
}
