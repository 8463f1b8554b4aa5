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

impl Status {
    /// What keeps this node from being one of a whole and healthy cluster; `None`: nothing.
    pub(crate) fn lacks(&self, nodes: usize) -> Option<String> {
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
        self.groups.iter().find_map(|it| it.lacks(&self.node, nodes))
    }
}

impl Group {
    fn lacks(&self, node: &str, nodes: usize) -> Option<String> {
        const COPIES: usize = 3;
        let id = self.id;
        let is_led = self.leader.is_some()
            || self.role == "peer" // Who gossips needs nobody.
            || (self.role == "observer" && self.has_route);
        if !is_led {
            return Some(format!("group {id} has no leader"));
        }
        // More than that are welcome: groups may still move to where they belong while clients talk.
        // Of a primary-backup group one copy less survives as many losses.
        let copies = if self.strategy == "raft" { COPIES } else { COPIES / 2 + 1 };
        if self.replicas.len() < nodes.min(copies) {
            return Some(format!("group {id} has {} replicas", self.replicas.len()));
        }
        let is_replica = self.replicas.iter().any(|it| it == node);
        let takes_part = matches!(self.role.as_str(), "leader" | "voter" | "peer");
        (is_replica && !takes_part).then(|| format!("it is {} of group {id}", self.role))
    }
}
