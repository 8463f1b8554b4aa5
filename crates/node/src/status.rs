//! What a node says of itself and its cluster; the fields of `starling status --json`.

use serde::{Deserialize, Serialize};

/// The cluster as one node sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Name of the network.
    pub network: String,
    /// Random id of the cluster, hexadecimal.
    #[serde(default)]
    pub cluster: String,
    /// Name of the node that answers.
    pub node: String,
    /// Version of its program.
    pub version: String,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Unix milliseconds of its start.
    pub started_ms: u64,
    /// Sessions of the whole network.
    pub sessions: usize,
    /// Rooms of the whole network.
    pub rooms: usize,
    /// True once this node serves clients.
    pub is_ready: bool,
    /// Members.
    pub nodes: Vec<NodeStatus>,
    /// Groups: 0 is the directory.
    pub groups: Vec<GroupStatus>,
}

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Unique name.
    pub name: String,
    /// Replica identity, hexadecimal.
    pub id: String,
    /// Where peers reach it.
    pub address: String,
    /// `directory`, `chat`.
    pub roles: Vec<String>,
    /// `up`, `draining`, `unreachable` (from the node that answers), `down` (as the directory has it).
    pub health: String,
    /// Sessions attached to it.
    pub sessions: usize,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupStatus {
    /// Number; 0 is the directory.
    pub id: u32,
    /// `raft`, `primary-backup`, `gossip`.
    pub strategy: String,
    /// Name of the leader's node, if one is known here.
    pub leader: Option<String>,
    /// Names of the nodes that hold a replica.
    pub replicas: Vec<String>,
    /// Names of the nodes whose replica only follows, without a vote.
    pub learners: Vec<String>,
    /// Highest index applied on the node that answers.
    pub applied_index: u64,
    /// Entries known to be committed and not applied there yet.
    pub lag: u64,
    /// Term of the strategy.
    pub term: u64,
    /// How this node takes part: `leader`, `voter`, `learner`, `observer`.
    pub role: String,
    /// Commands of this node's sessions that wait for the group.
    pub waiting: usize,
    /// Commands of this node's sessions have somewhere to go.
    pub has_route: bool,
}

impl GroupStatus {
    /// The group has a leader, as far as the node that answers can know: one that only observes the
    /// group knows that the replica it follows has one, but not who it is.
    #[must_use]
    pub fn is_led(&self) -> bool {
        self.leader.is_some() || (self.role == "observer" && self.has_route) || self.role == "peer" // Nobody leads where everybody writes.
    }
}
