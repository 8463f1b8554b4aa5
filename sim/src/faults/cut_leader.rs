//! The leader of the room's group (or somebody, while there is none) hears nothing of the others, nor
//! they of it.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "cut-leader", run: cut_leader };

fn cut_leader(cluster: &mut Cluster) -> Result<(), Stuck> {
    let nodes = cluster.nodes();
    let leader = match cluster.leader()? {
        Some(leader) => leader,
        None => cluster.random.random_range(nodes.clone()),
    };
    for other in nodes.filter(|it| *it != leader) {
        cluster.cut(leader, other);
    }
    cluster.run_between(1_000, 8_000)?;
    cluster.heal();
    Ok(())
}
