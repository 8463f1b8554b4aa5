//! What can be asked of the directory.

use super::{AccountCommand, Digest, MemberState, Roles, Session, UserModes, View};
use crate::{Nick, NodeId, SessionId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A person who comes in, with the nick they claim.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewSession {
    /// Drawn by the node.
    pub session: SessionId,
    /// Claimed with the session, atomically.
    pub nick: Nick,
    /// User name.
    pub user: Arc<str>,
    /// Host as shown.
    pub host: Arc<str>,
    /// Free text.
    pub realname: Arc<str>,
    /// Account, when logged in.
    pub account: Option<Arc<str>>,
    /// The node its connection is on.
    pub node: NodeId,
    /// Came over TLS.
    pub is_secure: bool,
}

/// Somebody goes on with a session from another connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attach {
    /// With which.
    pub session: SessionId,
    /// Of what they showed: has to be the session's key.
    pub key: Digest,
    /// Opens the session from now on, beside `key` until `ConfirmKey` says that this is known.
    pub next: Digest,
    /// The node that they are on now.
    pub node: NodeId,
    /// They came over TLS.
    pub is_secure: bool,
}

/// One change of what others see of a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Change {
    /// Away with a message, or back.
    Away(Option<Arc<str>>),
    /// SETNAME.
    Realname(Arc<str>),
    /// CHGHOST.
    Host {
        /// New user name.
        user: Arc<str>,
        /// New host.
        host: Arc<str>,
    },
    /// Logged in or out.
    Account(Option<Arc<str>>),
    /// All user modes, as they shall be.
    Modes(UserModes),
    /// Became a server operator under this name of the configuration, or stopped being one.
    Operator(Option<Arc<str>>),
}

