//! Power is lost: what was never synced goes, all of it or by sectors.

use crate::cluster::Cluster;
use crate::disk::rollback::Keep;
use rand::Rng;
use rand::rngs::SmallRng;
use std::thread;
use std::time::Duration;

pub(super) fn one(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    these(cluster, &[node], rng)
}

pub(super) fn leader(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::leader(cluster, rng);
    these(cluster, &[node], rng)
}

pub(super) fn all(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let nodes = super::shuffled(cluster, rng);
    these(cluster, &nodes, rng)
}

fn these(cluster: &mut Cluster, nodes: &[usize], rng: &mut SmallRng) -> anyhow::Result<String> {
    let seed: u64 = rng.random();
    let (keep, what) = match rng.random_bool(0.5) {
        true => (Keep::Some(seed), "some of"),
        false => (Keep::Nothing, "all"),
    };
    // Slow syncs, so that something is not synced yet when the power goes.
    let sync_ms = rng.random_range(0..=60);
    for node in nodes {
        cluster.disk(*node).slow(sync_ms)?;
    }
    thread::sleep(Duration::from_millis(u64::from(sync_ms) * 4));
    for node in nodes {
        cluster.kill9(*node)?; // All first: it is one power line.
    }
    let mut told = Vec::new();
    for node in nodes {
        let lost = cluster.lose_power(*node, keep)?;
        let name = cluster.name(*node);
        told.push(format!("{name} ({} writes, {} names)", lost.writes, lost.names));
    }
    Ok(format!("power loss, {what} that was not synced is gone: {}", told.join(", ")))
}
