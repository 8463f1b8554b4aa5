//! The leader is cut off; one of the others votes for its successor, loses power before it hears of the
//! victory, and comes back to find the old leader and not the new one. If it forgot its vote, it helps
//! the old one to lead beside the new.

use super::Fault;
use crate::cluster::{Cluster, Stuck};
use crate::points::{self, Armed};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "lost-vote", run: lost_vote };

/// The voters that are left elect within this.
const ELECT_MS: u64 = 3_000;

fn lost_vote(cluster: &mut Cluster) -> Result<(), Stuck> {
    let Some(leader) = cluster.leader()? else {
        return Ok(()); // It is about votes for a successor.
    };
    cluster.isolate(leader);
    let power_loss = Some(cluster.random.random());
    points::arm(Armed { point: "raft.before-following", passes: 1, power_loss });
    cluster.comes_true_at_once(ELECT_MS, |_| !points::is_armed())?;
    points::disarm();
    cluster.heal();
    let dead: Vec<usize> = cluster.nodes().filter(|it| !cluster.is_able(*it)).collect();
    let Some(new) = cluster.nodes().find(|it| *it != leader && !dead.contains(it)) else {
        return Ok(());
    };
    cluster.isolate(new);
    dead.into_iter().for_each(|it| cluster.restart(it));
    cluster.run_between(50, 3_000)?;
    cluster.heal();
    cluster.run_between(500, 2_000)
}
