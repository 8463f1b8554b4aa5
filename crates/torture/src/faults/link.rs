//! Links that lose, delay, or carry little.

use crate::cluster::Cluster;
use rand::Rng;
use rand::rngs::SmallRng;

/// On one node or on all, clients' packets included.
pub(super) fn loss(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let percent = rng.random_range(2..=15);
    let nodes = some(cluster, rng);
    for node in &nodes {
        cluster.net.rule(*node, format!("numgen random mod 100 < {percent} drop"))?;
    }
    Ok(format!("{} lose {percent} % of what they are sent", super::names(cluster, &nodes)))
}

pub(super) fn delay(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let (delay, jitter) = (rng.random_range(5..=150), rng.random_range(1..=30));
    let nodes = some(cluster, rng);
    for node in &nodes {
        cluster.net.link(*node, &format!("netem delay {delay}ms {jitter}ms"))?;
    }
    Ok(format!("{} send {delay} +- {jitter} ms late", super::names(cluster, &nodes)))
}

pub(super) fn slow(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let rate = rng.random_range(128..=1_024);
    let nodes = some(cluster, rng);
    for node in &nodes {
        cluster.net.link(*node, &format!("tbf rate {rate}kbit burst 10kb latency 1s"))?;
    }
    Ok(format!("{} send {rate} kbit/s", super::names(cluster, &nodes)))
}

fn some(cluster: &Cluster, rng: &mut SmallRng) -> Vec<usize> {
    let mut nodes = super::shuffled(cluster, rng);
    if rng.random_bool(0.5) {
        nodes.truncate(1);
    }
    nodes
}
