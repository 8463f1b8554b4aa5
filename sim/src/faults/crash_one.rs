//! A node dies, by kill -9 or by its machine's power, and comes back after a while.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "crash-one", run: crash_one };

fn crash_one(cluster: &mut Cluster) -> Result<(), Stuck> {
    let nodes = cluster.nodes();
    let node = cluster.random.random_range(nodes);
    if cluster.random.random_bool(0.5) {
        cluster.kill(node);
    } else {
        cluster.lose_power(node);
    }
    cluster.run_between(10, 6_000)?;
    cluster.restart(node);
    cluster.run_between(10, 3_000)
}
