//! What goes wrong, how often, and how it ends.

use super::{Disk, Id, Net, Node, Random, Watch};

/// How the network and the disks behave; drawn from the seed, so that runs differ in kind.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    /// Messages lost, of a thousand.
    pub(crate) loss: u64,
    /// Messages that arrive twice, of a thousand.
    pub(crate) doubled: u64,
    /// Usual time under way.
    pub(crate) delay_us: (u64, u64),
    /// Messages that take a hundred times as long, of a thousand.
    pub(crate) stragglers: u64,
    pub(crate) sync_us: (u64, u64),
    /// Syncs that take fifty times as long, of a thousand.
    pub(crate) slow_syncs: u64,
    /// How long a node takes to notice that a link broke or came back.
    pub(crate) link_news_us: (u64, u64),
    /// Breaks that are never noticed, of a thousand.
    pub(crate) silent_down: u64,
    /// Pace of monotonic clocks in thousandths.
    pub(crate) pace: (u64, u64),
    /// Wall clocks are off by up to this.
    pub(crate) skew_ms_max: u64,
    /// Mean time between faults.
    pub(crate) fault_every_us: u64,
    /// Which faults there are, in [`FAULTS`]' order: their weights.
    pub(crate) weights: [u64; FAULTS.len()],
}

impl Weather {
    /// Nothing goes wrong, and everything takes its usual time.
    pub(crate) fn fair() -> Weather {
        Weather {
            loss: 0,
            doubled: 0,
            delay_us: (200, 1_000),
            stragglers: 0,
            sync_us: (500, 2_000),
            slow_syncs: 0,
            link_news_us: (0, 1_000),
            silent_down: 0,
            pace: (1000, 1000),
            skew_ms_max: 0,
            fault_every_us: 1_000_000,
            weights: [0; FAULTS.len()],
        }
    }

    pub(super) fn draw(random: &mut Random) -> Weather {
        let mut weights = [0; FAULTS.len()];
        weights.iter_mut().for_each(|it| *it = random.below(4));
        let rarely =
            |random: &mut Random, max| if random.chance(500) { 0 } else { random.below(max) };
        Weather {
            loss: rarely(random, 200),
            doubled: rarely(random, 200),
            delay_us: (100, random.within((200, 20_000))),
            stragglers: rarely(random, 50),
            sync_us: (100, random.within((200, 20_000))),
            slow_syncs: rarely(random, 50),
            link_news_us: (0, random.within((1_000, 400_000))),
            silent_down: rarely(random, 1000),
            pace: (900, 1100),
            skew_ms_max: 3_600_000,
            fault_every_us: random.within((20_000, 600_000)),
            weights,
        }
    }

    pub(super) fn skew(&self, random: &mut Random) -> i64 {
        random.within((0, 2 * self.skew_ms_max)) as i64 - self.skew_ms_max as i64
    }

    pub(super) fn delay_us(&self, random: &mut Random) -> u64 {
        let delay = random.within(self.delay_us);
        if random.chance(self.stragglers) { delay * 100 } else { delay }
    }

    pub(super) fn sync_us(&self, random: &mut Random) -> u64 {
        let delay = random.within(self.sync_us);
        if random.chance(self.slow_syncs) { delay * 50 } else { delay }
    }
}

/// What can go wrong; a test may set the weight of some of them to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A node sees nobody, and nobody it.
    Isolate,
    /// The network falls in two.
    Split,
    /// One direction between two nodes is deaf.
    OneWay,
    /// All cuts end.
    Heal,
    Crash,
    /// All lose power at once.
    CrashAll,
    Restart,
    Wipe,
    JumpWall,
    /// A node stands still for up to two seconds.
    Pause,
}

pub(crate) const FAULTS: [Fault; 10] = [
    Fault::Isolate,
    Fault::Split,
    Fault::OneWay,
    Fault::Heal,
    Fault::Crash,
    Fault::CrashAll,
    Fault::Restart,
    Fault::Wipe,
    Fault::JumpWall,
    Fault::Pause,
];

