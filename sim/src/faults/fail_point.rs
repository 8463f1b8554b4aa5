//! A node dies exactly at a fail point that chance chooses, or the command line, and comes back.
//!
//! Some points are only passed by a node that starts, or that comes back as a new replica: if nobody
//! has died, a node loses power and starts again; then one comes back without its disk.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use crate::points::{self, Armed};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "fail-point", run: fail_point };

const BACK_MS: u64 = 60_000;

fn fail_point(cluster: &mut Cluster) -> Result<(), Stuck> {
    cluster.arm_point();
    cluster.comes_true(3_000, |_| Ok(!points::is_armed()))?;
    if let Some(armed) = points::disarm() {
        // Power is lost between a write and its sync: the start after it may find a torn log.
        let power_loss = Some(cluster.random.random());
        points::arm(Armed { point: "log.before-sync", passes: 1, power_loss });
        cluster.comes_true(3_000, |_| Ok(!points::is_armed()))?;
        points::arm(armed);
        cluster.comes_true(6_000, |_| Ok(!points::is_armed()))?;
    }
    if !points::is_armed() {
        return cluster.run_between(500, 5_000); // Who died is back within that.
    }
    cluster.calm();
    if cluster.is_whole_for_a_while(BACK_MS)? {
        let node = cluster.any_node();
        cluster.kill(node);
        cluster.wipe(node);
        cluster.restart(node);
        cluster.comes_true(BACK_MS, |it| Ok(!points::is_armed() || it.is_whole()?))?;
    }
    cluster.run_between(500, 5_000) // Who died is back within that.
}
