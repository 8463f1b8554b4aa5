//! The machines' processors: every host is a Tokio runtime of its own with a clock that stands still,
//! run in turn for one simulated millisecond.
//!
//! Promise: what hosts do follows from the seed. A host that was not run for a while, because it was
//! paused or is slow, finds its monotonic clock that much later when it goes on, as after SIGSTOP.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use std::cell::Cell;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::{advance, sleep};

const STEP: Duration = Duration::from_millis(1);

thread_local! {
    static CURRENT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The host that runs at this moment; `None`: the simulation itself.
pub(crate) fn current() -> Option<usize> {
    CURRENT.get()
}

/// All hosts, by number.
pub(crate) struct Hosts {
    all: Vec<Host>,
    order: Vec<usize>,
    now_ms: u64,
    random: SmallRng,
}

#[derive(Default)]
struct Host {
    process: Option<Process>,
    paused_until_ms: u64,
    /// It is run in every so many milliseconds; 0: in all.
    slowness: u64,
}

struct Process {
    runtime: Runtime,
    local: LocalSet,
    main: Option<JoinHandle<()>>,
    now_ms: u64,
}

impl Hosts {
    pub(crate) fn new(seed: u64) -> Hosts {
        let random = SmallRng::seed_from_u64(seed);
        Hosts { all: Vec::new(), order: Vec::new(), now_ms: 0, random }
    }

    /// A machine without a process.
    pub(crate) fn add(&mut self) {
        self.order.push(self.all.len());
        self.all.push(Host::default());
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Starts a process; the last one is gone before.
    pub(crate) fn start(&mut self, host: usize, main: impl Future<Output = ()> + 'static) {
        self.stop(host);
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without I/O needs nothing of the system");
        let local = LocalSet::new();
        let main = Some(local.spawn_local(main));
        self.all[host].process = Some(Process { runtime, local, main, now_ms: self.now_ms });
    }

    /// Drops everything that runs on the host.
    pub(crate) fn stop(&mut self, host: usize) {
        let it = &mut self.all[host];
        it.paused_until_ms = 0;
        let Some(Process { runtime, local, main, .. }) = it.process.take() else {
            return;
        };
        as_host(host, || {
            drop(main);
            drop(runtime);
            drop(local);
        });
    }

    /// The host does nothing until then, as after SIGSTOP.
    pub(crate) fn pause(&mut self, host: usize, until_ms: u64) {
        self.all[host].paused_until_ms = until_ms;
    }

    pub(crate) fn is_paused(&self, host: usize) -> bool {
        self.now_ms < self.all[host].paused_until_ms
    }

    /// The host gets on only in every so many milliseconds.
    pub(crate) fn slow(&mut self, host: usize, slowness: u64) {
        self.all[host].slowness = slowness;
    }

    /// Does something inside the host's process, if there is one.
    pub(crate) fn enter(&mut self, host: usize, what: impl FnOnce()) {
        if let Some(Process { runtime, local, .. }) = &self.all[host].process {
            as_host(host, || runtime.block_on(local.run_until(async { what() })));
        }
    }

    /// One millisecond passes, in an order of hosts that chance chooses. Gives back who panicked.
    pub(crate) fn step(&mut self) -> Option<usize> {
        self.order.shuffle(&mut self.random);
        let mut panicked = None;
        for host in &self.order {
            if self.all[*host].step(*host, self.now_ms) {
                panicked = Some(*host);
            }
        }
        self.now_ms += 1;
        panicked
    }
}

impl Host {
    /// True if its main task panicked.
    fn step(&mut self, number: usize, now_ms: u64) -> bool {
        let is_its_turn = self.slowness == 0 || now_ms.is_multiple_of(self.slowness);
        let Some(process) = &mut self.process else {
            return false;
        };
        if now_ms < self.paused_until_ms || !is_its_turn {
            return false;
        }
        let missed = Duration::from_millis(now_ms - process.now_ms);
        process.now_ms = now_ms + 1;
        as_host(number, || {
            process.runtime.block_on(process.local.run_until(async {
                if !missed.is_zero() {
                    advance(missed).await;
                }
                sleep(STEP).await;
            }));
        });
        let Some(main) = process.main.take_if(|it| it.is_finished()) else {
            return false;
        };
        process.runtime.block_on(main).is_err()
    }
}

fn as_host(host: usize, what: impl FnOnce()) {
    CURRENT.set(Some(host));
    what();
    CURRENT.set(None);
}
