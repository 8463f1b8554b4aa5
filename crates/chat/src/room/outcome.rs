//! What a room command came to.

use crate::{Record, Replication, RoomName};
use std::sync::Arc;

/// The result of applying one command. All empty: a repeat, or nothing to change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What happened, in order. (A `Forget` may touch many rooms.)
    pub records: Vec<Arc<Record>>,
    /// What was refused; a mode command may be applied in part.
    pub refused: Vec<Refusal>,
    /// Rooms that are gone for good: their history goes too.
    pub expired: Vec<RoomName>,
    /// True when the session's number was already applied: the first answer stands.
    pub is_repeat: bool,
}

/// Why a command, or a part of it, did not happen and will not happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Nobody has ever made this room.
    NoSuchRoom,
    /// The asker is no occupant.
    NotInRoom,
    /// They are in already.
    AlreadyInRoom,
    /// `+b`, and no `+e`.
    Banned,
    /// `+i`, neither invited nor in `+I`.
    InviteOnly,
    /// `+k`.
    BadKey,
    /// `+l`.
    RoomFull,
    /// Needs `o`.
    NotOperator,
    /// The one meant is no occupant; by which name they were called.
    TargetNotInRoom(Arc<str>),
    /// The one invited is in the room already.
    TargetAlreadyInRoom(Arc<str>),
    /// `+n`, `+m`, or banned.
    CannotSend,
    /// A list of this letter is full; the mask that did not fit.
    ListFull(char, Arc<str>),
    /// A key is set already.
    KeySet,
    /// The parameter of this letter means nothing.
    BadModeParam(char, Arc<str>),
    /// No such mode letter.
    UnknownMode(char),
    /// Needs an account.
    NotLoggedIn,
    /// It is registered already.
    Owned,
    /// It is not registered.
    NotOwned,
    /// Needs its owner, or somebody whom they gave that power.
    NotOwner,
    /// As many accounts have access as may have.
    AccessFull,
    /// It is replicated so already.
    SameReplication,
    /// It is about to be replicated in another way: one thing after the other.
    IsMoving,
    /// The room has left this group, or has come back since the command was sent. Not this group's to answer:
    /// the command's number is not used up,
    /// and the same command is good where the room lives now.
    Moved {
        /// How it is replicated since.
        to: Replication,
        /// Of that move: of two answers, the one with the higher epoch is the newer.
        epoch: u64,
    },
    /// The room is not in this group, or not yet; its home group knows. As with `Moved`, the command's
    /// number is not used up.
    NotHere {
        /// The last that this group knows of a room of this name; 0: none.
        epoch: u64,
    },
}
