//! Nodes, what is under way between them, and one step after the other.

use super::story::Story;
use super::{Disk, Id, Input, Node, Now, Out, Random, TICK_MS, Watch, Weather};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A network of nodes.
pub(crate) struct Net<N: Node> {
    pub(crate) random: Random,
    pub(crate) weather: Weather,
    pub(crate) setup: N::Setup,
    pub(crate) story: Story,
    /// Messages that were given to the network, lost ones included.
    pub(crate) sent: u64,
    pub(super) us: u64,
    pub(super) hosts: BTreeMap<Id, Host<N>>,
    /// Directions in which nothing gets through: from, to.
    pub(super) cuts: BTreeSet<(Id, Id)>,
    events: BTreeMap<(u64, u64), Event<N>>,
    sequence: u64,
}

/// One node with its disk and clocks.
pub(super) struct Host<N: Node> {
    /// None: it is down.
    node: Option<N>,
    life: u64,
    /// What was written, synced or not.
    written: N::Disk,
    /// What a crash leaves.
    synced: N::Disk,
    unsynced: VecDeque<(u64, Vec<<N::Disk as Disk>::Write>)>,
    ticket: u64,
    /// Is there a sync under way?
    is_syncing: bool,
    /// Its clock runs at this many thousandths of true time.
    pace: u64,
    wall_skew_ms: i64,
    ms_base: u64,
    /// It is paused: nothing happens to it before, and then everything at once.
    stands_until: u64,
}

enum Event<N: Node> {
    Input(Id, u64, Input<N::Message, N::Ask>),
    /// Reaches whichever life is there.
    Arrive(Id, Id, N::Message),
    Start(Id),
    /// A node notices what its link to a peer is like now.
    Notice(Id, u64, Id),
}

impl<N: Node> Net<N> {
    pub(crate) fn new(seed: u64, setup: N::Setup, is_told: bool) -> Net<N> {
        let mut random = Random::new(seed);
        let weather = Weather::draw(&mut random);
        Net {
            random,
            weather,
            setup,
            story: Story::new(is_told),
            sent: 0,
            us: 1_000_000,
            hosts: BTreeMap::new(),
            cuts: BTreeSet::new(),
            events: BTreeMap::new(),
            sequence: 0,
        }
    }

    /// A node more, with this disk; it starts at once.
    pub(crate) fn add(&mut self, id: Id, disk: N::Disk) {
        let host = Host {
            node: None,
            life: 0,
            written: disk.clone(),
            synced: disk,
            unsynced: VecDeque::new(),
            ticket: 0,
            is_syncing: false,
            pace: self.random.within(self.weather.pace),
            wall_skew_ms: self.weather.skew(&mut self.random),
            ms_base: self.random.below(1 << 40),
            stands_until: 0,
        };
        self.hosts.insert(id, host);
        self.schedule(0, Event::Start(id));
    }

    pub(crate) fn ids(&self) -> Vec<Id> {
        self.hosts.keys().copied().collect()
    }

    /// True time since the network began, which no node knows.
    pub(crate) fn now_us(&self) -> u64 {
        self.us
    }

    pub(crate) fn node(&self, id: Id) -> Option<&N> {
        self.hosts.get(&id)?.node.as_ref()
    }

    /// What a crash now would leave.
    pub(crate) fn synced(&self, id: Id) -> Option<&N::Disk> {
        Some(&self.hosts.get(&id)?.synced)
    }

    pub(crate) fn written(&self, id: Id) -> Option<&N::Disk> {
        Some(&self.hosts.get(&id)?.written)
    }

    pub(crate) fn is_up(&self, id: Id) -> bool {
        self.node(id).is_some()
    }

    /// Something from outside reaches a node after a moment; lost if the node is down then.
    pub(crate) fn ask(&mut self, id: Id, ask: N::Ask) {
        let delay = self.random.within((0, 2_000));
        if let Some(host) = self.hosts.get(&id) {
            let life = host.life;
            self.schedule(delay, Event::Input(id, life, Input::Ask(ask)));
        }
    }

