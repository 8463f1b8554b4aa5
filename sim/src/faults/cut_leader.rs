//! The leader of the room's group (or somebody, while there is none) hears nothing of the others, nor
//! they of it.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "cut-leader", run: cut_leader };

fn cut_leader(cluster: &mut Cluster) -> Result<(), Stuck> {
    let leader = match cluster.leader()? {
        Some(leader) => leader,
        None => cluster.any_node(),
    };
    cluster.isolate(leader);
    cluster.run_between(1_000, 8_000)?;
    cluster.heal();
    Ok(())
}
