//! The directory's state. Implementation lands next; the shape is fixed.

use super::{DirectoryCommand, DirectoryOutcome};
use crate::codec::Unreadable;
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
    pub operator: Option<Arc<str>>,
    /// Away message.
    pub away: Option<Arc<str>>,
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

/// The whole directory.
#[derive(Clone, Debug, Default)]
pub struct Directory {}

impl Directory {
    /// Not founded yet.
    #[must_use]
    pub fn new() -> Directory {
        Directory::default()
    }

    /// Applies one command stamped not before `now`. Never fails, never panics.
    pub fn apply(&mut self, now: Stamp, command: DirectoryCommand) -> DirectoryOutcome {
        let _ = (now, command);
        DirectoryOutcome::default()
    }

    /// Whole state as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The state that [`Directory::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Directory, Unreadable> {
        let _ = bytes;
        Ok(Directory::default())
    }

    /// The cluster's id, network name and number of room groups, once founded.
    #[must_use]
    pub fn founded(&self) -> Option<(u64, &Arc<str>, u32)> {
        None
    }

    /// One member.
    #[must_use]
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        let _ = id;
        None
    }

    /// Members in the order of their ids.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        std::iter::empty()
    }

    /// Where a group shall live.
    #[must_use]
    pub fn placement(&self, group: u32) -> Option<&Placement> {
        let _ = group;
        None
    }

    /// One session.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Arc<Session>> {
        let _ = id;
        None
    }

    /// Who has this nick, in any case.
    #[must_use]
    pub fn by_nick(&self, nick: &str) -> Option<&Arc<Session>> {
        let _ = nick;
        None
    }

    /// All sessions in the order of their ids.
    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        std::iter::empty()
    }

    /// How many sessions there are in all.
    #[must_use]
    pub fn session_count(&self) -> usize {
        0
    }

    /// How many sessions a node has.
    #[must_use]
    pub fn session_count_of(&self, node: NodeId) -> usize {
        let _ = node;
        0
    }
}
