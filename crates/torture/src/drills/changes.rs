//! A room goes from each way of replication to each other while people talk in it on all nodes: nothing is
//! lost, doubled or reordered.

use super::crowd::Crowd;
use crate::cluster::Cluster;
use crate::rooms;

const ROOM: &str = "#changing";
/// Each of the six ways from one to another is in it.
const JOURNEY: &[&str] = &["gossip", "raft", "primary-backup", "gossip", "primary-backup", "raft"];
const TURNS: usize = 3;

pub(super) fn act(_cluster: &mut Cluster, crowd: &mut Crowd) -> anyhow::Result<()> {
    crowd.is_per_sender(ROOM); // It is a gossip room for some of the time.
    for to in JOURNEY.iter().cycle().take(JOURNEY.len() * TURNS) {
        let asked_ms = crowd.note(format!("{ROOM} shall become {to}"));
        rooms::replicate(&mut crowd.operator, ROOM, to)?;
        let took_ms = crowd.round.now_ms() - asked_ms;
        crowd.note(format!("it is, after {took_ms} ms"));
        crowd.wait_served()?;
    }
    Ok(())
}
