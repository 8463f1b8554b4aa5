//! A node comes back with an empty disk.

use crate::cluster::Cluster;
use rand::rngs::SmallRng;

pub(super) fn run(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    cluster.wipe(node)?;
    cluster.restart(node)?;
    Ok(format!("{} lost its disk and starts with an empty one", cluster.name(node)))
}
