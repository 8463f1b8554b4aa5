//! The same address gets the same node, on whichever node it asks.
//!
//! By highest random weight (Thaler and Ravishankar, "Using name-based mappings to increase hit rates",
//! 1998): every node is drawn a number for this client, and the highest wins. A node that dies loses
//! its own clients to all others evenly, and nobody else moves; one that comes takes its share of each.
//! Names are drawn for, not identities: a node that lost its disk gets its clients back.

use super::Member;
use std::net::IpAddr;
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(super) fn order(found: &mut [usize], nodes: &[Member], client: IpAddr) {
    let seed = xxh3_64_with_seed(&household(client), 0);
    let draw = |it: &usize| xxh3_64_with_seed(nodes[*it].name.as_bytes(), seed);
    found.sort_by_cached_key(|it| std::cmp::Reverse(draw(it)));
}

/// Whoever has one IPv6 address has a whole /64 of them, and another one tomorrow.
fn household(client: IpAddr) -> [u8; 8] {
    match client.to_canonical() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)).to_be_bytes(),
        IpAddr::V6(ip) => ((u128::from(ip) >> 64) as u64).to_be_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use crate::lookup::scene::{Scene, counts};
    use crate::lookup::{Health, Policy};

    const CLIENTS: usize = 10_000;

    #[test]
    fn clients_spread_over_the_nodes_within_a_sixth() {
        for nodes in [2, 3, 10, 16] {
            let counts = counts(&Scene::of(nodes).firsts(Policy::IpHash, CLIENTS), nodes);
            let ideal = CLIENTS / nodes;
            // Four standard deviations of a share of 1 in 16.
            let is_near = |it: &usize| it.abs_diff(ideal) * 6 <= ideal;
            assert!(counts.iter().all(is_near), "{counts:?}, {ideal} expected");
        }
    }

    #[test]
    fn a_client_gets_the_same_node_every_time_and_from_everybody() {
        let mut scene = Scene::of(10);
        let first = scene.firsts(Policy::IpHash, 1_000);
        scene.report(3, 1_000_000);
        assert_eq!(scene.firsts(Policy::IpHash, 1_000), first);
        assert_eq!(Scene::seeded(10, 77).firsts(Policy::IpHash, 1_000), first);
    }

    #[test]
    fn a_node_that_dies_moves_only_its_own_clients_to_all_others() {
        let mut scene = Scene::of(10);
        let before = scene.firsts(Policy::IpHash, CLIENTS);
        scene.member(4).health = Health::Down;
        let after = scene.firsts(Policy::IpHash, CLIENTS);
        let moved: Vec<usize> = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after)
            .map(|(before, after)| {
                assert_eq!(*before, 4);
                *after
            })
            .collect();
        let counts = counts(&moved, 10);
        let others = counts.iter().enumerate().filter(|it| it.0 != 4);
        assert!(others.into_iter().all(|(_, it)| (60..170).contains(it)), "{counts:?}");
    }

    #[test]
    fn addresses_of_one_household_are_one_client() {
        let mut scene = Scene::of(10);
        let mut of = |it: &str| scene.lookup_from(Policy::IpHash, it.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::abcd:1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
