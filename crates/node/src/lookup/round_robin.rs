//! Each in turn.

pub(super) fn order(found: &mut [usize], turn: usize) {
    if !found.is_empty() {
        found.rotate_left(turn % found.len());
    }
}

#[cfg(test)]
mod tests {
    use crate::lookup::scene::{ClientNo, Scene, counts};
    use crate::lookup::{DoorKind, Health, Policy, Wanted};

    #[test]
    fn lookups_spread_evenly_whatever_the_load() {
        for nodes in [1, 2, 3, 10, 32] {
            let mut scene = Scene::of(nodes);
            scene.report(0, 5_000);
            let counts = counts(&scene.firsts(Policy::RoundRobin, 10_000), nodes);
            let [least, most] = [counts.iter().min(), counts.iter().max()].map(|it| it.unwrap());
            assert!(most - least <= 1, "{counts:?}");
        }
    }

    /// Resolvers ask for A and for AAAA, one after the other.
    #[test]
    fn who_asks_for_two_things_each_time_gets_every_node_of_both() {
        let mut scene = Scene::of(2);
        scene.with_door(0, DoorKind::Ws, "[2001:db8::1]:80");
        scene.with_door(1, DoorKind::Ws, "[2001:db8::2]:80");
        let mut of_both = [[0; 2]; 2];
        for _ in 0..100 {
            for (what, wanted) in [Wanted::Ipv4, Wanted::Ipv6].into_iter().enumerate() {
                let found = scene.lookup_for(Policy::RoundRobin, wanted, ClientNo(1));
                of_both[what][found[0]] += 1;
            }
        }
        assert_eq!(of_both, [[50; 2]; 2]);
    }

    #[test]
    fn a_node_that_dies_leaves_the_turns_even() {
        let mut scene = Scene::of(4);
        scene.firsts(Policy::RoundRobin, 7);
        scene.member(2).health = Health::Down;
        let counts = counts(&scene.firsts(Policy::RoundRobin, 300), 4);
        assert_eq!(counts, [100, 100, 0, 100]);
    }
}
