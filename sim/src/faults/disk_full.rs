//! A disk is full: what fits is written, the rest is refused, until there is room again.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "disk-full", run: disk_full };

fn disk_full(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = cluster.any_node();
    let room = cluster.random.random_range(0..16 << 10);
    cluster.fill_disk(node, room);
    cluster.run_between(1_000, 6_000)?;
    cluster.restart(node); // It may find that nothing can be started there.
    cluster.run_between(10, 1_000)?;
    cluster.mend_disk(node);
    cluster.restart(node);
    Ok(())
}