    /// Takes one step. False: nothing is left to happen.
    pub(crate) fn step(&mut self, watch: &mut impl Watch<N>) -> Result<bool, String> {
        let Some(((us, _), event)) = self.events.pop_first() else { return Ok(false) };
        self.us = us;
        let whose = match &event {
            Event::Input(id, ..) | Event::Arrive(_, id, _) | Event::Notice(id, ..) => *id,
            Event::Start(id) => *id,
        };
        let stands_until = self.hosts.get(&whose).map_or(0, |it| it.stands_until);
        if stands_until > us {
            self.schedule(stands_until - us, event);
            return Ok(true);
        }
        match event {
            Event::Start(id) => self.start(id, watch)?,
            Event::Notice(id, life, peer) => {
                if self.hosts.get(&id).is_some_and(|it| it.life == life) {
                    let is_up = self.is_up(peer) && !self.is_cut(id, peer);
                    self.feed(id, Input::Link(peer, is_up), watch)?;
                }
            }
            Event::Arrive(from, to, message) => {
                // A cut also swallows what is under way.
                if !self.cuts.contains(&(from, to)) {
                    self.feed(to, Input::Receive(from, message), watch)?;
                }
            }
            Event::Input(id, life, input) => {
                if self.hosts.get(&id).is_some_and(|it| it.life == life) {
                    self.feed(id, input, watch)?;
                }
            }
        }
        Ok(true)
    }

    /// Takes steps until this much true time has passed.
    pub(crate) fn run_for(&mut self, us: u64, watch: &mut impl Watch<N>) -> Result<(), String> {
        let end = self.us + us;
        while self.events.first_key_value().is_some_and(|it| it.0.0 <= end) {
            self.step(watch)?;
        }
        self.us = end;
        Ok(())
    }

    /// Its memory is gone, and of its unsynced writes all from some moment on.
    pub(crate) fn crash(&mut self, id: Id) {
        let Some(host) = self.hosts.get_mut(&id).filter(|it| it.node.is_some()) else { return };
        host.node = None;
        host.life += 1;
        let mut survivors = self.random.below(host.unsynced.len() as u64 + 1);
        let lost = host.unsynced.len() as u64 - survivors;
        for (_, writes) in host.unsynced.drain(..) {
            if survivors == 0 {
                break;
            }
            survivors -= 1;
            writes.iter().for_each(|it| host.synced.write(it));
        }
        host.written = host.synced.clone();
        host.is_syncing = false;
        self.story.tell(self.us, || format!("{id} CRASHES, loses {lost} unsynced rounds"));
        for peer in self.ids() {
            self.tell_link(peer, id, false);
        }
    }

    /// Starts a node that is down.
    pub(crate) fn restart(&mut self, id: Id) {
        if self.hosts.get(&id).is_some_and(|it| it.node.is_none()) {
            self.schedule(0, Event::Start(id));
        }
    }

    /// It is gone for ever.
    pub(crate) fn remove(&mut self, id: Id) {
        self.crash(id);
        self.hosts.remove(&id);
        self.story.tell(self.us, || format!("{id} IS GONE with its disk"));
    }

