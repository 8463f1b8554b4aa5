//! What an operator asks a node over the cluster port: here about rooms, in `cluster` about the network.
//!
//! Promise: each answer says whether anything happened. That port knows nobody: whoever reaches it may ask
//! this, so what can be asked is narrow. A room can be looked at from outside, made without anybody
//! in it, or be replicated in another way; nobody joins, speaks, is put out or gets power by it.

mod cluster;

use crate::Contact;
use crate::run::{AdminError, ask};
use crate::status::RoomStatus;
use chat::Replication;
pub use cluster::{ClusterAnswer, ClusterQuestion, ask_cluster};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What can be asked of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomQuestion {
    /// How it is.
    Show {
        /// As people write it.
        name: String,
    },
    /// Make it, with nobody in it.
    Create {
        /// As people write it.
        name: String,
        /// How it shall be replicated.
        replication: Replication,
    },
    /// Replicate it in another way from now on.
    Change {
        /// As people write it.
        name: String,
        /// In which.
        replication: Replication,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomAnswer {
    /// It is so.
    Shown(Box<RoomStatus>),
    /// It was done, and is so now.
    Done(Box<RoomStatus>),
    /// It was so before; nothing was done.
    Already(Box<RoomStatus>),
    /// There is such a room, replicated in another way; nothing was done.
    Exists(Box<RoomStatus>),
    /// Nobody has made it; nothing was done.
    NoSuchRoom,
    /// It did not happen and will not; why.
    Refused(String),
    /// It may have happened, or may yet; what is known.
    Unknown(String),
}

/// Asks the node at a cluster address. An error means that no answer came; it may have acted all the same.
pub fn ask_room(
    at: impl Into<Contact>,
    question: &RoomQuestion,
    limit: Duration,
) -> Result<RoomAnswer, AdminError> {
    ask(at.into(), &crate::core::Question::Room(question.clone()), limit)
}
