//! Places for a few groups that come out even (Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with
//! Bounded Loads", SODA 2018).
//!
//! Promise: a node holds hardly more replicas than its even share, and is first for hardly more groups;
//! who is full is passed over on the ring, so most groups stay where they are when a node comes or goes.
//! With many more groups than nodes it comes close to the plain ring.

use super::Ring;

/// Replicas that a node may hold beyond its even share, rounded up. Of large shares it is about what chance
/// makes of them on the plain ring, their root: so only a sixth of the nodes are full, and a node more moves
/// little beside its own. With none, nearly all are, and each replica that moves pushes others on. Of small shares the
/// root is much, and evenness counts more (measured in decision 0020).
fn slack(share: usize) -> usize {
    1 + share.saturating_sub(SMALL_SHARE).isqrt()
}

/// Up to here a share is small.
const SMALL_SHARE: usize = 14;

impl Ring {
    /// For each key `copies` distinct nodes (fewer if there are fewer), the one that should lead first.
    ///
    /// All keys of a network belong into one call: what a node may hold depends on how many there are,
    /// and an earlier key goes first.
    #[must_use]
    pub fn place<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
        copies: usize,
    ) -> Vec<Vec<&str>> {
        let keys: Vec<&str> = keys.into_iter().collect();
        let copies = copies.min(self.names.len());
        if copies == 0 {
            return vec![Vec::new(); keys.len()];
        }
        let mut load = Load::new(self.names.len(), keys.len(), copies);
        let mut placed = Vec::with_capacity(keys.len());
        for key in keys {
            let nodes = self.choose(key, copies, &mut load);
            placed.push(nodes.into_iter().map(|it| self.name(it)).collect());
        }
        placed
    }

    fn choose(&self, key: &str, copies: usize, load: &mut Load) -> Vec<u32> {
        let mut chosen: Vec<u32> = Vec::with_capacity(copies);
        let mut passed_over: Vec<u32> = Vec::new();
        for node in self.walk(key) {
            if chosen.len() == copies || chosen.len() + passed_over.len() == self.names.len() {
                break;
            }
            if chosen.contains(&node) || passed_over.contains(&node) {
                continue;
            }
            match load.has_room(node) {
                true => chosen.push(node),
                false => passed_over.push(node),
            }
        }
        // Near the end what room is left may be on nodes that hold the group already.
        passed_over.sort_by_key(|it| load.held[*it as usize]);
        let missing = copies - chosen.len();
        chosen.extend(passed_over.into_iter().take(missing));
        load.take(&mut chosen);
        chosen
    }
}

/// What each node holds so far.
struct Load {
    held: Vec<usize>,
    led: Vec<usize>,
    held_max: usize,
    led_max: usize,
}

impl Load {
    fn new(nodes: usize, keys: usize, copies: usize) -> Load {
        let share = (keys * copies).div_ceil(nodes);
        Load {
            held: vec![0; nodes],
            led: vec![0; nodes],
            held_max: share + slack(share),
            led_max: keys.div_ceil(nodes),
        }
    }

    fn has_room(&self, node: u32) -> bool {
        self.held[node as usize] < self.held_max
    }

