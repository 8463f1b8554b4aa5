//! What a node says of itself and its cluster; the fields of `starling status --json`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// The same, by how they are replicated; a strategy without rooms is left out.
    #[serde(default)]
    pub rooms_by_strategy: BTreeMap<String, usize>,
    /// Name of the node that leads the directory, if one is known here.
    #[serde(default)]
    pub coordinator: Option<String>,
    /// Groups that are on their way to other nodes, and those that wait for them.
    #[serde(default)]
    pub moves: Vec<MoveStatus>,
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
    /// `up`, `draining`, `drained` (by an operator, and nothing is left on it), `unreachable` (from the
    /// node that answers), `down` (as the directory has it), `gone` (so long that its sessions ended).
    pub health: String,
    /// Circuit breaker of the node that answers towards it: `closed`, `half-open`, `open`.
    #[serde(default)]
    pub breaker: String,
    /// Sessions attached to it.
    pub sessions: usize,
}

/// A group on its way to other nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MoveStatus {
    /// Number.
    pub group: u32,
    /// `moving`, or `waiting` for others to arrive.
    pub state: String,
    /// Names of the nodes that shall hold its replicas, the one that should lead first.
    pub to: Vec<String>,
    /// An operator said where it shall live, not the ring.
    #[serde(default)]
    pub is_pinned: bool,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupStatus {
    /// Number; 0 is the directory.
    pub id: u32,
    /// `raft`, `primary-backup`, `gossip`, `bully`.
    pub strategy: String,
    /// Name of the leader's node, if one is known here. Gossip has none.
    pub leader: Option<String>,
    /// Name of the node that names the leader, if one is known here. Of the group of names only, where they
    /// are kept by Fast Bully (strategy `bully`).
    #[serde(default)]
    pub coordinator: Option<String>,
    /// Names of the nodes that hold a replica.
    pub replicas: Vec<String>,
    /// Of those, the ones that have everything acknowledged. Of primary-backup groups only.
    #[serde(default)]
    pub in_sync: Vec<String>,
    /// Rooms that are replicated by it.
    #[serde(default)]
    pub rooms: usize,
    /// Names of the nodes whose replica only follows, without a vote.
    pub learners: Vec<String>,
    /// Highest index applied on the node that answers.
    pub applied_index: u64,
    /// Entries known to be committed and not applied there yet.
    pub lag: u64,
    /// Term of the strategy.
    pub term: u64,
    /// How this node takes part: `leader`, `voter`, `learner`, `observer`; in gossip: `peer`.
    pub role: String,
    /// Commands of this node's sessions that wait for the group.
    pub waiting: usize,
    /// Commands of this node's sessions have somewhere to go.
    pub has_route: bool,
}

impl GroupStatus {
    /// Somebody takes commands, as far as the node that answers can know: one that only observes the
    /// group knows that the replica it follows has a leader, but not who it is. A peer needs nobody.
    #[must_use]
    pub fn is_led(&self) -> bool {
        self.leader.is_some() || self.is_peer() || (self.role == "observer" && self.has_route)
    }

    /// The node that answers writes by itself.
    #[must_use]
    pub fn is_peer(&self) -> bool {
        self.role == "peer"
    }

    /// The node that answers takes part with all that a replica may do.
    #[must_use]
    pub fn takes_part(&self) -> bool {
        matches!(self.role.as_str(), "leader" | "voter" | "peer")
    }
}

/// One room; the fields of `starling admin room show --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoomStatus {
    /// As its creator wrote it.
    pub name: String,
    /// `raft`, `primary-backup`, `gossip`.
    pub replication: String,
    /// Counts how often that was changed, in the life of the room.
    pub epoch: u64,
    /// It left one group and has not come to the next yet.
    pub is_moving: bool,
    /// How it was replicated before, the oldest first.
    pub eras: Vec<EraStatus>,
    /// The group that its messages are replicated in.
    pub group: u32,
    /// The Raft group of its place on the ring, which knows where the room lives. Of a gossip room it
    /// keeps who is in it, its modes and its topic.
    pub home: u32,
    /// Name of the group's leader's node, if one is known here. Gossip has none.
    pub leader: Option<String>,
    /// Names of the nodes that hold a replica of the group.
    pub replicas: Vec<String>,
    /// Of those, the ones that have everything acknowledged. Of primary-backup only.
    pub in_sync: Vec<String>,
    /// How many are in it.
    pub occupants: usize,
    /// Its topic; may be empty.
    pub topic: String,
    /// What its history here has of it, over all eras: messages, and changes of occupants, modes and
    /// topic. `None`: the node that answers keeps none.
    pub messages: Option<u64>,
    /// Unix milliseconds of its creation.
    pub created_ms: u64,
    /// Name of the node that answers.
    pub node: String,
}

/// The time that a room was replicated in one way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EraStatus {
    /// `raft`, `primary-backup`, `gossip`.
    pub replication: String,
    /// Unix milliseconds of its end.
    pub until_ms: u64,
}
