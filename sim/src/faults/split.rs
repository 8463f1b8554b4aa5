//! The cluster falls apart into two, each whole in itself.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "split", run: split };

fn split(cluster: &mut Cluster) -> Result<(), Stuck> {
    let one_side = cluster.random.random_range(1..cluster.nodes().end);
    let first = cluster.any_node();
    let is_there = |it: usize, nodes: usize| (it + nodes - first) % nodes < one_side;
    let nodes = cluster.nodes();
    for a in nodes.clone() {
        for b in a + 1..nodes.end {
            if is_there(a, nodes.end) != is_there(b, nodes.end) {
                cluster.cut(a, b);
            }
        }
    }
    cluster.run_between(500, 10_000)?;
    cluster.heal();
    Ok(())
}
