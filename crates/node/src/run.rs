//! A node in a process of its own: real network, real clock, real disk. Implementation lands next.

use crate::{Config, Handle, Status};
use std::time::Duration;

/// Why a node did not start; nothing was changed unless the text says so.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("data directory {path}: {why}")]
    DataDir {
        /// Which.
        path: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The cluster address cannot be listened on.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// Which.
        address: String,
        /// The system's words.
        why: String,
    },
    /// The cluster refused this node, for example because another has its name.
    #[error("the cluster refused this node: {0}")]
    Refused(String),
}

/// A node that runs in its own threads.
pub struct Running {
    handle: Handle,
}

impl Running {
    /// For doors.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes nobody new, hands leaderships over, tells doors to move their clients away; returns when
    /// that is done or `limit` has passed. The node still runs.
    pub fn drain(&self, limit: Duration) {
        let _ = limit;
    }

    /// Stops; everything acknowledged is on disk. Idempotent.
    pub fn stop(&self) {}

    /// Returns when the node has stopped by itself or by [`Running::stop`]; `Err` says what broke.
    pub fn wait(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Starts a node: listens, opens its data, founds or joins. Returns once it is listening; it becomes
/// ready by itself (see `Status`).
pub fn start(config: Config) -> Result<Running, StartError> {
    Err(StartError::Refused(config.name))
}

/// Why a running node could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Nothing listens there, or it does not answer in time.
    #[error("no answer from {address}: {why}")]
    NoAnswer {
        /// Which.
        address: String,
        /// The system's words.
        why: String,
    },
    /// Something answered, but not a Starling node of this version.
    #[error("{address} does not speak like a Starling node")]
    NotANode {
        /// Which.
        address: String,
    },
}

/// Asks the node at a cluster address for its status.
pub fn ask_status(address: &str, limit: Duration) -> Result<Status, AdminError> {
    let _ = limit;
    Err(AdminError::NotANode {
        address: address.to_owned(),
    })
}
