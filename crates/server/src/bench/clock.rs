//! The one clock of a run: `CLOCK_MONOTONIC`, the same in every process of the machine.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds since some fixed moment before the run.
pub(super) fn now_ns() -> u64 {
    to_ns(clock_gettime(ClockId::Monotonic))
}

/// User and system time of this process.
pub(super) fn own_cpu_s() -> f64 {
    to_ns(clock_gettime(ClockId::ProcessCPUTime)) as f64 / 1e9
}

/// Seconds as nanoseconds; negative ones are none.
pub(super) fn ns(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

fn to_ns(time: Timespec) -> u64 {
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
