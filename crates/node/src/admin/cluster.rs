//! What an operator asks a node about the network's nodes and groups, over the cluster port.
//!
//! Promise: each answer says whether anything happened. What would lose something is refused with what it
//! would lose; forced, it says what it has lost.

use crate::Contact;
use crate::run::{AdminError, ask};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What can be asked. Nodes are called by their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterQuestion {
    /// Leaderships, groups and clients shall leave a node, which stays a member and runs on.
    Drain {
        /// Which.
        name: String,
    },
    /// They may come back.
    Undrain {
        /// Which.
        name: String,
    },
    /// A node that is dead, or empty, is a member no longer.
    Remove {
        /// Which.
        name: String,
        /// Even if something is lost by it.
        force: bool,
    },
    /// A dead node is a member no longer, and another member takes its places.
    Replace {
        /// Who is dead.
        dead: String,
        /// Who takes its places.
        by: String,
        /// Even if something is lost by it.
        force: bool,
    },
    /// A group shall live on these nodes and stay there.
    Move {
        /// Its number.
        group: u32,
        /// The nodes, the one that should lead first.
        to: Vec<String>,
    },
    /// A group that was moved shall live where the ring says.
    Release {
        /// Its number.
        group: u32,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterAnswer {
    /// The directory has decided so; a sentence each of what follows, and of what is lost.
    Done(Vec<String>),
    /// It was so before; nothing was done.
    Already(String),
    /// It did not happen and will not; why.
    Refused(String),
    /// It may have happened, or may yet; what is known.
    Unknown(String),
}

/// Asks the node at a cluster address. An error means that no answer came; it may have acted all the same.
///
/// # Errors
/// Nobody answered, or not a node of this version.
pub fn ask_cluster(
    at: impl Into<Contact>,
    question: &ClusterQuestion,
    limit: Duration,
) -> Result<ClusterAnswer, AdminError> {
    ask(at.into(), &crate::core::Question::Cluster(question.clone()), limit)
}
