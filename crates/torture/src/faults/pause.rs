//! SIGSTOP: a process stands still and does not know it.

use crate::cluster::Cluster;
use rand::rngs::SmallRng;

pub(super) fn one(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    cluster.pause(node)?;
    Ok(format!("{} is paused", cluster.name(node)))
}

pub(super) fn leader(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::leader(cluster, rng);
    cluster.pause(node)?;
    Ok(format!("{} is paused", cluster.name(node)))
}

pub(super) fn all(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let nodes = super::shuffled(cluster, rng);
    for node in &nodes {
        cluster.pause(*node)?;
    }
    Ok(format!("{} are paused", super::names(cluster, &nodes)))
}
