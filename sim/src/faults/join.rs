//! A new node joins, while there are fewer than five.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

/// A directory has no more voters.
const NODES_MAX: usize = 5;

pub(crate) const FAULT: Fault = Fault { name: "join", run: join };

fn join(cluster: &mut Cluster) -> Result<(), Stuck> {
    if cluster.nodes().end == NODES_MAX {
        return Ok(());
    }
    cluster.add_node();
    cluster.run_between(100, 8_000)
}
