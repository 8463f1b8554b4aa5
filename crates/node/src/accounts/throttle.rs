//! Slows guessing: who failed often waits, each time twice as long.
//!
//! Promise: memory is bounded, whoever attacks; a key that has failed less than its free tries waits for
//! nothing; nobody is kept out for longer than the longest wait, so that an attacker cannot lock an owner out
//! for good. What other nodes heard counts here, too.

use std::collections::BTreeMap;

/// What failures are counted by: a hash, so that what nodes tell each other names nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Key {
    hash: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Kind {
    /// Tries at one account, from anywhere.
    Account,
    /// Tries from one address, at any account.
    Address,
    /// New accounts from one address.
    Newcomers,
}

/// Keys remembered at once. When there are more, those that failed least recently are forgotten.
const KEYS_MAX: usize = 20_000;
/// Failures told to other nodes at once: what an attacker can make a node send each second.
pub(crate) const REPORT_MAX: usize = 256;
/// A key that has not failed for so long begins anew.
const FORGET_MS: u64 = 3_600_000;

impl Kind {
    /// Failures without consequence; the first wait; the longest. A whole office has one address, and all of
    /// the world can fail at one account.
    fn policy(self) -> (u32, u64, u64) {
        match self {
            Kind::Account => (10, 1_000, 60_000),
            Kind::Address => (20, 1_000, 300_000),
            Kind::Newcomers => (10, 10_000, 3_600_000),
        }
    }

    fn number(self) -> u8 {
        self as u8
    }
}

impl Key {
    pub(crate) fn account(folded: &str, secret: u64) -> Key {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(folded.as_bytes(), secret);
        Key { hash, kind: Kind::Account }
    }

    pub(crate) fn address(address: std::net::IpAddr, secret: u64) -> Key {
        Key { hash: of_network(address, secret), kind: Kind::Address }
    }

    pub(crate) fn newcomers(address: std::net::IpAddr, secret: u64) -> Key {
        Key { hash: of_network(address, secret), kind: Kind::Newcomers }
    }

    /// As nodes tell it.
    pub(crate) fn wire(self) -> (u8, u64) {
        (self.kind.number(), self.hash)
    }

    pub(crate) fn from_wire((kind, hash): (u8, u64)) -> Option<Key> {
        let kinds = [Kind::Account, Kind::Address, Kind::Newcomers];
        let kind = kinds.into_iter().find(|it| it.number() == kind)?;
        Some(Key { hash, kind })
    }
}

/// One host has a whole /64 of IPv6.
fn of_network(address: std::net::IpAddr, secret: u64) -> u64 {
    let network = match address {
        std::net::IpAddr::V4(it) => u64::from(u32::from(it)),
        std::net::IpAddr::V6(it) => (u128::from(it) >> 64) as u64,
    };
    xxhash_rust::xxh3::xxh3_64_with_seed(&network.to_le_bytes(), secret)
}

/// Who failed how often.
#[derive(Debug)]
pub(crate) struct Throttle {
    /// How often, and when last.
    failures: BTreeMap<Key, (u32, u64)>,
    /// What the others have yet to hear.
    untold: BTreeMap<Key, u32>,
    keys_max: usize,
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle { failures: BTreeMap::new(), untold: BTreeMap::new(), keys_max: KEYS_MAX }
    }
}

impl Throttle {
    /// How long this key has to wait yet, in milliseconds.
    pub(crate) fn wait_ms(&self, key: Key, now_ms: u64) -> u64 {
        let Some((count, last_ms)) = self.failures.get(&key).copied() else {
            return 0;
        };
        let (free, first_ms, longest_ms) = key.kind.policy();
        let Some(above) = count.checked_sub(free) else {
            return 0;
        };
        let wait_ms = first_ms.checked_shl(above).filter(|it| above < 32 && *it < longest_ms);
        let until_ms = last_ms.saturating_add(wait_ms.unwrap_or(longest_ms));
        until_ms.saturating_sub(now_ms)
    }

    /// It failed here.
    pub(crate) fn failed(&mut self, key: Key, now_ms: u64) {
        self.count(key, 1, now_ms);
        if self.untold.len() < REPORT_MAX || self.untold.contains_key(&key) {
            let untold = self.untold.entry(key).or_default();
            *untold = untold.saturating_add(1);
        }
    }

