//! A node hears nothing of another, or of all others, while they hear it; or the other way round. May last until all is mended.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "one-way-cut", run: one_way_cut };

fn one_way_cut(cluster: &mut Cluster) -> Result<(), Stuck> {
    let (deaf, other) = cluster.any_two();
    let from: Vec<usize> = match cluster.random.random_bool(0.5) {
        true => vec![other],
        false => cluster.nodes().filter(|it| *it != deaf).collect(),
    };
    let is_deaf = cluster.random.random_bool(0.5);
    for other in from {
        match is_deaf {
            true => cluster.cut_one_way(other, deaf),
            false => cluster.cut_one_way(deaf, other),
        }
    }
    cluster.run_between(200, 8_000)?;
    cluster.heal_maybe();
    Ok(())
}
