//! Connections of a node, to peers and to clients, are reset, and new ones as well.

use crate::cluster::Cluster;
use rand::rngs::SmallRng;

pub(super) fn run(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    cluster.net.rule(node, "meta l4proto tcp reject with tcp reset")?;
    Ok(format!("connections of {} are reset", cluster.name(node)))
}
