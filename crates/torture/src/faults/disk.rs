//! Disks that fail, fill up, or take their time.

use crate::cluster::Cluster;
use crate::disk::{EIO, ENOSPC, FAIL_GROWTH, FAIL_SYNCS, FAIL_WRITES};
use rand::Rng;
use rand::rngs::SmallRng;

pub(super) fn write_error(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    cluster.disk(node).fail(FAIL_WRITES | FAIL_SYNCS, EIO)?;
    Ok(format!("writes and syncs of {} fail: EIO", cluster.name(node)))
}

pub(super) fn sync_error(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::leader(cluster, rng);
    cluster.disk(node).fail(FAIL_SYNCS, EIO)?;
    Ok(format!("syncs of {} fail: EIO", cluster.name(node)))
}

/// Every write, or only those that make a file longer.
pub(super) fn full(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    let which = if rng.random_bool(0.5) { FAIL_WRITES } else { FAIL_GROWTH };
    cluster.disk(node).fail(which, ENOSPC)?;
    let what = if which == FAIL_WRITES { "writes" } else { "writes that need more room" };
    Ok(format!("{what} of {} fail: ENOSPC", cluster.name(node)))
}

pub(super) fn slow(cluster: &mut Cluster, rng: &mut SmallRng) -> anyhow::Result<String> {
    let node = super::any(cluster, rng);
    let sync_ms = rng.random_range(20..=800);
    cluster.disk(node).slow(sync_ms)?;
    Ok(format!("a sync of {} takes {sync_ms} ms longer", cluster.name(node)))
}
