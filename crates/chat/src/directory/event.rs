//! What a directory command came to.

use super::{AccountEvent, AccountRefusal, Change, MemberState, Session};
use crate::{Nick, NodeId, SessionId, Stamp};
use std::sync::Arc;

/// The result of applying one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryOutcome {
    /// What happened, in order; nothing if it was refused or changed nothing.
    pub events: Vec<DirectoryEvent>,
    /// Why it did not happen and will not.
    pub refused: Option<DirectoryRefusal>,
    /// When it was applied, as the directory's clock has it.
    pub at: Stamp,
}

/// Something that happened to members or sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryEvent {
    /// The cluster exists.
    Founded,
    /// A member came or changed its address or roles.
    MemberAdded(NodeId),
    /// Liveness changed.
    MemberMarked(NodeId, MemberState),
    /// Gone for good.
    MemberRemoved(NodeId),
    /// A group shall live elsewhere.
    Placed(u32),
    /// A group has another view.
    ViewSet(u32),
    /// A member is drained from now on, or is no longer.
    Drained(NodeId, bool),
    /// A member has another priority.
    Ranked(NodeId, i32),
    /// A group is pinned elsewhere, or to nothing any more.
    Pinned(u32),
    /// A group has come to where its newest placement wanted it.
    Settled(u32),
    /// A session began.
    Registered(Arc<Session>),
    /// It has another nick; the session as it is now.
    Renamed {
        /// As it is now.
        session: Arc<Session>,
        /// What it was called before.
        from: Nick,
    },
    /// It has another nick because somebody registered the old one earlier, unseen until now.
    Displaced {
        /// As it is now.
        session: Arc<Session>,
        /// What it was called before.
        from: Nick,
    },
    /// Something else that others see changed.
    Altered {
        /// As it is now.
        session: Arc<Session>,
        /// As it was.
        before: Arc<Session>,
        /// What.
        change: Change,
    },
    /// It is on another connection now, maybe of another node.
    Attached {
        /// As it is now.
        session: Arc<Session>,
        /// The node that it was on.
        from: NodeId,
    },
    /// It is over; the session as it last was.
    Ended {
        /// As it last was.
        session: Arc<Session>,
        /// Shown in QUIT.
        reason: Arc<str>,
        /// Who killed it.
        by: Option<Nick>,
    },
    /// Something happened to an account.
    Account(AccountEvent),
}

/// Why a directory command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryRefusal {
    /// Founded already.
    AlreadyFounded,
    /// Another node has this name.
    NameTaken {
        /// Its identity.
        by: NodeId,
    },
    /// No such member.
    UnknownMember,
    /// No such group, or it was never placed.
    UnknownGroup,
    /// That can be done to a dead member only.
    MemberAlive(NodeId),
    /// Somebody has this nick.
    NickInUse {
        /// Who.
        by: SessionId,
    },
    /// The nick is the name of somebody else's account.
    NickReserved(Nick),
    /// About an account.
    Account(AccountRefusal),
    /// No such session (any more).
    UnknownSession,
    /// That is not the session's key, or it has none.
    WrongKey,
    /// The id drawn for a session is in use; draw another.
    SessionIdInUse,
    /// Another view came first.
    ViewIsAt {
        /// The epoch of the one that holds; 0: none.
        epoch: u64,
    },
    /// The view contradicts itself.
    ViewUnsound,
    /// This node may lack what was acknowledged: it cannot lead, or only the primary could say that it
    /// has caught up.
    NotInSync(NodeId),
}
