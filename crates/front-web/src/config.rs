//! What the door must be told.

use node::lookup::Policy;
use std::net::SocketAddr;

/// Configuration of the door, checked by whoever read it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listeners: Vec<SocketAddr>,
    /// In which order nodes are named to those who do not say.
    pub policy: Policy,
    /// Connections from one address.
    pub connections_per_ip: usize,
}
