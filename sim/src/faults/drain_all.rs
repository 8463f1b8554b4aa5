//! Every node in turn is drained, stopped and started, as an upgrade does it.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "drain-all", run: drain_all };

/// A node that was started serves its clients within this.
const SERVES_MS: u64 = 15_000;

fn drain_all(cluster: &mut Cluster) -> Result<(), Stuck> {
    for node in cluster.nodes() {
        cluster.drain(node)?;
        cluster.run_between(10, 3_000)?;
        cluster.restart(node);
        cluster.run_until(SERVES_MS, "a node that was upgraded serves", |it| {
            Ok(it.is_serving(node))
        })?;
        cluster.run_between(100, 1_500)?;
    }
    Ok(())
}
