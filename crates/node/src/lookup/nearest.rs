//! Those whose addresses are most like the client's first, by least connections among equals.
//!
//! Nobody here can measure how far a client is: the time to other nodes is known, but the client has
//! not connected to any of them, and who asks by DNS is a name server that may be anywhere. So this
//! takes addresses for what they often are: who shares an address's first bytes with a node is in the
//! same building, then in the same site. It is meant for networks that give out their addresses so.
//! Bits inside a step say nothing (10.1.3.0 is no nearer to 10.1.2.0 than 10.1.200.0 is), so they are
//! not looked at, and clients from elsewhere spread as if this were `least-connections`.

use super::memory::Memory;
use super::{Member, Wanted, least_connections};
use std::net::IpAddr;

/// Prefixes that make two addresses neighbours: a link, a site, a private network.
const STEPS_V4: [u32; 3] = [24, 16, 8];
/// A link, a customer, a provider.
const STEPS_V6: [u32; 3] = [64, 48, 32];

pub(super) fn order(
    found: &mut [usize],
    nodes: &[Member],
    memory: &Memory,
    wanted: Wanted,
    client: IpAddr,
) {
    let distance = |it: &Member| {
        let address = it.open_door(wanted).and_then(|it| it.ip());
        address.map_or(STEPS_V4.len(), |it| steps_apart(it, client.to_canonical()))
    };
    found.sort_by_cached_key(|it| {
        (distance(&nodes[*it]), least_connections::key(&nodes[*it], memory))
    });
}

fn steps_apart(a: IpAddr, b: IpAddr) -> usize {
    let (common, steps) = match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => ((u32::from(a) ^ u32::from(b)).leading_zeros(), STEPS_V4),
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            ((u128::from(a) ^ u128::from(b)).leading_zeros(), STEPS_V6)
        }
        _ => return STEPS_V4.len(),
    };
    steps.iter().position(|it| *it <= common).unwrap_or(steps.len())
}

#[cfg(test)]
mod tests {
    use crate::lookup::scene::{Scene, counts};
    use crate::lookup::{DoorKind, Policy};

    /// Two nodes in each of two sites, one of them on another floor, and one elsewhere.
    fn sites() -> Scene {
        let mut scene = Scene::of(5);
        let addresses = ["10.1.1.1", "10.1.2.1", "10.2.1.1", "10.2.1.2", "192.0.2.1"];
        for (place, address) in addresses.into_iter().enumerate() {
            scene.with_door(place, DoorKind::Irc, &format!("{address}:6667"));
        }
        scene
    }

    #[test]
    fn a_client_gets_its_own_floor_then_its_site_then_its_network() {
        let mut scene = sites();
        scene.report(0, 9_000);
        scene.report(2, 20);
        scene.report(3, 10);
        let found = scene.lookup_from(Policy::Nearest, "10.1.1.77".parse().unwrap());
        assert_eq!(found, [0, 1, 3, 2, 4]);
    }

    #[test]
    fn the_clients_of_a_site_spread_evenly_over_its_nodes() {
        let mut scene = sites();
        let client = "10.2.1.77".parse().unwrap();
        let first: Vec<usize> =
            (0..10_000).map(|_| scene.lookup_from(Policy::Nearest, client)[0]).collect();
        assert_eq!(counts(&first, 5), [0, 0, 5_000, 5_000, 0]);
    }

    #[test]
    fn clients_from_elsewhere_spread_evenly_over_all() {
        let mut scene = sites();
        for client in ["203.0.113.9", "2001:db8::9"] {
            let client = client.parse().unwrap();
            let first: Vec<usize> =
                (0..10_000).map(|_| scene.lookup_from(Policy::Nearest, client)[0]).collect();
            assert_eq!(counts(&first, 5), [2_000; 5]);
        }
    }
}