    /// It failed so often elsewhere.
    pub(crate) fn heard(&mut self, key: Key, times: u32, now_ms: u64) {
        self.count(key, times, now_ms);
    }

    /// Whoever knows the password is no guesser. (An address stays one: a guesser can have an account.)
    pub(crate) fn succeeded(&mut self, key: Key) {
        self.failures.remove(&key);
    }

    /// What the others have yet to hear, at most [`REPORT_MAX`] keys.
    pub(crate) fn report(&mut self) -> Vec<(Key, u32)> {
        std::mem::take(&mut self.untold).into_iter().collect()
    }

    fn count(&mut self, key: Key, times: u32, now_ms: u64) {
        if !self.failures.contains_key(&key) && self.failures.len() >= self.keys_max {
            self.forget(now_ms);
        }
        let (count, last_ms) = self.failures.entry(key).or_insert((0, now_ms));
        if last_ms.saturating_add(FORGET_MS) <= now_ms {
            *count = 0;
        }
        *count = count.saturating_add(times);
        *last_ms = now_ms;
    }

    /// Makes room: what is old goes, and if that is too little, the older half, so that this is seldom done.
    fn forget(&mut self, now_ms: u64) {
        self.failures.retain(|_, (_, last_ms)| last_ms.saturating_add(FORGET_MS) > now_ms);
        if self.failures.len() < self.keys_max {
            return;
        }
        let mut times: Vec<u64> = self.failures.values().map(|it| it.1).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.failures.retain(|_, (_, last_ms)| *last_ms > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn alice() -> Key {
        Key::account("alice", 1)
    }

    fn failed(times: u32, now_ms: u64) -> Throttle {
        let mut it = Throttle::default();
        (0..times).for_each(|_| it.failed(alice(), now_ms));
        it
    }

    #[test]
    fn each_failure_above_the_free_ones_doubles_the_wait_up_to_the_longest() {
        let wait = |times| failed(times, 500).wait_ms(alice(), 500);
        assert_eq!([0, 9, 10, 11, 12, 15].map(wait), [0, 0, 1_000, 2_000, 4_000, 32_000]);
        assert_eq!([16, 17, 200, 5_000].map(wait), [60_000; 4]);
        assert_eq!(failed(11, 500).wait_ms(alice(), 2_000), 500);
        assert_eq!(failed(11, 500).wait_ms(alice(), 9_000), 0);
        assert_eq!(failed(11, 500).wait_ms(Key::account("bob", 1), 500), 0);
    }

    #[test]
    fn success_and_time_forgive() {
        let mut it = failed(12, 0);
        it.succeeded(alice());
        assert_eq!(it.wait_ms(alice(), 0), 0);
        let mut it = failed(12, 0);
        it.failed(alice(), FORGET_MS);
        assert_eq!(it.wait_ms(alice(), FORGET_MS), 0);
    }

    #[test]
    fn what_others_heard_counts_and_is_told_once() {
        let mut here = failed(6, 0);
        let mut there = Throttle::default();
        for (key, times) in here.report() {
            there.heard(Key::from_wire(key.wire()).expect("our own"), times, 0);
        }
        assert!(here.report().is_empty() && there.report().is_empty());
        (0..4).for_each(|_| there.failed(alice(), 0));
        assert_eq!(there.wait_ms(alice(), 0), 1_000);
        assert_eq!(Key::from_wire((9, 1)), None);
    }

    #[test]
    fn an_attacker_from_everywhere_fills_neither_memory_nor_links() {
        let mut it = Throttle { keys_max: 10, ..Throttle::default() };
        for host in 0..1_000u32 {
            it.failed(Key::address(IpAddr::V4(host.into()), 1), u64::from(host));
            assert!(it.failures.len() <= 10);
        }
        assert_eq!(it.report().len(), REPORT_MAX);
        let newest = Key::address(IpAddr::V4(999.into()), 1);
        assert!(it.failures.contains_key(&newest), "those who failed last are remembered");
    }

    #[test]
    fn a_host_is_its_network_in_ipv6_and_itself_in_ipv4() {
        let key = |it: &str| Key::address(it.parse().expect("an address"), 1);
        assert_eq!(key("2001:db8::1"), key("2001:db8::2:3"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_ne!(key("192.0.2.1"), Key::newcomers("192.0.2.1".parse().expect("an address"), 1));
    }
}
