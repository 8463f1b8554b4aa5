//! What the directory knows of members, groups and sessions.

use super::Aside;
use crate::{Nick, NodeId, SessionId, Stamp, Who};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a node does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Roles {
    /// May vote in the directory.
    pub directory: bool,
    /// Holds room replicas and serves clients.
    pub chat: bool,
}

/// Liveness of a member as logged (heartbeats themselves are not).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MemberState {
    /// Answers.
    Up,
    /// Serves who is there, takes nobody new.
    Draining,
    /// Does not answer.
    Down,
}

/// A node of the cluster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Identity.
    pub id: NodeId,
    /// Unique name.
    pub name: Arc<str>,
    /// Where peers reach it.
    pub address: Arc<str>,
    /// What it does.
    pub roles: Roles,
    /// Liveness.
    pub state: MemberState,
    /// When it was last marked.
    pub since: Stamp,
}

/// Where a group's replicas shall live.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Placement {
    /// Nodes in ring order.
    pub replicas: Vec<NodeId>,
    /// Counts the changes.
    pub epoch: u64,
}

/// Who replicates a primary-backup group, and who must have an entry before it commits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct View {
    /// Counts the views of the group: backups refuse an older one.
    pub epoch: u64,
    /// Orders and acknowledges.
    pub primary: NodeId,
    /// Whose acks the primary waits for; itself among them. Only these may ever lead next.
    pub in_sync: Vec<NodeId>,
    /// All who hold or shall hold a copy.
    pub replicas: Vec<NodeId>,
}

/// User modes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct UserModes {
    /// `i`
    pub invisible: bool,
    /// `w`
    pub wallops: bool,
    /// `B`
    pub bot: bool,
}

/// A presence: who it is and what others see of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Identity.
    pub id: SessionId,
    /// Public name.
    pub nick: Nick,
    /// User name.
    pub user: Arc<str>,
    /// Host as shown.
    pub host: Arc<str>,
    /// Free text.
    pub realname: Arc<str>,
    /// Account, when logged in.
    pub account: Option<Arc<str>>,
    /// The node it is attached to.
    pub node: NodeId,
    /// Came over TLS.
    pub is_secure: bool,
    /// Modes.
    pub modes: UserModes,
    /// Name of the operator block, for server operators.
    pub operator: Option<Aside>,
    /// Away message.
    pub away: Option<Aside>,
    /// When it began.
    pub since: Stamp,
}

impl Session {
    /// As commands and records carry it.
    #[must_use]
    pub fn who(&self) -> Who {
        Who {
            session: self.id,
            nick: self.nick.clone(),
            user: self.user.clone(),
            host: self.host.clone(),
            account: self.account.clone(),
            is_operator: self.operator.is_some(),
            is_bot: self.modes.bot,
        }
    }

    /// Under which identity its conversations are kept: the account, or this session alone.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.account {
            Some(account) => format!("a:{}", crate::fold(account)),
            None => format!("s:{:016x}", self.id.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::directory::scene::{Scene, add, register};

    #[test]
    fn conversations_belong_to_the_account_in_any_spelling_or_else_to_the_session_alone() {
        let mut scene = Scene::default();
        scene.apply(add(1, "a"));
        scene.apply(register(0xab, "alice", 1));
        let mut session = (**scene.directory.by_nick("alice").expect("she is here")).clone();
        assert_eq!(session.identity(), "s:00000000000000ab");
        session.account = Some("Alice".into());
        assert_eq!(session.identity(), "a:alice");
    }
}
