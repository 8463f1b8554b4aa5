//! What the door must be told.

use crate::Zone;
use node::lookup::Policy;
use std::net::SocketAddr;

/// Configuration of the door, checked by whoever read it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens, and for which zone.
    pub listeners: Vec<Listener>,
    /// In which order nodes are named.
    pub policy: Policy,
    /// Answers a second over UDP to all addresses that share their first 24 bits, of IPv6 56; 0: as many
    /// as are asked for.
    pub answers_per_prefix: u32,
}

/// One address, by UDP and by TCP.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Which; not port 0, because both have the same.
    pub address: SocketAddr,
    /// What it answers for.
    pub zone: Zone,
}
