//! A node dies, and comes back with an empty disk. It is awaited until it is whole again: a second such loss may take what was on two disks of three.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

const WHOLE_MS: u64 = 60_000;

pub(crate) const FAULT: Fault = Fault { name: "wipe", run: wipe };

fn wipe(cluster: &mut Cluster) -> Result<(), Stuck> {
    cluster.heal();
    cluster.calm(); // Links may break all the time in bad weather, and then nothing is ever whole.
    if !cluster.is_whole_for_a_while(WHOLE_MS)? {
        return Ok(()); // It would be one loss too many.
    }
    let node = cluster.any_node();
    match cluster.random.random_bool(0.5) {
        true => cluster.kill(node),
        false => cluster.lose_power(node),
    }
    cluster.wipe(node);
    cluster.run_between(4_000, 8_000)?; // Until the others know that it is down.
    cluster.restart(node);
    cluster.run_until(WHOLE_MS, "a wiped node is whole again", |it| it.is_whole())
}
