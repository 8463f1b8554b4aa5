//! What can be done to a cluster, and undone.

use super::{Cluster, Stuck, name};
use crate::network::Weather;
use crate::people;
use crate::points;
use rand::Rng;

/// A node that was told to drain and is not hindered has left within this.
const DRAIN_MS: u64 = 10_000;
/// A node that was told to stop has done so within this.
const STOP_MS: u64 = 5_000;

impl Cluster {
    /// Nothing passes between these two any more.
    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        self.story.note(format!("cut between {} and {}", name(a), name(b)));
        for (from, to) in [(a, b), (b, a)] {
            self.cuts.insert((from, to));
            self.net.cut(from, to);
        }
    }

    /// Nothing passes between this one and the others any more.
    pub(crate) fn isolate(&mut self, node: usize) {
        for other in self.nodes().filter(|it| *it != node) {
            self.cut(node, other);
        }
    }

    /// Nothing passes in this direction any more.
    pub(crate) fn cut_one_way(&mut self, from: usize, to: usize) {
        self.story.note(format!("cut from {} to {}", name(from), name(to)));
        self.cuts.insert((from, to));
        self.net.cut(from, to);
    }

    /// Ends the cuts between these two.
    pub(crate) fn mend_cut(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            if self.cuts.remove(&(from, to)) {
                self.story.note(format!("healed from {} to {}", name(from), name(to)));
                self.net.heal(from, to);
            }
        }
    }

    /// Ends all cuts.
    pub(crate) fn heal(&mut self) {
        for (from, to) in std::mem::take(&mut self.cuts) {
            self.story.note(format!("healed from {} to {}", name(from), name(to)));
            self.net.heal(from, to);
        }
    }

    /// Ends all cuts; or leaves them for the next faults to meet, as chance has it.
    pub(crate) fn heal_maybe(&mut self) {
        if self.random.random_bool(0.75) {
            self.heal();
        }
    }

    /// All wires are like that from now on.
    pub(crate) fn set_weather(&mut self, weather: Weather) {
        self.story.note(format!("{weather:?}"));
        self.is_troubled = true;
        for from in self.nodes() {
            for to in self.nodes().filter(|it| *it != from) {
                self.net.set_weather(from, to, weather);
            }
        }
    }

    /// The wires are as at first again; or not, as chance has it.
    pub(crate) fn calm_maybe(&mut self) {
        if self.random.random_bool(0.5) {
            self.calm();
        }
    }

    /// The wires are as at first again. Cuts stay.
    pub(crate) fn calm(&mut self) {
        self.story.note("the network is calm");
        self.net.calm();
    }

    /// Breaks a connection between two nodes.
    pub(crate) fn reset_connection(&mut self) {
        if let Some((a, b)) = self.net.reset_one() {
            self.story.note(format!("reset between {} and {}", name(a), name(b)));
        }
    }

    /// The process does nothing for a while, as after SIGSTOP. Returns at once.
    pub(crate) fn pause(&mut self, node: usize, for_ms: u64) {
        self.story.note(format!("{} is paused for {for_ms} ms", name(node)));
        self.hosts.pause(node, self.hosts.now_ms() + for_ms);
    }

    /// The machine gets on only in every so many milliseconds; 0: in all.
    pub(crate) fn slow(&mut self, node: usize, slowness: u64) {
        self.story.note(format!("{} runs once in {slowness} ms", name(node)));
        self.is_troubled |= slowness > 0;
        self.hosts.slow(node, slowness);
    }

    /// The machine's wall clock is set, by that much before or behind the right time.
    pub(crate) fn jump_clock(&mut self, node: usize, offset_ms: i64) {
        self.story.note(format!("the clock of {} is off by {offset_ms} ms", name(node)));
        self.machines[node].clock.jump(offset_ms);
    }

    /// The machine's wall clock runs too fast, or too slowly.
    pub(crate) fn drift_clock(&mut self, node: usize, per_million: i64) {
        self.story.note(format!("the clock of {} drifts by {per_million} ppm", name(node)));
        self.machines[node].clock.drift(per_million);
    }

    /// The process dies as by kill -9: its connections break, its writes are in the machine's memory.
    pub(crate) fn kill(&mut self, node: usize) {
        self.story.note(format!("kill -9 of {}", name(node)));
        self.net.kill(node);
        self.bury(node);
    }

    /// The machine loses power: nobody hears a word, and what was not synced may be gone.
    pub(crate) fn lose_power(&mut self, node: usize) {
        self.story.note(format!("power loss of {}", name(node)));
        self.net.darken(node);
        self.bury(node);
        let seed = self.random.random();
        let disk = self.machines[node].disk.borrow().crash(seed);
        *self.machines[node].disk.borrow_mut() = disk;
    }

    /// The process is no more. What it wrote is in the machine's memory.
    pub(super) fn bury(&mut self, node: usize) {
        self.hosts.stop(node);
        self.down.insert(node);
        *self.machines[node].home.borrow_mut() = None;
        self.story.died(node);
        let disk = self.machines[node].disk.borrow().kill();
        *self.machines[node].disk.borrow_mut() = disk;
    }

    /// Starts a node that is down.
    pub(crate) fn restart(&mut self, node: usize) {
        if self.down.remove(&node) {
            self.story.note(format!("start of {}", name(node)));
            self.start_process(node);
        }
    }

    /// The node is told to leave, its clients move to another, and it is stopped.
    pub(crate) fn drain(&mut self, node: usize) -> Result<(), Stuck> {
        let leaving = self.machines[node].home.borrow().clone();
        let others = || self.nodes().filter(|it| *it != node && self.is_serving(*it));
        let (Some(home), Some(next)) = (leaving, others().nth(0)) else {
            return Ok(()); // Nobody would drain it now.
        };
        let is_hindered =
            self.is_troubled || !self.cuts.is_empty() || others().count() + 1 < self.machines.len();
        self.story.note(format!("{} drains", name(node)));
        let drained = home.door.drain();
        self.run_between(5, 200)?;
        let next = self.machines[next].clone();
        if let Some(new_home) = next.home.borrow().as_ref() {
            self.hosts.enter(next.number, || people::move_in(new_home, &home));
        }
        let is_closed = || drained.try_recv() == Err(crossbeam_channel::TryRecvError::Disconnected);
        let has_left = self.comes_true(DRAIN_MS, |_| Ok(is_closed()))?;
        if !has_left && !is_hindered && self.is_able(node) {
            return Err(Stuck(format!("{} has not left within {DRAIN_MS} ms", name(node))));
        }
        self.story.note(format!("{} has {}left", name(node), if has_left { "" } else { "not " }));
        self.run(20)?; // Answers reach their clients.
        let are_answered = self.comes_true(DRAIN_MS, |it| Ok(it.story.waiting_at(node) == 0))?;
        if has_left && !are_answered {
            return Err(Stuck(format!("{} has left and owes answers", name(node))));
        }
        self.machines[node].may_end.set(true);
        home.door.stop();
        self.run_until(STOP_MS, "a node stops when told to", |it| Ok(it.down.contains(&node)))
    }

    /// Ends all faults.
    pub(crate) fn mend(&mut self) {
        points::disarm();
        self.resting.clear();
        self.heal();
        self.net.calm();
        self.is_troubled = false;
        self.is_mended = true;
        for node in self.nodes() {
            self.hosts.pause(node, 0);
            self.hosts.slow(node, 0);
            self.machines[node].clock.drift(0);
            self.machines[node].clock.jump(0);
            self.machines[node].disk.borrow().heal();
            self.restart(node);
        }
    }
}
