//! The wall clocks: each machine's own, wrong by as much as a fault made it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// All clocks of a run begin here: 2026-01-01.
const EPOCH_MS: u64 = 1_767_225_600_000;

/// Simulated time; all clocks hang on it.
#[derive(Clone, Default)]
pub(crate) struct Time(Arc<AtomicU64>);

impl Time {
    pub(crate) fn set(&self, now_ms: u64) {
        self.0.store(now_ms, Relaxed);
    }

    /// A machine's clock, which is right.
    pub(crate) fn clock(&self) -> Arc<Clock> {
        Arc::new(Clock {
            time: self.clone(),
            offset_ms: AtomicI64::new(0),
            drift: Drift::default(),
        })
    }
}

/// One machine's wall clock.
pub(crate) struct Clock {
    time: Time,
    offset_ms: AtomicI64,
    drift: Drift,
}

#[derive(Default)]
struct Drift {
    since_ms: AtomicU64,
    per_million: AtomicI64,
}

impl Clock {
    /// Unix milliseconds, as this machine has them.
    pub(crate) fn wall_ms(&self) -> u64 {
        let wrong_ms = self.offset_ms.load(Relaxed) + self.drifted_ms();
        (EPOCH_MS + self.time.0.load(Relaxed)).saturating_add_signed(wrong_ms)
    }

    /// Sets it by that much before or behind the right time.
    pub(crate) fn jump(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms - self.drifted_ms(), Relaxed);
    }

    /// From now on it runs too fast, or too slowly.
    pub(crate) fn drift(&self, per_million: i64) {
        self.offset_ms.fetch_add(self.drifted_ms(), Relaxed);
        self.drift.since_ms.store(self.time.0.load(Relaxed), Relaxed);
        self.drift.per_million.store(per_million, Relaxed);
    }

    fn drifted_ms(&self) -> i64 {
        let since_ms = self.time.0.load(Relaxed) - self.drift.since_ms.load(Relaxed);
        since_ms as i64 * self.drift.per_million.load(Relaxed) / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_jump_and_drift_each_for_itself() {
        let time = Time::default();
        let (wrong, right) = (time.clock(), time.clock());
        time.set(1_000);
        assert_eq!(wrong.wall_ms(), EPOCH_MS + 1_000);
        wrong.jump(-3_600_000);
        assert_eq!(wrong.wall_ms(), EPOCH_MS + 1_000 - 3_600_000);
        wrong.drift(100_000);
        time.set(2_000);
        assert_eq!(wrong.wall_ms(), EPOCH_MS + 2_000 + 100 - 3_600_000);
        wrong.drift(0);
        wrong.jump(0);
        assert_eq!(wrong.wall_ms(), right.wall_ms());
    }
}
