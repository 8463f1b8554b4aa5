//! A node does nothing for a while, and then goes on as if it had been no time. Other faults may meet it meanwhile.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;
use rand::seq::IndexedRandom;

pub(crate) const FAULT: Fault = Fault { name: "pause", run: pause };

fn pause(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = cluster.any_node();
    let longest_ms = *[600, 3_000, 10_000].choose(&mut cluster.random).expect("three");
    let for_ms = cluster.random.random_range(100..longest_ms);
    cluster.pause(node, for_ms);
    let is_awaited = cluster.random.random_bool(0.7);
    cluster.run(if is_awaited { for_ms } else { for_ms / 4 })
}
