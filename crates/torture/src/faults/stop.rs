//! SIGTERM: a node leaves in good order.

use crate::cluster::Cluster;
use rand::rngs::SmallRng;

pub(super) fn run(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    cluster.resume(node)?; // What is paused cannot stop.
    cluster.drain(node)?;
    Ok(format!("{} was asked to stop, and has", cluster.name(node)))
}
