//! Replication as pure arithmetic: the hybrid logical clock and the ring.

#![forbid(unsafe_code)]

mod hlc;
mod ring;

pub use hlc::Clock;
pub use ring::{GroupRing, Ring};
