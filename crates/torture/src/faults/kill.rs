//! kill -9.

use crate::cluster::Cluster;
use rand::rngs::SmallRng;

pub(super) fn one(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    these(cluster, &[node])
}

pub(super) fn leader(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::leader(cluster, rng);
    these(cluster, &[node])
}

pub(super) fn majority(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let nodes = super::shuffled(cluster, rng);
    these(cluster, &nodes[..cluster.len() / 2 + 1])
}

pub(super) fn all(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let nodes = super::shuffled(cluster, rng);
    these(cluster, &nodes)
}

fn these(cluster: &mut Cluster, nodes: &[usize]) -> anyhow::Result<String> {
    for node in nodes {
        cluster.kill9(*node)?;
    }
    Ok(format!("kill -9 of {}", super::names(cluster, nodes)))
}
