//! Who may come in at a door that serves programs: so many in all, so many from one address.

use crate::PerAddress;
use metrics::{Counter, Gauge};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets connections in. All clones count together.
#[derive(Clone)]
pub struct Gate {
    all: Arc<Semaphore>,
    per_address: Arc<PerAddress>,
    open: Gauge,
    refused: Counter,
}

/// A connection's place, given back when it is dropped.
pub struct Admitted {
    address: IpAddr,
    per_address: Arc<PerAddress>,
    open: Gauge,
    _one_of_all: OwnedSemaphorePermit,
}

impl Gate {
    /// Lets in so many in all and so many from one address; `open` shows how many are in, `refused`
    /// counts those who were not let in.
    #[must_use]
    pub fn new(all: usize, per_address: usize, open: Gauge, refused: Counter) -> Gate {
        let all = Arc::new(Semaphore::new(all));
        Gate { all, per_address: Arc::new(PerAddress::new(per_address)), open, refused }
    }

    /// A place for one more; `None`: there is none, and the connection is to be closed.
    #[must_use]
    pub fn enter(&self, address: IpAddr) -> Option<Admitted> {
        let place = self.all.clone().try_acquire_owned().ok();
        let Some(one_of_all) = place.filter(|_| self.per_address.enter(address)) else {
            self.refused.increment(1);
            return None;
        };
        self.open.increment(1);
        let (per_address, open) = (self.per_address.clone(), self.open.clone());
        Some(Admitted { address, per_address, open, _one_of_all: one_of_all })
    }
}

impl Admitted {
    /// Whose place it is.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.per_address.leave(self.address);
        self.open.decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(all: usize, per_address: usize) -> Gate {
        Gate::new(all, per_address, Gauge::noop(), Counter::noop())
    }

    #[test]
    fn no_more_are_let_in_than_there_are_places_and_places_come_back() {
        let [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|it| it.parse().unwrap());
        let gate = gate(3, 2);
        let places = [gate.enter(a), gate.enter(a), gate.clone().enter(b)];
        assert!(places.iter().all(Option::is_some));
        assert!(gate.enter(c).is_none(), "all places are taken");
        drop(places);
        let again = [gate.enter(a), gate.enter(a)];
        assert!(again.iter().all(Option::is_some));
        assert!(gate.enter(a).is_none(), "as many as one address may have");
        assert!(gate.enter(c).is_some(), "who is refused takes no place");
    }
}
