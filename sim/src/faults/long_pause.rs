//! A node does nothing for a whole minute, by which time everybody else has given it up.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "long-pause", run: long_pause };

const FOR_MS: u64 = 60_000;

fn long_pause(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = match cluster.leader()? {
        Some(leader) => leader,
        None => cluster.any_node(),
    };
    cluster.pause(node, FOR_MS);
    cluster.run(FOR_MS)?;
    cluster.run_between(500, 3_000)
}
