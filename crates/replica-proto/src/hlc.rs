//! The hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", OPODIS 2014).
//!
//! Promise: stamps of one clock strictly increase, and are after every stamp it has observed, however
//! the wall clock jumps. A stamp is wall milliseconds shifted left by 16, plus a counter.

/// The clock of one node. Reads no wall clock: the time is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    last: u64,
}

impl Clock {
    /// A new stamp, after all earlier ones and not before `unix_ms`.
    pub fn stamp(&mut self, unix_ms: u64) -> u64 {
        self.last = (self.last + 1).max(unix_ms << 16);
        self.last
    }

    /// The first of so many new stamps in a row.
    pub fn stamp_row(&mut self, unix_ms: u64, count: u64) -> u64 {
        let first = self.stamp(unix_ms);
        self.last = first.saturating_add(count);
        first
    }

    /// The last stamp that was made or seen.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Somebody else's stamp was seen: ours will be after it.
    pub fn observe(&mut self, stamp: u64) {
        self.last = self.last.max(stamp);
    }

    /// The stamp of somebody whose clock may be broken was seen: ours will be after it, unless it is
    /// more than an hour ahead. One broken clock shall not carry away all others for ever.
    pub fn follow(&mut self, stamp: u64, unix_ms: u64) {
        if stamp >> 16 <= unix_ms.saturating_add(AHEAD_MS_MAX) {
            self.observe(stamp);
        }
    }
}

/// Wall clocks that are further apart are broken.
const AHEAD_MS_MAX: u64 = 3_600_000;

#[cfg(test)]
mod tests {
    use super::Clock;
    use proptest::prelude::*;

    #[test]
    fn a_clock_follows_another_up_to_an_hour_ahead() {
        const HOUR_MS: u64 = 3_600_000;
        let mut clock = Clock::default();
        clock.follow((HOUR_MS + 5) << 16, 5);
        assert_eq!(clock.last(), (HOUR_MS + 5) << 16);
        clock.follow((HOUR_MS + 6) << 16, 5);
        assert_eq!(clock.last(), (HOUR_MS + 5) << 16);
    }

    #[test]
    fn a_row_of_stamps_is_behind_the_next_stamp() {
        let mut clock = Clock::default();
        let first = clock.stamp_row(1, 100);
        assert!(clock.stamp(1) > first + 100);
    }

    proptest! {
        #[test]
        fn stamps_increase_while_the_wall_clock_jumps(times in prop::collection::vec((0u64..1 << 40, prop::option::of(0u64..1 << 56)), 1..200)) {
            let mut clock = Clock::default();
            let mut last = 0;
            for (ms, seen) in times {
                if let Some(seen) = seen {
                    clock.observe(seen);
                    last = last.max(seen);
                }
                let stamp = clock.stamp(ms);
                prop_assert!(stamp > last && stamp >= ms << 16);
                last = stamp;
            }
        }
    }
}
