//! How often one network may ask by UDP: response rate limiting, as name servers do it.
//!
//! Promise: a prefix gets at most so many answers a second, with one second's worth at once, in memory
//! that is set aside at the start. Prefixes that fall into one bucket share it; which ones do is drawn
//! at every start, so nobody can choose whom to crowd out.
//!
//! Of what is over the limit every second query is told to come by TCP: who is really there does.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// With a thousand networks asking at once, one in sixteen shares its bucket.
const BUCKETS: usize = 16_384;
const SECOND_US: u64 = 1_000_000;

/// What becomes of a query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is answered.
    Answer,
    /// It is told to come by TCP.
    Slip,
    /// It gets no answer.
    Drop,
}

/// Counts what each prefix gets. The generic cell rate algorithm: a bucket holds the time at which all
/// that it gave away would be used up at the allowed rate.
pub(crate) struct Rate {
    /// Time that one answer uses up; 0: there is no limit.
    cost_us: u64,
    keys: RandomState,
    buckets: Vec<Bucket>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    used_until_us: u64,
    is_next_slipped: bool,
}

impl Rate {
    /// So many answers a second to each prefix, up to a million; 0: no limit.
    pub(crate) fn new(per_s: u32) -> Rate {
        let cost_us = if per_s == 0 { 0 } else { (SECOND_US / u64::from(per_s)).max(1) };
        let buckets = vec![Bucket::default(); if per_s == 0 { 0 } else { BUCKETS }];
        Rate { cost_us, keys: RandomState::new(), buckets }
    }

    /// Somebody asks. `now_us` is of any clock that does not run backwards.
    pub(crate) fn ask(&mut self, from: IpAddr, now_us: u64) -> Verdict {
        if self.cost_us == 0 {
            return Verdict::Answer;
        }
        let place = self.keys.hash_one(prefix(from)) as usize % BUCKETS;
        let bucket = &mut self.buckets[place];
        let used_until_us = bucket.used_until_us.max(now_us) + self.cost_us;
        if used_until_us <= now_us + SECOND_US {
            bucket.used_until_us = used_until_us;
            return Verdict::Answer;
        }
        bucket.is_next_slipped = !bucket.is_next_slipped;
        if bucket.is_next_slipped { Verdict::Slip } else { Verdict::Drop }
    }
}

/// Whoever is hit by forged queries is rarely hit at one address only.
fn prefix(from: IpAddr) -> u64 {
    match from.to_canonical() {
        IpAddr::V4(ip) => u64::from(u32::from(ip) >> 8),
        IpAddr::V6(ip) => (u128::from(ip) >> 72) as u64 | 1 << 63, // 56 bits, apart from IPv4.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// How many of so many queries, one each `step_us`, are answered, slipped and dropped.
    fn count(rate: &mut Rate, from: &str, begin_us: u64, queries: u64, step_us: u64) -> [u64; 3] {
        let mut counts = [0; 3];
        for number in 0..queries {
            counts[rate.ask(ip(from), begin_us + number * step_us) as usize] += 1;
        }
        counts
    }

    #[test]
    fn a_flood_gets_the_allowed_rate_and_a_way_out() {
        let mut rate = Rate::new(100);
        // Ten seconds of 10,000 a second: the first second's worth at once, then the rate.
        let [answered, slipped, dropped] = count(&mut rate, "192.0.2.1", 5, 100_000, 100);
        assert!((1_090..=1_101).contains(&answered), "{answered}");
        assert!(slipped.abs_diff(dropped) <= 1, "{slipped} {dropped}");
    }

    #[test]
    fn who_asks_less_than_the_rate_is_always_answered() {
        let mut rate = Rate::new(100);
        assert_eq!(count(&mut rate, "192.0.2.1", 0, 1_000, 10_001), [1_000, 0, 0]);
    }

    #[test]
    fn a_network_counts_as_one_and_its_neighbour_for_itself() {
        let mut rate = Rate::new(10);
        assert_eq!(count(&mut rate, "192.0.2.1", 0, 10, 0), [10, 0, 0]);
        assert_ne!(rate.ask(ip("192.0.2.254"), 0), Verdict::Answer);
        assert_eq!(rate.ask(ip("2001:db8::1"), 0), Verdict::Answer);
        assert_eq!(count(&mut rate, "2001:db8::2", 0, 9, 0), [9, 0, 0]);
        assert_ne!(rate.ask(ip("2001:db8:0:ff::1"), 0), Verdict::Answer);
        let others = (1..=16).map(|it| ip(&format!("2001:db8:{it}::1")));
        let answered = others.filter(|it| rate.ask(*it, 0) == Verdict::Answer).count();
        assert!(answered > 8, "{answered} of 16 other networks");
    }

    #[test]
    fn without_a_limit_everybody_is_answered() {
        assert_eq!(count(&mut Rate::new(0), "192.0.2.1", 0, 10_000, 0), [10_000, 0, 0]);
        assert_eq!(count(&mut Rate::new(1_000_000), "192.0.2.1", 0, 1_000, 0), [1_000, 0, 0]);
    }
}
