//! Drills: written sequences of faults with bounds on what must follow. A drill is a row here, and what
//! it does stands in a file beside this one.
//!
//! Where a round asks whether anything goes wrong, a drill asks for something to go right: that a minority
//! of a gossip room goes on, how soon a room can be written again.

mod changes;
mod crowd;
mod cut;
mod names;
mod network;
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
    /// The others have no part in the directory, and people ask it where to go.
    pub(crate) splits_roles: bool,
    /// How names are kept: `cluster.directory`.
    pub(crate) directory: &'static str,
    /// Does it, with people in its rooms, and says what it measured.
    act: fn(&mut Cluster, &mut Crowd) -> anyhow::Result<()>,
    /// Each with how it is replicated. On each node that clients can use somebody talks in each.
    rooms: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(crate) const ALL: &[Drill] = &[
    Drill {
        name: "cut",
        nodes: 5,
        witnesses: 0,
        splits_roles: false,
        directory: "raft",
        act: cut::act,
        rooms: &[("#raft", "raft"), ("#gossip", "gossip"), ("#pair", "primary-backup")],
    },
    Drill {
        name: "witness",
        nodes: 3,
        witnesses: 1,
        splits_roles: false,
        directory: "raft",
        act: witness::act,
        rooms: &[("#pair", "primary-backup")],
    },
    Drill {
        name: "network",
        nodes: 15,
        witnesses: 5,
        splits_roles: true,
        directory: "raft",
        act: network::act,
        rooms: &[
            ("#raft", "raft"),
            ("#gossip", "gossip"),
            ("#pair", "primary-backup"),
            ("#second", "raft"),
            ("#third", "raft"),
        ],
    },
    Drill {
        name: "names",
        nodes: 15,
        witnesses: 5,
        splits_roles: true,
        directory: "bully",
        act: names::act,
        rooms: &[],
    },
    Drill {
        name: "changes",
        nodes: 3,
        witnesses: 0,
        splits_roles: false,
        directory: "raft",
        act: changes::act,
        rooms: &[("#changing", "raft")],
    },
];

/// Goes through one on a fresh cluster, and judges what everybody saw.
pub(crate) fn run(drill: &Drill, cluster: &mut Cluster) -> anyhow::Result<Result> {
    cluster.wait_settled()?;
    let mut crowd = Crowd::gather(cluster, drill)?;
    let done = (drill.act)(cluster, &mut crowd);
    let result = crowd.judge(cluster);
    done?; // After everybody went home.
    result
}
