//! When each message of an open loop is due.
//!
//! Promise: due times depend on the rate and on nothing else. A message that leaves late because
//! the server (or this program) was busy still counts from the moment it was due, so a stall
//! shows in the latency of everything it held up (no coordinated omission).

/// Messages at a constant rate.
pub(super) struct Schedule {
    start_ns: u64,
    gap_ns: f64,
    taken: u64,
}

impl Schedule {
    pub(super) fn new(start_ns: u64, per_s: f64) -> Schedule {
        Schedule { start_ns, gap_ns: 1e9 / per_s, taken: 0 }
    }

    /// The moment at which the next message is due.
    pub(super) fn next_ns(&self) -> u64 {
        // Multiplied, not added up: a rounded gap would drift over minutes.
        self.start_ns + (self.taken as f64 * self.gap_ns) as u64
    }

    /// Takes the next message if it is due: its number, and when it was due.
    pub(super) fn take(&mut self, now_ns: u64) -> Option<(u64, u64)> {
        let due_ns = self.next_ns();
        if due_ns > now_ns {
            return None;
        }
        self.taken += 1;
        Some((self.taken - 1, due_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut schedule = Schedule::new(1_000, 1e6);
        assert_eq!(schedule.take(999), None);
        assert_eq!(schedule.take(1_000), Some((0, 1_000)));
        assert_eq!(schedule.take(1_000), None);
        assert_eq!(schedule.next_ns(), 2_000);
    }

    #[test]
    fn what_a_stall_held_up_keeps_its_due_time() {
        let mut schedule = Schedule::new(0, 1e3);
        let taken: Vec<_> = std::iter::from_fn(|| schedule.take(3_500_000)).collect();
        assert_eq!(taken, [(0, 0), (1, 1_000_000), (2, 2_000_000), (3, 3_000_000)]);
    }

    #[test]
    fn an_uneven_rate_does_not_drift() {
        let mut schedule = Schedule::new(0, 3.0);
        while schedule.take(1_000_000_000_000).is_some() {}
        assert_eq!(schedule.next_ns() / 1_000_000, 1_000_333);
    }
}
