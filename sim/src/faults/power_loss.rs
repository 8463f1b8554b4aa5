//! All machines lose power in the same millisecond, and get it back one after the other.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "power-loss", run: power_loss };

fn power_loss(cluster: &mut Cluster) -> Result<(), Stuck> {
    for node in cluster.nodes() {
        cluster.lose_power(node);
    }
    for node in cluster.nodes() {
        cluster.run_between(1, 1_500)?;
        cluster.restart(node);
    }
    Ok(())
}
