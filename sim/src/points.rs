//! Nodes that die exactly at a fail point.
//!
//! Promise: at the chosen moment the process is no more. Its disk takes nothing, nothing it sends
//! leaves, its door says nothing; what is left of it is dropped at the end of the millisecond. Which
//! moment that is follows from the seed.

use crate::hosts;
use crate::network::Net;
use node::points::ALL;
use replica::store::SimDisk;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread::panicking;

/// What shall happen, and what did. Of the one thread in which all hosts run.
#[derive(Default)]
struct Points {
    /// Where each host lives.
    homes: BTreeMap<usize, (SimDisk, Net)>,
    armed: Option<Armed>,
    dead: BTreeMap<usize, Death>,
    /// How often somebody died at each.
    deaths: BTreeMap<&'static str, u64>,
    /// Names of all points that were passed.
    passed: BTreeMap<&'static str, u64>,
}

/// Somebody is to die.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Armed {
    /// Where.
    pub(crate) point: &'static str,
    /// When it is passed so many times more.
    pub(crate) passes: u64,
    /// By power loss, with this seed for what is left on the disk; `None`: as by kill -9.
    pub(crate) power_loss: Option<u64>,
}

/// Somebody died.
#[derive(Clone)]
pub(crate) struct Death {
    pub(crate) at: Armed,
    /// As the next process finds it.
    pub(crate) disk: SimDisk,
}

/// The only point at which anybody dies.
static CHOSEN: OnceLock<&str> = OnceLock::new();

thread_local! {
    static POINTS: RefCell<Points> = RefCell::default();
}

/// By name.
pub(crate) fn find(name: &str) -> Result<&'static str, String> {
    let found = ALL.iter().find(|it| it.name == name);
    found.map(|it| it.name).ok_or_else(|| "it stands in crates/node/src/points.rs".to_owned())
}

/// Whoever passes this point dies, in any scenario, and nobody anywhere else.
pub(crate) fn choose(point: &'static str) {
    let _ = CHOSEN.set(point); // Once, by the command line.
}

pub(crate) fn chosen() -> Option<&'static str> {
    CHOSEN.get().copied()
}

/// From now on every point is noticed.
pub(crate) fn watch() {
    for it in ALL {
        fail::cfg_callback(it.name, || pass(it.name)).expect("a callback is an action");
    }
}

/// A process starts on this host.
pub(crate) fn begin(host: usize, disk: SimDisk, net: Net) {
    POINTS.with_borrow_mut(|it| it.homes.insert(host, (disk, net)));
}

/// The first process that gets there dies.
pub(crate) fn arm(armed: Armed) {
    POINTS.with_borrow_mut(|it| it.armed = Some(armed));
}

/// Nobody has died yet where they should.
pub(crate) fn is_armed() -> bool {
    POINTS.with_borrow(|it| it.armed.is_some())
}

/// Nobody is to die any more; gives who should have.
pub(crate) fn disarm() -> Option<Armed> {
    POINTS.with_borrow_mut(|it| it.armed.take())
}

/// The process that runs at this moment is dead.
pub(crate) fn is_dead() -> bool {
    hosts::current().is_some_and(|host| POINTS.with_borrow(|it| it.dead.contains_key(&host)))
}

/// Who died since the last call.
pub(crate) fn take_dead() -> Option<(usize, Death)> {
    POINTS.with_borrow_mut(|it| it.dead.pop_first())
}

/// Where somebody died, and what was passed: for whoever looks whether all points are reached.
pub(crate) fn told() -> String {
    POINTS.with_borrow(|it| {
        let names = |of: &BTreeMap<&'static str, u64>| {
            of.keys().fold(String::new(), |all, it| all + " " + it)
        };
        format!("died:{}\npassed:{}", names(&it.deaths), names(&it.passed))
    })
}

fn pass(point: &'static str) {
    let Some(host) = hosts::current().filter(|_| !panicking()) else {
        return;
    };
    let has_died = POINTS.with_borrow_mut(|it| it.pass(host, point));
    if has_died {
        resume_unwind(Box::new("it died at a fail point")); // Nothing behind it is done.
    }
}

impl Points {
    fn pass(&mut self, host: usize, point: &'static str) -> bool {
        if self.dead.contains_key(&host) {
            return true; // Another task of a process that is no more.
        }
        *self.passed.entry(point).or_default() += 1;
        let Some(armed) = self.armed.as_mut().filter(|it| it.point == point) else {
            return false;
        };
        armed.passes = armed.passes.saturating_sub(1);
        if armed.passes > 0 {
            return false;
        }
        let Some((disk, net)) = self.homes.get(&host) else { return false };
        let at = *armed;
        let disk = match at.power_loss {
            Some(seed) => disk.crash(seed),
            None => disk.kill(),
        };
        match at.power_loss {
            Some(_) => net.darken(host),
            None => net.kill(host),
        }
        self.dead.insert(host, Death { at, disk });
        *self.deaths.entry(point).or_default() += 1;
        self.armed = None;
        true
    }
}
