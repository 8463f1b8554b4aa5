//! The ring of nodes: where groups live.

use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

/// Points of each node. A share differs from the ideal one by about `1 / sqrt(POINTS)`, and among a
/// hundred nodes the worst by nearly three times that: with so many by less than a tenth (measured in
/// decision 0020).
const POINTS: u32 = 2_048;

/// Nodes on a ring, known by name: a node that comes back under its name gets its old places.
///
/// To build one costs milliseconds with a hundred nodes: keep it while its nodes stay the same.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    pub(super) names: Vec<String>,
    /// A place, and whose: an index into `names`.
    points: Vec<(u64, u32)>,
}

impl Ring {
    /// A ring of these nodes.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Ring {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut points = Vec::with_capacity(names.len() * POINTS as usize);
        let mut key = String::new();
        for (node, name) in (0..).zip(&names) {
            for point in 0..POINTS {
                use std::fmt::Write;
                key.clear();
                write!(key, "{name}/{point}").expect("a string takes everything");
                points.push((xxh3_64(key.as_bytes()), node));
            }
        }
        points.sort_unstable();
        Ring { names, points }
    }

    /// Its nodes, in the order of their names.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The first `copies` distinct nodes at and after the key's place; fewer if there are fewer.
    #[must_use]
    pub fn nodes_for(&self, key: &str, copies: usize) -> Vec<&str> {
        let mut found: Vec<u32> = Vec::with_capacity(copies.min(self.names.len()));
        for node in self.walk(key) {
            if found.len() == copies || found.len() == self.names.len() {
                break;
            }
            if !found.contains(&node) {
                found.push(node);
            }
        }
        found.into_iter().map(|it| self.name(it)).collect()
    }

    /// The owners of all points, from the key's place once around.
    pub(super) fn walk(&self, key: &str) -> impl Iterator<Item = u32> {
        let place = xxh3_64(key.as_bytes());
        let start = self.points.partition_point(|it| it.0 < place);
        let (before, after) = self.points.split_at(start);
        after.iter().chain(before).map(|it| it.1)
    }

    pub(super) fn name(&self, node: u32) -> &str {
        &self.names[node as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 5] = [3, 5, 10, 30, 100];
    const KEYS: usize = 200_000;

    fn ring(nodes: usize) -> Ring {
        let names: Vec<String> = (1..=nodes).map(|n| format!("n{n}.chat.example")).collect();
        Ring::new(names.iter().map(String::as_str))
    }

    /// Which node has each key first.
    fn owners(ring: &Ring) -> Vec<&str> {
        (0..KEYS).map(|key| ring.nodes_for(&format!("key {key}"), 1)[0]).collect()
    }

    #[test]
    fn replicas_are_distinct_and_as_many_as_there_are() {
        let ring = Ring::new(["n1", "n2", "n3", "n1"]);
        for group in 0..100 {
            let mut nodes = ring.nodes_for(&format!("group {group}"), 5);
            nodes.sort_unstable();
            assert_eq!(nodes, ["n1", "n2", "n3"]);
        }
        assert!(Ring::new([]).nodes_for("x", 3).is_empty());
    }

    #[test]
    fn each_nodes_share_of_the_ring_is_within_a_tenth_of_the_ideal() {
        for nodes in SIZES {
            let ring = ring(nodes);
            let mut shares = vec![0u128; nodes];
            let mut before = ring.points.last().expect("it has nodes").0;
            for (point, node) in &ring.points {
                shares[*node as usize] += u128::from(point.wrapping_sub(before));
                before = *point;
            }
            let ideal = (1u128 << 64) as f64 / nodes as f64;
            for (node, share) in shares.iter().enumerate() {
                let off = *share as f64 / ideal - 1.0;
                assert!(off.abs() <= 0.1, "node {node} of {nodes} is {:.1} % off", off * 100.0);
            }
        }
    }

    #[test]
    fn one_node_more_or_less_moves_its_share_of_the_keys_and_no_other() {
        for nodes in SIZES {
            let (small, large) = (ring(nodes), ring(nodes + 1));
            let newest = format!("n{}.chat.example", nodes + 1);
            let (before, after) = (owners(&small), owners(&large));
            let mut moved = 0;
            for (from, to) in before.iter().zip(&after) {
                if from != to {
                    assert_eq!(*to, newest, "a key moved between nodes that stayed");
                    moved += 1;
                }
            }
            let ideal = KEYS as f64 / (nodes + 1) as f64;
            let off = f64::from(moved) / ideal - 1.0;
            assert!(off.abs() <= 0.15, "{moved} of {KEYS} moved, {ideal} expected at {nodes}");
        }
    }
}
