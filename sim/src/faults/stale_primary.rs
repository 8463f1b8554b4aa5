//! A primary cannot hear that another has followed it, and a backup hears it from the directory, but nothing
//! of the new primary: all it hears is the old one, who goes on as if nothing had happened.

use super::Fault;
use crate::cluster::{Backups, Cluster, Stuck};

pub(crate) const FAULT: Fault = Fault { name: "stale-primary", run: stale_primary };

/// So often somebody else is made to lead the directory, if it is led by one of the group's.
const TRIES: usize = 4;

fn stale_primary(cluster: &mut Cluster) -> Result<(), Stuck> {
    for _ in 0..TRIES {
        let Some(Backups { directory, primary, others }) = cluster.backups()? else {
            return Ok(()); // It is about a room that has some.
        };
        let [heir, backup] = others[..] else { return Ok(()) };
        if [primary, heir, backup].contains(&directory) {
            cluster.isolate(directory);
            cluster.run_between(1_500, 2_500)?;
            cluster.heal();
            cluster.run_between(1_000, 2_000)?;
            continue;
        }
        cluster.cut(primary, heir);
        cluster.cut(heir, backup);
        cluster.cut(primary, directory);
        cluster.run_between(500, 4_000)?;
        cluster.mend_cut(heir, backup);
        cluster.run_between(500, 3_000)?;
        cluster.heal();
        return Ok(());
    }
    Ok(())
}
