//! A disk says that it could not write, or sync: once, or from then on for ever. The node has to leave.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "disk-error", run: disk_error };

fn disk_error(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = cluster.any_node();
    let after = cluster.random.random_range(0..200);
    let for_ever = cluster.random.random_bool(0.5);
    cluster.fail_disk(node, after, for_ever);
    cluster.run_between(500, 5_000)?;
    cluster.mend_disk(node);
    cluster.restart(node);
    Ok(())
}
