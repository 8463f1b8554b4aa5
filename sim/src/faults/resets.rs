//! Connections break, one now and one then.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "resets", run: resets };

fn resets(cluster: &mut Cluster) -> Result<(), Stuck> {
    for _ in 0..cluster.random.random_range(3..20) {
        cluster.reset_connection();
        cluster.run_between(5, 600)?;
    }
    Ok(())
}
