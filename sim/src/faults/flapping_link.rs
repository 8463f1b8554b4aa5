//! A link breaks and heals again and again, in one direction or both.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "flapping-link", run: flapping_link };

fn flapping_link(cluster: &mut Cluster) -> Result<(), Stuck> {
    let (a, b) = cluster.any_two();
    let is_one_way = cluster.random.random_bool(0.5);
    for _ in 0..cluster.random.random_range(4..12) {
        match is_one_way {
            true => cluster.cut_one_way(a, b),
            false => cluster.cut(a, b),
        }
        cluster.run_between(20, 900)?;
        cluster.heal();
        cluster.run_between(20, 900)?;
    }
    Ok(())
}
