//! A node gets on only in some of the milliseconds. May last until all is mended.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "slow-node", run: slow_node };

fn slow_node(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = cluster.any_node();
    let slowness = cluster.random.random_range(2..60);
    cluster.slow(node, slowness);
    cluster.run_between(1_000, 8_000)?;
    if cluster.random.random_bool(0.5) {
        cluster.slow(node, 0);
    }
    Ok(())
}