impl<N: Node> Net<N> {
    /// Faults for so long.
    pub(crate) fn storm(&mut self, us: u64, watch: &mut impl Watch<N>) -> Result<(), String> {
        let end = self.us + us;
        while self.us < end {
            let pause = self.random.within((0, 2 * self.weather.fault_every_us));
            self.run_for(pause.min(end - self.us), watch)?;
            self.strike(watch);
            watch.disturb(self);
        }
        Ok(())
    }

    /// Everything works again: cuts heal, nodes start, messages arrive. Then so much time passes.
    pub(crate) fn calm(&mut self, us: u64, watch: &mut impl Watch<N>) -> Result<(), String> {
        let fair = Weather::fair();
        self.weather.weights = fair.weights;
        (self.weather.loss, self.weather.doubled) = (0, 0);
        (self.weather.stragglers, self.weather.slow_syncs) = (0, 0);
        self.weather.silent_down = 0;
        self.story.tell(self.us, || "CALM".to_owned());
        self.heal();
        self.wake_all();
        for id in self.ids() {
            self.restart(id);
        }
        self.run_for(us, watch)
    }

    fn strike(&mut self, watch: &mut impl Watch<N>) {
        let sum: u64 = self.weather.weights.iter().sum();
        if sum == 0 {
            return;
        }
        let mut left = self.random.below(sum);
        let drawn = FAULTS.iter().zip(self.weather.weights).find(|(_, weight)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        });
        let fault = *drawn.expect("the sum is not passed").0;
        let ids = self.ids();
        let Some(id) = self.random.pick(&ids) else { return };
        match fault {
            Fault::Isolate => self.split(&ids, &[id]),
            Fault::Split => {
                let side: Vec<Id> =
                    ids.iter().copied().filter(|_| self.random.chance(500)).collect();
                self.split(&ids, &side);
            }
            Fault::OneWay => {
                let other = self.random.pick(&ids).expect("there is one");
                self.cut(id, other);
            }
            Fault::Heal => self.heal(),
            Fault::Crash => self.crash(id),
            Fault::CrashAll => ids.iter().for_each(|it| self.crash(*it)),
            Fault::Restart => ids.iter().for_each(|it| self.restart(*it)),
            Fault::Pause => {
                let us = self.random.below(2_000_000);
                self.pause(id, us);
            }
            Fault::Wipe => self.wipe(id, watch),
            Fault::JumpWall => {
                let ms = self.random.within((0, 7_200_000)) as i64 - 3_600_000;
                self.jump_wall(id, ms);
            }
        }
    }

    /// Nothing passes between these and the others.
    pub(crate) fn split(&mut self, ids: &[Id], side: &[Id]) {
        for one in side {
            for other in ids.iter().filter(|it| !side.contains(it)) {
                self.cut(*one, *other);
                self.cut(*other, *one);
            }
        }
    }

    /// Nothing gets through from one to the other.
    pub(crate) fn cut(&mut self, from: Id, to: Id) {
        if from != to && self.cuts.insert((from, to)) {
            self.story.tell(self.us, || format!("CUT {from} -> {to}"));
            self.tell_link(from, to, false);
            self.tell_link(to, from, false);
        }
    }

    pub(crate) fn heal(&mut self) {
        let cuts = std::mem::take(&mut self.cuts);
        self.story.tell(self.us, || format!("HEAL {cuts:?}"));
        for (from, to) in cuts {
            if self.is_up(from) && self.is_up(to) {
                self.tell_link(from, to, true);
                self.tell_link(to, from, true);
            }
        }
    }

    /// A node loses its disk and its identity; another takes its place.
    pub(crate) fn wipe(&mut self, id: Id, watch: &mut impl Watch<N>) {
        if !self.hosts.contains_key(&id) || !watch.may_wipe(id, self) {
            return;
        }
        self.remove(id);
        let new = id + 1000;
        self.add(new, N::Disk::default());
        watch.wiped(id, new, self);
    }
}

/// For a disk that holds nothing.
impl Disk for () {
    type Write = ();

    fn write(&mut self, (): &()) {}
}
