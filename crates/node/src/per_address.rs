//! How many connections of a door each address has, over all of the door's threads.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Counts the connections of each address and allows so many. Its size is that of who is connected.
#[derive(Debug)]
pub struct PerAddress {
    max: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

impl PerAddress {
    /// Allows so many connections to each IPv4 address, and to each /64 of IPv6.
    #[must_use]
    pub fn new(max: usize) -> PerAddress {
        PerAddress { max, counts: Mutex::default() }
    }

    /// Counts one more, unless there are too many. Pair with [`PerAddress::leave`].
    pub fn enter(&self, address: IpAddr) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(household(address)).or_default();
        let is_allowed = *count < self.max;
        *count += usize::from(is_allowed);
        is_allowed
    }

    /// One of them is gone.
    pub fn leave(&self, address: IpAddr) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = household(address);
        if let Some(count) = counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&key);
            }
        }
    }
}

/// Whoever has one IPv6 address has a whole /64 of them. Who comes by IPv4 to a listener of IPv6 is one
/// address all the same.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => IpAddr::V4(it),
        IpAddr::V6(it) => IpAddr::from((u128::from(it) >> 64 << 64).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_and_places_come_back() {
        let it = PerAddress::new(2);
        let [a, b] = ["10.0.0.1", "10.0.0.2"].map(|it| it.parse().unwrap());
        assert!(it.enter(a) && it.enter(a) && !it.enter(a) && it.enter(b));
        it.leave(a);
        assert!(it.enter(a));
    }

    #[test]
    fn a_household_counts_as_one() {
        let it = PerAddress::new(1);
        let [a, b] = ["2001:db8::1", "2001:db8::2"].map(|it| it.parse().unwrap());
        assert!(it.enter(a) && !it.enter(b));
    }

    #[test]
    fn ipv4_seen_through_ipv6_is_no_household() {
        let it = PerAddress::new(1);
        let [a, b] = ["::ffff:10.0.0.1", "::ffff:10.0.0.2"].map(|it| it.parse().unwrap());
        assert!(it.enter(a) && it.enter(b) && !it.enter("10.0.0.1".parse().unwrap()));
        it.leave(a);
        assert!(it.enter(a));
    }
}
