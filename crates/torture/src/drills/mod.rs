//! Drills: written sequences of faults with bounds on what must follow. A drill is a row here, and what
//! it does stands in a file beside this one.
//!
//! Where a round asks whether anything goes wrong, a drill asks for something to go right: that a minority
//! of a gossip room goes on, how soon a room can be written again.

mod changes;
mod crowd;
mod cut;
mod witness;

use crate::cluster::Cluster;
use crate::round::Result;
use crowd::Crowd;

/// One of them.
#[derive(Debug)]
pub(crate) struct Drill {
    pub(crate) name: &'static str,
    pub(crate) nodes: usize,
    /// So many of the nodes hold no rooms.
    pub(crate) witnesses: usize,
    /// Does it, with people in its rooms, and says what it measured.
    act: fn(&mut Cluster, &mut Crowd) -> anyhow::Result<()>,
    rooms: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(crate) const ALL: &[Drill] = &[
    Drill {
        name: "cut",
        nodes: 5,
        witnesses: 0,
        act: cut::act,
        rooms: &[("#raft", "raft"), ("#gossip", "gossip")],
    },
    Drill {
        name: "witness",
        nodes: 3,
        witnesses: 1,
        act: witness::act,
        rooms: &[("#pair", "primary-backup")],
    },
    Drill {
        name: "changes",
        nodes: 3,
        witnesses: 0,
        act: changes::act,
        rooms: &[("#changing", "raft")],
    },
];

/// Goes through one on a fresh cluster, and judges what everybody saw.
pub(crate) fn run(drill: &Drill, cluster: &mut Cluster) -> anyhow::Result<Result> {
    cluster.wait_settled()?;
    let mut crowd = Crowd::gather(cluster, drill.rooms)?;
    let done = (drill.act)(cluster, &mut crowd);
    let result = crowd.judge(cluster);
    done?; // After everybody went home.
    result
}
