//! Two nodes with rooms and a witness, of which each is killed in turn while people talk in a room of
//! primary-backup: it can be written again in under a second, and who comes back agrees with the other.

use super::crowd::{Crowd, served_within};
use crate::cluster::Cluster;
use anyhow::Context;
use checker::Name;

const BOUND_MS: u64 = 1_000;
const ROOM: &str = "#pair";
const WITNESS: usize = 2;

pub(super) fn act(cluster: &mut Cluster, crowd: &mut Crowd) -> anyhow::Result<()> {
    let primary = primary(cluster)?;
    lose(cluster, crowd, "the primary is killed", primary)?;
    let backup = 1 - self::primary(cluster)?;
    lose(cluster, crowd, "the backup is killed", backup)?;
    lose(cluster, crowd, "the witness is killed", WITNESS)
}

/// Kills one under load, sees the others go on, starts it again and sees it take part.
fn lose(
    cluster: &mut Cluster,
    crowd: &mut Crowd,
    what: &'static str,
    lost: usize,
) -> anyhow::Result<()> {
    let left: Vec<usize> = (0..cluster.chat_nodes()).filter(|it| *it != lost).collect();
    let names: Vec<Name> = left.iter().map(|it| cluster.identity(*it).into()).collect();
    cluster.kill9(lost)?;
    let at_ms = crowd.note(format!("{what}: {}", cluster.name(lost)));
    crowd.claim(served_within(what, (ROOM, names), at_ms, BOUND_MS));
    crowd.wait_served_on(&left).context(what)?;
    cluster.restart(lost)?;
    cluster.wait_ready()?;
    crowd.note(format!("{} is back", cluster.name(lost)));
    crowd.wait_served()
}

fn primary(cluster: &Cluster) -> anyhow::Result<usize> {
    let room = cluster.room(0, ROOM).or_else(|_| cluster.room(1, ROOM))?;
    let leader = room.leader.context("nobody leads the room")?;
    (0..cluster.len()).find(|it| cluster.name(*it) == leader).context("a leader that is no node")
}
