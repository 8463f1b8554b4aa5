//! What the tests with real processes share.
#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod fake;
pub(crate) mod judge;
pub(crate) mod traffic;

use std::fs::File;
use std::path::Path;
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
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// One at a time: several clusters on a small machine would test the machine, and several demos would
/// want the same ports. A file's lock, because some runners give each test a process of its own.
pub(crate) fn alone() -> File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alone");
    let file = File::create(path).expect("cargo made the directory");
    file.lock().expect("files can be locked"); // Until it is closed.
    file
}
