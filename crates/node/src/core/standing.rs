//! Whether this node has a way to the directory, and what it does when it has none.
//!
//! ```text
//! member --(no way to the directory for some seconds)--> outside
//! outside --(its wait is over)--> asking --(nobody answered)--> outside
//!                                 asking --(somebody did)--> following --(that leads nowhere)--> outside
//! any --(a way to the directory)--> member
//! ```
//!
//! A node that joined while the directory moved may have been told only of members that have given their
//! replica of it up since: nobody it knows can tell it anything. So it asks those it knows of, member or
//! not, for who is a member now.

/// Without a way to the directory for so long, something is wrong that time alone may not mend: elections
/// and links take less.
const OUTSIDE_MS: u64 = 3_000;
/// Whoever was asked has answered by then, or will not.
const ASKING_MS: u64 = 3_000;
/// Links to those we were told of stand by then, and one of them lets us follow the directory.
const FOLLOWING_MS: u64 = 5_000;
/// First and longest wait before asking, and between two times.
const WAIT_MS: (u64, u64) = (500, 15_000);

/// Where this node stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It has a way to the directory, or had one until so lately that it waits.
    Member,
    /// It has none, and asks when its wait is over.
    Outside,
    /// Those it knows of were asked who is a member now.
    Asking,
    /// It was told, and looks for the directory there.
    Following,
}

/// The machine. It wants one thing done: ask.
#[derive(Debug)]
pub(super) struct Footing {
    standing: Standing,
    /// Since when it stands so; of a member: when it last had a way.
    since_ms: u64,
    /// Outside: asks when it has stood there for so long.
    wait_ms: u64,
    /// What the next wait is at most.
    next_wait_ms: u64,
}

impl Footing {
    pub(super) fn new() -> Footing {
        Footing { standing: Standing::Member, since_ms: 0, wait_ms: 0, next_wait_ms: WAIT_MS.0 }
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Time has passed. True: ask now. `chance`, between 0 and 1, keeps nodes from asking in step.
    pub(super) fn tick(&mut self, now_ms: u64, has_way: bool, chance: f64) -> bool {
        let stood_ms = now_ms.saturating_sub(self.since_ms);
        match self.standing {
            _ if has_way => *self = Footing { since_ms: now_ms, ..Footing::new() },
            Standing::Member if stood_ms >= OUTSIDE_MS => self.step_outside(now_ms, chance),
            Standing::Outside if stood_ms >= self.wait_ms => {
                self.stand(Standing::Asking, now_ms);
                return true;
            }
            Standing::Asking if stood_ms >= ASKING_MS => self.step_outside(now_ms, chance),
            Standing::Following if stood_ms >= FOLLOWING_MS => self.step_outside(now_ms, chance),
            Standing::Member | Standing::Outside | Standing::Asking | Standing::Following => {}
        }
        false
    }

    /// Somebody said who is a member now. An answer that nobody waits for any more is as good as another.
    pub(super) fn answered(&mut self, now_ms: u64) {
        if self.standing != Standing::Member {
            self.stand(Standing::Following, now_ms);
        }
    }

    fn step_outside(&mut self, now_ms: u64, chance: f64) {
        self.stand(Standing::Outside, now_ms);
        self.wait_ms = (self.next_wait_ms as f64 * (0.5 + chance.clamp(0.0, 1.0) / 2.0)) as u64;
        self.next_wait_ms = (self.next_wait_ms * 2).min(WAIT_MS.1);
    }

    fn stand(&mut self, standing: Standing, now_ms: u64) {
        (self.standing, self.since_ms) = (standing, now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks every 250 ms for so long; when it asked.
    fn asks(it: &mut Footing, from_ms: u64, for_ms: u64, has_way: bool) -> Vec<u64> {
        let times = (from_ms..from_ms + for_ms).step_by(250);
        times.filter(|now| it.tick(*now, has_way, 1.0)).collect()
    }

    #[test]
    fn a_member_that_was_without_a_way_for_a_moment_asks_nobody() {
        let mut it = Footing::new();
        for round in 0..20 {
            assert!(asks(&mut it, round * 4_000, 2_000, true).is_empty());
            assert!(asks(&mut it, round * 4_000 + 2_000, 2_000, false).is_empty());
        }
        assert_eq!(it.standing(), Standing::Member);
    }

    #[test]
    fn without_an_answer_it_asks_again_and_waits_longer_each_time_up_to_a_limit() {
        let mut it = Footing::new();
        let asked = asks(&mut it, 0, 120_000, false);
        let between: Vec<u64> = asked.windows(2).map(|it| it[1] - it[0]).collect();
        assert_eq!(asked[0], 3_500);
        assert_eq!(between[..5], [4_000, 5_000, 7_000, 11_000, 18_000]);
        assert!(between[5..].iter().all(|it| *it == 18_000), "{between:?}");
    }

    #[test]
    fn an_answer_that_leads_nowhere_is_asked_for_again_and_one_that_does_ends_it() {
        let mut it = Footing::new();
        assert_eq!(asks(&mut it, 0, 3_750, false), [3_500]);
        it.answered(3_700);
        assert_eq!(it.standing(), Standing::Following);
        assert!(asks(&mut it, 3_750, 5_250, false).is_empty());
        assert_eq!(it.standing(), Standing::Outside);
        assert_eq!(asks(&mut it, 9_000, 1_250, false), [9_750]);
        it.answered(9_800);
        assert!(asks(&mut it, 10_000, 1_000, true).is_empty());
        assert_eq!(it.standing(), Standing::Member);
        // As patient as ever: the waits begin anew.
        assert_eq!(asks(&mut it, 11_000, 4_000, false)[0], 14_250);
    }

    #[test]
    fn who_is_a_member_again_does_not_follow_what_came_late() {
        let mut it = Footing::new();
        it.answered(10);
        assert_eq!(it.standing(), Standing::Member);
    }
}
