//! A disk takes its time for every sync.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;
use std::time::Duration;

pub(crate) const FAULT: Fault = Fault { name: "slow-disk", run: slow_disk };

fn slow_disk(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = cluster.any_node();
    let delay_ms = cluster.random.random_range(5..800);
    cluster.slow_disk(node, Duration::from_millis(delay_ms));
    cluster.run_between(1_000, 8_000)?;
    cluster.mend_disk(node);
    Ok(())
}
