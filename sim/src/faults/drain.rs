//! A node is drained and stopped, and comes back after a while.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "drain", run: drain };

fn drain(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = cluster.any_node();
    cluster.drain(node)?;
    cluster.run_between(10, 3_000)?;
    cluster.restart(node);
    cluster.run_between(10, 3_000)
}