/// One command of the directory's log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DirectoryCommand {
    /// Founds the cluster: its random id, the network's name, and how many room groups there are.
    /// Refused when it is founded already.
    Found {
        /// Random, kept in every data directory.
        cluster: u64,
        /// Shown to people.
        network: Arc<str>,
        /// Number of room groups, numbered from 1. (The directory is group 0.)
        groups: u32,
    },
    /// A node joins, or comes back with a new address. Refused with `NameTaken` when another identity
    /// holds the name and `replaces` does not name it.
    AddMember {
        /// Its identity.
        id: NodeId,
        /// Unique name.
        name: Arc<str>,
        /// Where peers reach it.
        address: Arc<str>,
        /// What it does.
        roles: Roles,
        /// The dead identity of the same name whose place it takes (its disk was lost).
        replaces: Option<NodeId>,
    },
    /// Liveness changed, as the directory's leader judges.
    MarkMember {
        /// Which.
        id: NodeId,
        /// Now.
        state: MemberState,
    },
    /// Leaves for good; its sessions end.
    RemoveMember {
        /// Which.
        id: NodeId,
    },
    /// Where a group's replicas shall live.
    Place {
        /// Group number.
        group: u32,
        /// The nodes, in ring order.
        replicas: Vec<NodeId>,
    },
    /// A session begins with its nick, or neither.
    Register(NewSession),
    /// Another nick. Changing only the case is allowed.
    Rename {
        /// Whose.
        session: SessionId,
        /// To what.
        nick: Nick,
    },
    /// Something others see.
    Alter {
        /// Whose.
        session: SessionId,
        /// What.
        change: Change,
    },
    /// The session is over.
    End {
        /// Whose.
        session: SessionId,
        /// Shown in QUIT.
        reason: Arc<str>,
        /// Who killed it, if somebody did: the nick.
        by: Option<Nick>,
    },
    /// All sessions of a node are over: it died and nobody resumed them, or it restarted.
    EndAll {
        /// Which node.
        node: NodeId,
        /// Shown in QUIT.
        reason: Arc<str>,
    },
    /// The next view of a primary-backup group. Takes effect only on the view that its proposer saw.
    SetView {
        /// Group number.
        group: u32,
        /// The epoch that it follows; 0: there was no view.
        on_epoch: u64,
        /// As it shall be.
        view: View,
        /// Who proposes it: only the primary can tell who has caught up.
        by: NodeId,
    },
    /// Groups, leaderships and clients shall leave a node that stays a member, or may come back to it.
    Drain {
        /// Which.
        id: NodeId,
        /// Leave it, or come back.
        is_drained: bool,
    },
    /// A group lives on these nodes, whatever the ring says. Refused before it was placed at all.
    Pin {
        /// Group number.
        group: u32,
        /// The nodes, the one that should lead first. None: the ring decides again.
        replicas: Vec<NodeId>,
    },
    /// The replicas of a group are where its placement of this epoch wanted them. Says nothing of an
    /// older or newer one.
    Settle {
        /// Group number.
        group: u32,
        /// Of the placement.
        epoch: u64,
    },
    /// A dead node leaves for good, like by `RemoveMember`, and a member takes its places on the ring.
    /// Refused with `MemberAlive` unless it is down.
    Replace {
        /// Who is dead.
        dead: NodeId,
        /// Who takes its places.
        by: NodeId,
    },
    /// A session that began where this directory could not hear of it, on the other side of a cut: as it is
    /// there. Of two with one nick the earlier keeps it.
    Claim(Session),
    /// From now on a session outlives its connection: whoever shows what this is the digest of, and nothing else,
    /// goes on with it.
    SetKey {
        /// Which.
        session: SessionId,
        /// Its key.
        key: Digest,
    },
    /// The session is on another connection now. Nobody else sees it.
    Attach(Attach),
    /// Like `EndAll`, but for sessions that have a key: somebody may go on with them.
    EndKeyless {
        /// Which node.
        node: NodeId,
        /// Shown in QUIT.
        reason: Arc<str>,
    },
    /// A member's place in the order of ranks, where names are kept by whoever is left.
    Rank {
        /// Which.
        id: NodeId,
        /// The higher one ranks higher; of equal ones the name decides. 0 unless something else was said.
        priority: i32,
    },
    /// A session that is known, but not as it became on the other side of a cut: its own node says how it is.
    /// Of two with one nick the earlier keeps it, as by [`DirectoryCommand::Claim`]; the other keeps the one
    /// that it has here.
    Restate(Session),
    /// About an account. Accounts are decided on where members are, also when nicks are not.
    Account(AccountCommand),
    /// Whoever went on with a session knows its newest key: the one that it showed opens nothing any more.
    ConfirmKey {
        /// Which.
        session: SessionId,
        /// The newest, as far as its node knows: of another one nothing is said.
        key: Digest,
    },
}

impl DirectoryCommand {
    /// It is about sessions, and not about members or groups.
    #[must_use]
    pub fn is_of_sessions(&self) -> bool {
        match self {
            DirectoryCommand::Register(_)
            | DirectoryCommand::Rename { .. }
            | DirectoryCommand::Alter { .. }
            | DirectoryCommand::End { .. }
            | DirectoryCommand::EndAll { .. }
            | DirectoryCommand::Claim(_)
            | DirectoryCommand::SetKey { .. }
            | DirectoryCommand::ConfirmKey { .. }
            | DirectoryCommand::Attach(_)
            | DirectoryCommand::EndKeyless { .. }
            | DirectoryCommand::Restate(_) => true,
            DirectoryCommand::Found { .. }
            | DirectoryCommand::AddMember { .. }
            | DirectoryCommand::MarkMember { .. }
            | DirectoryCommand::RemoveMember { .. }
            | DirectoryCommand::Place { .. }
            | DirectoryCommand::SetView { .. }
            | DirectoryCommand::Drain { .. }
            | DirectoryCommand::Pin { .. }
            | DirectoryCommand::Settle { .. }
            | DirectoryCommand::Replace { .. }
            | DirectoryCommand::Rank { .. }
            | DirectoryCommand::Account(_) => false,
        }
    }
}