    /// The nodes hold one group more; the first of them that may lead comes to the front.
    fn take(&mut self, nodes: &mut [u32]) {
        for node in nodes.iter() {
            self.held[*node as usize] += 1;
        }
        let may_lead = |it: &u32| self.led[*it as usize] < self.led_max;
        let first = nodes.iter().position(may_lead);
        let least = || (0..nodes.len()).min_by_key(|at| self.led[nodes[*at] as usize]);
        if let Some(at) = first.or_else(least) {
            nodes[..=at].rotate_right(1);
            self.led[nodes[0] as usize] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ring;
    use super::slack;
    use std::collections::BTreeMap;

    const SIZES: [usize; 5] = [3, 5, 10, 30, 100];
    const COPIES: usize = 3;

    fn ring(nodes: usize) -> Ring {
        let names: Vec<String> = (1..=nodes).map(|n| format!("n{n}.chat.example")).collect();
        Ring::new(names.iter().map(String::as_str))
    }

    fn place(ring: &Ring, groups: usize) -> Vec<Vec<&str>> {
        let keys: Vec<String> = (1..=groups).map(|it| format!("group {it}")).collect();
        ring.place(keys.iter().map(String::as_str), COPIES)
    }

    /// Most and fewest of what each node has, among all nodes.
    fn spread<'a>(ring: &Ring, of: impl Iterator<Item = &'a str>) -> (usize, usize) {
        let mut counts: BTreeMap<&str, usize> = ring.nodes().map(|it| (it, 0)).collect();
        for node in of {
            *counts.get_mut(node).expect("it is on the ring") += 1;
        }
        let most = counts.values().copied().max().unwrap_or_default();
        (most, counts.values().copied().min().unwrap_or_default())
    }

    #[test]
    fn replicas_are_distinct_and_as_many_as_there_are() {
        for nodes in 0..6 {
            let ring = ring(nodes);
            for group in place(&ring, 16) {
                let mut distinct = group.clone();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), nodes.min(COPIES), "{group:?}");
            }
        }
    }

    #[test]
    fn no_node_holds_or_leads_much_more_than_its_even_share() {
        for groups in [16, 64, 1_000] {
            for nodes in SIZES {
                let ring = ring(nodes);
                let placed = place(&ring, groups);
                let (most, _) = spread(&ring, placed.iter().flatten().copied());
                let share = (groups * COPIES).div_ceil(nodes);
                let bound = share + slack(share) + 1;
                assert!(most <= bound, "{most} of {groups} held, {nodes} nodes");
                assert!(bound <= share + share / 5 + 2, "a fifth more at most: {bound} of {share}");
                let (most, _) = spread(&ring, placed.iter().map(|it| it[0]));
                let share = groups.div_ceil(nodes);
                assert!(most <= share + share / 20 + 1, "{most} of {groups} led, {nodes} nodes");
            }
        }
    }

    #[test]
    fn one_node_more_moves_at_most_a_third_beside_its_own_where_groups_are_many() {
        for (groups, nodes) in [(256, 10), (256, 30), (1_000, 10), (1_000, 30), (1_000, 100)] {
            let (moved, own) = one_more(groups, nodes);
            let bound = own + own / 3;
            assert!(moved <= bound, "{moved} of {groups} moved, {own} its own, {nodes} nodes");
        }
    }

    /// Replicas that move when a node comes, and those of them that it then has.
    fn one_more(groups: usize, nodes: usize) -> (usize, usize) {
        let (small, large) = (ring(nodes), ring(nodes + 1));
        let (before, after) = (place(&small, groups), place(&large, groups));
        let came = before.iter().zip(&after);
        let came = came.flat_map(|(before, after)| after.iter().filter(|it| !before.contains(it)));
        let is_new = |it: &&&str| small.nodes().all(|old| old != **it);
        let came: Vec<&&str> = came.collect();
        (came.len(), came.iter().filter(|it| is_new(it)).count())
    }

    #[test]
    fn one_node_more_moves_few_replicas_beside_its_own() {
        for groups in [16, 64, 1_000] {
            for nodes in SIZES {
                let (moved, own) = one_more(groups, nodes);
                let share = (groups * COPIES).div_ceil(nodes + 1);
                assert!(
                    moved <= 2 * share,
                    "{moved} of {groups} moved, {own} its own, {nodes} nodes"
                );
            }
        }
    }

    /// Figures for decision 0020. Run with `--release -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement, not a test"]
    fn how_long_it_takes_and_how_much_moves() {
        for groups in [16, 64, 256, 1_000, 10_000] {
            for nodes in SIZES {
                let begun = std::time::Instant::now();
                let (small, large) = (ring(nodes), ring(nodes + 1));
                let built = begun.elapsed() / 2;
                let begun = std::time::Instant::now();
                let before = place(&small, groups);
                let placed = begun.elapsed();
                drop(large);
                let (moved, own) = one_more(groups, nodes);
                let held = spread(&small, before.iter().flatten().copied());
                let led = spread(&small, before.iter().map(|it| it[0]));
                let ideal = groups * COPIES / (nodes + 1);
                eprintln!(
                    "{groups} groups, {nodes} nodes: ring {built:?}, places {placed:?}, \
                     held {held:?}, led {led:?}, one more moves {moved}, {own} its own (ideal {ideal})"
                );
            }
        }
    }
}
