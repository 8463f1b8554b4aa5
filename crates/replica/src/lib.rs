//! How entries are replicated and stored. Entries are opaque bytes here.
//!
//! `engine` is the pure loop over all groups; `strategy` holds the ways to replicate one; `lane` carries
//! commands to a group exactly once; `net` is the wire between nodes; `store` is the disk.

pub mod engine;
pub mod lane;
pub mod net;
pub mod store;
pub mod strategy;

pub use engine::{Engine, Event};
pub use replica_proto::planted;
pub use store::GroupId;
pub use strategy::PeerId;
