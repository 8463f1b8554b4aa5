//! Bits of a log or a history rot while their node is down. It has to find that out, and to come back
//! as a new replica; until it has, no other node's disk may be harmed: with three copies the other two
//! must be sound. Damage may stay unread for long, so in one run it is always the same node.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "flipped-bits", run: flipped_bits };

/// A replica that comes back empty has caught up within this.
const BACK_MS: u64 = 60_000;

fn flipped_bits(cluster: &mut Cluster) -> Result<(), Stuck> {
    if !cluster.comes_true(BACK_MS, Cluster::is_whole)? {
        return Ok(()); // Something else is broken: a copy more might be the one too many.
    }
    let node = cluster.rotten_node();
    cluster.kill(node);
    cluster.run_between(1, 2_000)?;
    cluster.flip_bits(node);
    cluster.restart(node);
    cluster.run_between(500, 5_000)?;
    cluster.restart(node); // It has left if it read what is damaged.
    cluster.comes_true(BACK_MS, Cluster::is_whole)?;
    Ok(())
}
