//! The door as a whole. Implementation lands next.

use crate::Config;
use node::Handle;
use std::net::SocketAddr;
use std::time::Duration;

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener's address cannot be used.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// Which.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// A certificate or key cannot be used.
    #[error("TLS for {address}: {why}")]
    Tls {
        /// Of which listener.
        address: String,
        /// What is wrong: a file that cannot be read, a certificate that does not match its key.
        why: String,
    },
    /// The node has stopped.
    #[error("the node has stopped")]
    NodeStopped,
}

/// An open door.
pub struct Door {
    addresses: Vec<SocketAddr>,
}

impl Door {
    /// Where it listens, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes nobody new and closes every connection with `reason`, spread over `over`.
    pub fn drain(&self, reason: &str, over: Duration) {
        let _ = (reason, over);
    }

    /// Closes everything and ends the threads.
    pub fn stop(self) {}
}

/// Binds every listener and starts the shards.
pub fn start(config: Config, handle: Handle) -> Result<Door, StartError> {
    let _ = (config, handle);
    Err(StartError::NodeStopped)
}
