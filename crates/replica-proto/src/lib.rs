//! Replication as pure arithmetic: the hybrid logical clock, the ring, gossip, and primary-backup.

#![forbid(unsafe_code)]

pub mod gossip;
mod hlc;
mod planted;
mod ring;

pub mod primary_backup;

#[allow(dead_code, unused_imports)]
#[cfg(test)]
mod testnet;

pub use hlc::Clock;
pub use ring::{GroupRing, Ring};
