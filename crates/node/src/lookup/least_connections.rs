//! Fewest clients first.
//!
//! Promise: whoever was handed out since a node's last report counts as its client. So a thousand
//! lookups between two reports spread as if each had been reported; without that all would be sent to
//! the node that was emptiest a second ago.
//!
//! Two things it cannot know. Other nodes hand out too: each spreads what it hands out evenly, so
//! together they are too high by at most what came to all of them within a second. And a name server
//! in between may give one answer to many clients; the next report shows them.

use super::Member;
use super::memory::Memory;

pub(super) fn order(found: &mut [usize], nodes: &[Member], memory: &Memory) {
    found.sort_by_cached_key(|it| key(&nodes[*it], memory));
}

/// Nodes with equally few come in another order on each node that answers.
pub(super) fn key(member: &Member, memory: &Memory) -> (u32, u64) {
    (memory.expected(member), member.id.0.wrapping_mul(memory.seed | 1))
}

#[cfg(test)]
mod tests {
    use crate::lookup::Policy;
    use crate::lookup::scene::{ClientNo, Scene, counts};

    const LOOKUPS: usize = 10_000;

    #[test]
    fn lookups_without_any_report_between_them_spread_evenly() {
        for nodes in [1, 2, 3, 10, 32] {
            let mut scene = Scene::of(nodes);
            let first = scene.firsts(Policy::LeastConnections, LOOKUPS);
            let counts = counts(&first, nodes);
            let [least, most] = [counts.iter().min(), counts.iter().max()].map(|it| it.unwrap());
            assert!(most - least <= 1, "{counts:?}");
        }
    }

    #[test]
    fn an_empty_node_is_filled_up_to_the_others_and_not_beyond() {
        let mut scene = Scene::of(3);
        scene.report(0, 1_000);
        scene.report(1, 1_000);
        let counts = counts(&scene.firsts(Policy::LeastConnections, LOOKUPS), 3);
        // 12,000 clients in all, 4,000 each.
        assert_eq!(counts, [3_000, 3_000, 4_000]);
    }

    #[test]
    fn a_report_takes_the_place_of_what_was_handed_out_before_it() {
        let mut scene = Scene::of(2);
        scene.firsts(Policy::LeastConnections, 100);
        scene.report(0, 50);
        scene.report(1, 10); // Forty of those who were sent there never came.
        let counts = counts(&scene.firsts(Policy::LeastConnections, 100), 2);
        assert_eq!(counts, [30, 70]);
    }

    #[test]
    fn the_least_loaded_come_first_all_down_the_list() {
        let mut scene = Scene::of(4);
        for (place, connections) in [30, 10, 40, 20].into_iter().enumerate() {
            scene.report(place, connections);
        }
        assert_eq!(scene.lookup(Policy::LeastConnections, ClientNo(1)), [1, 3, 0, 2]);
    }
}
