//! What the door must be told.

use node::lookup::Policy;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Configuration of the door, checked by whoever read it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// In which order nodes are named to those who do not say.
    pub policy: Policy,
    /// Connections from one address.
    pub connections_per_ip: usize,
}

/// One socket to listen on.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Where.
    pub address: SocketAddr,
    /// Certificate chain and key, PEM files: with them it speaks TLS. They are read when the door opens.
    pub tls: Option<(PathBuf, PathBuf)>,
}