    /// Jumps of the wall clock.
    pub(crate) fn jump_wall(&mut self, id: Id, ms: i64) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.wall_skew_ms += ms;
            self.story.tell(self.us, || format!("{id} wall clock jumps {ms} ms"));
        }
    }

    /// It stands still, as a process does that is stopped, or a machine that is suspended.
    pub(crate) fn pause(&mut self, id: Id, us: u64) {
        let until = self.us + us;
        if let Some(host) = self.hosts.get_mut(&id) {
            host.stands_until = until;
            self.story.tell(self.us, || format!("{id} STANDS STILL for {us} us"));
        }
    }

    pub(super) fn wake_all(&mut self) {
        self.hosts.values_mut().for_each(|it| it.stands_until = 0);
    }

    /// Lets `id` notice, after a while and perhaps, what became of its link to `peer`.
    pub(super) fn tell_link(&mut self, id: Id, peer: Id, is_up: bool) {
        if id == peer || (!is_up && self.random.chance(self.weather.silent_down)) {
            return;
        }
        let delay = self.random.within(self.weather.link_news_us);
        let Some(life) = self.hosts.get(&id).map(|it| it.life) else { return };
        self.schedule(delay, Event::Notice(id, life, peer));
    }

    fn start(&mut self, id: Id, watch: &mut impl Watch<N>) -> Result<(), String> {
        let now = self.clock(id);
        let Some(host) = self.hosts.get_mut(&id).filter(|it| it.node.is_none()) else {
            return Ok(());
        };
        host.life += 1;
        let seed = self.random.next();
        host.node = Some(N::start(id, now, seed, &host.written, &self.setup));
        self.story.tell(self.us, || format!("{id} starts"));
        let life = host.life;
        self.schedule(0, Event::Input(id, life, Input::Tick));
        for peer in self.ids() {
            if self.is_up(peer) && peer != id && !self.is_cut(id, peer) {
                self.tell_link(peer, id, true);
                self.tell_link(id, peer, true);
            }
        }
        self.look(id, watch)
    }

    pub(super) fn is_cut(&self, one: Id, other: Id) -> bool {
        self.cuts.contains(&(one, other)) || self.cuts.contains(&(other, one))
    }

    fn feed(
        &mut self,
        id: Id,
        input: Input<N::Message, N::Ask>,
        watch: &mut impl Watch<N>,
    ) -> Result<(), String> {
        if !self.is_up(id) {
            return Ok(());
        }
        let now = self.clock(id);
        self.story.tell(self.us, || format!("{id} <- {input:?}"));
        let host = self.hosts.get_mut(&id).expect("it is up");
        if matches!(input, Input::Tick) {
            let us = TICK_MS * 1_000_000 / host.pace;
            let life = host.life;
            self.schedule(us, Event::Input(id, life, Input::Tick));
        }
        let host = self.hosts.get_mut(&id).expect("it is up");
        if let Input::Synced(ticket) = &input {
            host.confirm(*ticket);
        }
        host.ticket += 1;
        let mut out = Out { ticket: host.ticket, sends: Vec::new(), writes: Vec::new() };
        let node = host.node.as_mut().expect("it is up");
        node.step(now, input, &host.written, &mut out);
        self.carry_out(id, out);
        self.look(id, watch)
    }

    fn carry_out(&mut self, id: Id, out: Out<N>) {
        let host = self.hosts.get_mut(&id).expect("it is up");
        if !out.writes.is_empty() {
            self.story.tell(self.us, || format!("{id}    writes {:?}", out.writes));
            out.writes.iter().for_each(|it| host.written.write(it));
            host.unsynced.push_back((out.ticket, out.writes));
        }
        // As a log does it: what was written meanwhile is synced after the sync before.
        if let Some((ticket, _)) = host.unsynced.back().filter(|_| !host.is_syncing) {
            host.is_syncing = true;
            let synced = Event::Input(id, host.life, Input::Synced(*ticket));
            let delay = self.weather.sync_us(&mut self.random);
            self.schedule(delay, synced);
        }
        for (to, message) in out.sends {
            self.send(id, to, message);
        }
    }

    fn send(&mut self, from: Id, to: Id, message: N::Message) {
        self.sent += 1;
        if self.cuts.contains(&(from, to)) || self.random.chance(self.weather.loss) {
            self.story.tell(self.us, || format!("{from} -x {to} {message:?}"));
            return;
        }
        self.story.tell(self.us, || format!("{from} -> {to} {message:?}"));
        if self.random.chance(self.weather.doubled) {
            let delay = self.weather.delay_us(&mut self.random) * 3;
            self.schedule(delay, Event::Arrive(from, to, message.clone()));
        }
        let delay = self.weather.delay_us(&mut self.random);
        self.schedule(delay, Event::Arrive(from, to, message));
    }

    fn look(&mut self, id: Id, watch: &mut impl Watch<N>) -> Result<(), String> {
        let host = self.hosts.get_mut(&id).expect("it is up");
        watch.look(id, host.node.as_mut().expect("it is up"), &host.written)?;
        watch.check(self)
    }

    fn clock(&self, id: Id) -> Now {
        let Some(host) = self.hosts.get(&id) else { return Now { ms: 0, us: 0, wall_ms: 0 } };
        let us = self.us * host.pace / 1000 + host.ms_base * 1000;
        let wall = 1_700_000_000_000 + (self.us / 1000) as i64 + host.wall_skew_ms;
        Now { ms: us / 1000, us, wall_ms: wall as u64 }
    }

    fn schedule(&mut self, after_us: u64, event: Event<N>) {
        self.sequence += 1;
        self.events.insert((self.us + after_us, self.sequence), event);
    }
}

impl<N: Node> Host<N> {
    fn confirm(&mut self, ticket: u64) {
        self.is_syncing = false;
        while let Some((_, writes)) = self.unsynced.pop_front_if(|it| it.0 <= ticket) {
            writes.iter().for_each(|it| self.synced.write(it));
        }
    }
}
