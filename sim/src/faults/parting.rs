//! Where names are kept without a majority: what parts the nodes, or takes one of them away. The story is told in
//! which times two of them may have given one name away; everywhere else each name has one holder.

use super::{Fault, crash_one, wipe};
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

/// Longer than it takes to declare a node dead and no longer than its sessions live on then.
const LONGEST_MS: u64 = 5_000;
/// So long after a parting each name has one holder again.
const SETTLED_MS: u64 = 5_000;
/// In which that is looked at.
const QUIET_MS: u64 = 4_000;

pub(crate) const FAULT: Fault = Fault { name: "parting", run: part };

fn part(cluster: &mut Cluster) -> Result<(), Stuck> {
    match cluster.random.random_range(0..10) {
        0..3 => parted(cluster, split)?,
        3..5 => parted(cluster, cut_of_two)?,
        5..7 => parted(cluster, pause)?,
        7..9 => (crash_one::FAULT.run)(cluster)?,
        _ => (wipe::FAULT.run)(cluster)?,
    }
    cluster.run(QUIET_MS)
}

fn parted(cluster: &mut Cluster, how: fn(&mut Cluster) -> Result<(), Stuck>) -> Result<(), Stuck> {
    let begin_ms = cluster.story.now_ms();
    how(cluster)?;
    cluster.run(SETTLED_MS)?;
    let end_ms = cluster.story.now_ms();
    cluster.story.parted(begin_ms, end_ms);
    Ok(())
}

fn split(cluster: &mut Cluster) -> Result<(), Stuck> {
    let alone = cluster.any_node();
    for other in cluster.nodes().filter(|it| *it != alone) {
        cluster.cut(alone, other);
    }
    cluster.run_between(200, LONGEST_MS)?;
    cluster.heal();
    Ok(())
}

fn cut_of_two(cluster: &mut Cluster) -> Result<(), Stuck> {
    let (a, b) = cluster.any_two();
    cluster.cut(a, b);
    cluster.run_between(200, LONGEST_MS)?;
    cluster.heal();
    Ok(())
}

fn pause(cluster: &mut Cluster) -> Result<(), Stuck> {
    let node = cluster.any_node();
    let for_ms = cluster.random.random_range(200..LONGEST_MS);
    cluster.pause(node, for_ms);
    cluster.run(for_ms)
}
