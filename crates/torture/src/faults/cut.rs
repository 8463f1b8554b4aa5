//! Packets between nodes are lost. Clients reach all of them.

use crate::cluster::Cluster;
use rand::Rng;
use rand::rngs::SmallRng;

pub(super) fn two_way(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let nodes = super::shuffled(cluster, rng);
    between(cluster, &nodes[..1], &nodes[1..2], true)
}

pub(super) fn one_way(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let nodes = super::shuffled(cluster, rng);
    between(cluster, &nodes[..1], &nodes[1..2], false)
}

pub(super) fn leader(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::leader(cluster, rng);
    between(cluster, &[node], &others(cluster, node), true)
}

/// It says things and hears nothing.
pub(super) fn deafen_leader(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::leader(cluster, rng);
    between(cluster, &others(cluster, node), &[node], false)
}

pub(super) fn split(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let nodes = super::shuffled(cluster, rng);
    let at = rng.random_range(1..nodes.len());
    between(cluster, &nodes[..at], &nodes[at..], true)
}

fn others(cluster: &Cluster, node: usize) -> Vec<usize> {
    (0..cluster.len()).filter(|it| *it != node).collect()
}

fn between(
    cluster: &mut Cluster,
    from: &[usize],
    to: &[usize],
    is_mutual: bool,
) -> anyhow::Result<String> {
    for a in from {
        for b in to {
            cluster.net.cut(*a, *b)?;
            if is_mutual {
                cluster.net.cut(*b, *a)?;
            }
        }
    }
    let arrow = if is_mutual { "<->" } else { "->" };
    Ok(format!("cut {} {arrow} {}", super::names(cluster, from), super::names(cluster, to)))
}
