//! Replication as pure arithmetic: the hybrid logical clock, the ring, gossip, primary-backup, and elections.

#![forbid(unsafe_code)]

pub mod bully;
pub mod coordinated;
pub mod gossip;
mod hlc;
mod number;
mod planted;
pub mod primary_backup;
mod ring;
#[cfg(test)]
mod testnet;

pub use hlc::Clock;
pub use ring::{GroupRing, Ring};
