//! When a peer is dialed: a circuit breaker with jittered back-off, one for each peer.
//!
//! ```text
//! closed --(so many attempts in a row fail)--> open --(its wait is over, or the peer calls)--> half-open
//!   ^                                           ^                                                 |
//!   '------------------(it succeeds)------------+-----------------(it fails)----------------------'
//! ```
//!
//! Promise: a peer that does not answer is dialed ever more rarely, up to a limit, and never by two nodes
//! in step; the first attempt that succeeds makes it as good as new. There is no clock in here: it says
//! how long to wait.

use std::time::Duration;

/// What a breaker has come to think of its peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BreakerState {
    /// It answers, or has not failed often enough to say that it does not.
    #[default]
    Closed,
    /// One attempt is under way, and decides.
    HalfOpen,
    /// It does not answer: it is left alone for a while.
    Open,
}

impl BreakerState {
    /// `closed`, `half-open`, `open`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::HalfOpen => "half-open",
            BreakerState::Open => "open",
        }
    }
}

/// How patient it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// First and longest wait between attempts while closed.
    pub(super) closed: (Duration, Duration),
    /// The same while open.
    pub(super) open: (Duration, Duration),
    /// So many failures in a row open it.
    pub(super) failures_max: u32,
}

/// One peer's breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    patience: Patience,
    state: BreakerState,
    failures: u32,
    wait: Duration,
}

impl Breaker {
    pub(super) fn new(patience: Patience) -> Breaker {
        let wait = patience.closed.0;
        Breaker { patience, state: BreakerState::Closed, failures: 0, wait }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// The peer is about to be dialed.
    pub(super) fn begin(&mut self) {
        if self.state == BreakerState::Open {
            self.state = BreakerState::HalfOpen;
        }
    }

    /// It took us in.
    pub(super) fn succeed(&mut self) {
        *self = Breaker::new(self.patience);
    }

    /// It cannot be reached, does not answer in time, or refuses us.
    pub(super) fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
        match self.state {
            BreakerState::Closed if self.failures >= self.patience.failures_max => {
                self.state = BreakerState::Open;
                self.wait = self.patience.open.0;
            }
            BreakerState::HalfOpen => self.state = BreakerState::Open,
            BreakerState::Closed | BreakerState::Open => {}
        }
    }

    /// How long to wait before the next attempt, and longer after each; `chance` is between 0 and 1.
    pub(super) fn wait(&mut self, chance: f64) -> Duration {
        let (_, longest) = match self.state {
            BreakerState::Closed => self.patience.closed,
            BreakerState::HalfOpen | BreakerState::Open => self.patience.open,
        };
        let wait = self.wait;
        self.wait = (wait * 2).min(longest);
        wait.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BreakerState::{Closed, HalfOpen, Open};

    const fn ms(it: u64) -> Duration {
        Duration::from_millis(it)
    }

    fn breaker() -> Breaker {
        let (closed, open) = ((ms(50), ms(300)), (ms(1_000), ms(2_000)));
        Breaker::new(Patience { closed, open, failures_max: 3 })
    }

    /// An attempt that fails; how long to wait then at most.
    fn fails(it: &mut Breaker) -> (BreakerState, Duration) {
        it.begin();
        it.fail();
        (it.state(), it.wait(1.0))
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_waits_longer_each_time_up_to_a_limit() {
        let mut it = breaker();
        assert_eq!(fails(&mut it), (Closed, ms(50)));
        assert_eq!(fails(&mut it), (Closed, ms(100)));
        assert_eq!(fails(&mut it), (Open, ms(1_000)));
        assert_eq!(fails(&mut it), (Open, ms(2_000)));
        assert_eq!(fails(&mut it), (Open, ms(2_000)));
    }

    #[test]
    fn one_probe_decides_whether_it_closes_again() {
        let mut it = breaker();
        (0..3).for_each(|_| _ = fails(&mut it));
        it.begin();
        assert_eq!(it.state(), HalfOpen);
        it.fail();
        assert_eq!(it.state(), Open);
        it.begin();
        it.succeed();
        assert_eq!((it.state(), it.wait(1.0)), (Closed, ms(50)));
    }

    #[test]
    fn failures_that_are_not_in_a_row_do_not_open_it() {
        let mut it = breaker();
        for _ in 0..10 {
            assert_eq!(fails(&mut it).0, Closed);
            assert_eq!(fails(&mut it).0, Closed);
            it.begin();
            it.succeed();
        }
    }

    #[test]
    fn waits_are_spread_over_their_second_half() {
        let mut it = breaker();
        assert_eq!(it.wait(0.0), ms(25));
        assert_eq!(it.wait(0.5), ms(75));
        assert_eq!(it.wait(7.0), ms(200));
        assert_eq!(it.wait(-7.0), ms(150));
    }
}
