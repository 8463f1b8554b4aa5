//! All machines lose power while much that was written waits for its sync.

use super::{Fault, power_loss};
use crate::cluster::{Cluster, Stuck};
use rand::Rng;
use std::time::Duration;

pub(crate) const FAULT: Fault = Fault { name: "power-loss-amid-syncs", run: power_loss_amid_syncs };

fn power_loss_amid_syncs(cluster: &mut Cluster) -> Result<(), Stuck> {
    for node in cluster.nodes() {
        let delay_ms = cluster.random.random_range(2..120);
        cluster.slow_disk(node, Duration::from_millis(delay_ms));
    }
    cluster.run_between(300, 3_000)?;
    let lost = (power_loss::FAULT.run)(cluster);
    cluster.nodes().for_each(|it| cluster.mend_disk(it));
    lost
}
