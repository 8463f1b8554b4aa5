//! What the tests with real processes share.
#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod fake;
pub(crate) mod judge;
pub(crate) mod traffic;

use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Looks again and again until `look` finds something; panics with `what` when the time is over.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {limit:?} in vain for: {what}"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// One at a time: several clusters on a small machine would test the machine, and several demos would
/// want the same ports.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(|it| it.into_inner()) // A failed test harms no other.
}
