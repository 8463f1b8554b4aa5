//! Two nodes hear nothing of each other, while others hear both. May last until all is mended.

use super::Fault;
use crate::cluster::{Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "two-way-cut", run: two_way_cut };

fn two_way_cut(cluster: &mut Cluster) -> Result<(), Stuck> {
    let (a, b) = cluster.any_two();
    cluster.cut(a, b);
    cluster.run_between(200, 8_000)?;
    cluster.heal_maybe();
    Ok(())
}
