//! What `starling status --json` says, as far as it matters here.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) node: String,
    pub(crate) is_ready: bool,
    pub(crate) nodes: Vec<Member>,
    pub(crate) groups: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) health: String,
    pub(crate) sessions: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: u32,
    pub(crate) strategy: String,
    pub(crate) leader: Option<String>,
    pub(crate) replicas: Vec<String>,
    pub(crate) role: String,
    pub(crate) has_route: bool,
}

/// What `starling admin room show --json` says.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Room {
    pub(crate) leader: Option<String>,
    pub(crate) replicas: Vec<String>,
}

impl Status {
    /// What keeps this node from being one of a whole and healthy cluster; `None`: nothing.
    /// `chat_nodes` of them hold rooms.
    pub(crate) fn lacks(&self, nodes: usize, chat_nodes: usize) -> Option<String> {
        let up = self.nodes.iter().filter(|it| it.health == "up").count();
        if !self.is_ready {
            return Some("it serves no clients".to_owned());
        }
        if up != nodes || self.nodes.len() != nodes {
            return Some(format!("{up} of {} members are up", self.nodes.len()));
        }
        if self.groups.is_empty() {
            return Some("it knows no groups".to_owned());
        }
        self.groups.iter().find_map(|it| it.lacks(&self.node, nodes, chat_nodes))
    }

    /// No group of rooms has more replicas than it shall have: none is on its way to where it belongs.
    pub(crate) fn is_settled(&self, chat_nodes: usize) -> bool {
        let is_of_rooms = |it: &&Group| it.id != DIRECTORY && it.strategy != NAMES;
        let mut of_rooms = self.groups.iter().filter(is_of_rooms);
        of_rooms.all(|it| it.replicas.len() <= it.copies(chat_nodes))
    }
}

const DIRECTORY: u32 = 0;
/// How a group of names is replicated that has a log of its own: on whoever keeps names.
const NAMES: &str = "bully";

impl Group {
    /// How many replicas it shall have where so many nodes can hold one. Of a primary-backup group one copy
    /// less survives as many losses.
    fn copies(&self, holders: usize) -> usize {
        const COPIES: usize = 3;
        match self.strategy.as_str() {
            "raft" => holders.min(COPIES),
            "gossip" => holders, // Everybody who may talk.
            _ => holders.min(COPIES / 2 + 1),
        }
    }

    fn lacks(&self, node: &str, nodes: usize, chat_nodes: usize) -> Option<String> {
        let id = self.id;
        let follows = matches!(self.role.as_str(), "observer" | "peer") && self.has_route;
        let is_led = self.leader.is_some() || follows;
        if !is_led {
            return Some(format!("group {id} has no leader"));
        }
        // More than that are welcome: groups may still move to where they belong while clients talk.
        let holders = if id == DIRECTORY { nodes } else { chat_nodes };
        if self.replicas.len() < self.copies(holders) {
            return Some(format!("group {id} has {} replicas", self.replicas.len()));
        }
        let is_replica = self.replicas.iter().any(|it| it == node);
        let takes_part = matches!(self.role.as_str(), "leader" | "voter" | "peer");
        (is_replica && !takes_part).then(|| format!("it is {} of group {id}", self.role))
    }
}
