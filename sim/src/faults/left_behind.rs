//! A backup falls out of the set in sync, and then the primary dies. The backup lives, but lacks what was
//! acknowledged without it: it must not follow.

use super::Fault;
use crate::cluster::{Backups, Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "left-behind", run: left_behind };

fn left_behind(cluster: &mut Cluster) -> Result<(), Stuck> {
    let Some(Backups { primary, others, .. }) = cluster.backups()? else {
        return Ok(()); // It is about a room that has some.
    };
    let Some(left) = others.first() else { return Ok(()) };
    cluster.cut(primary, *left);
    cluster.run_between(1_500, 4_000)?; // It is taken out of the set, and people talk on.
    cluster.kill(primary);
    cluster.run_between(500, 2_500)?;
    cluster.heal();
    cluster.restart(primary);
    cluster.run_between(500, 2_000)
}
