//! What a node keeps on disk: one log for all groups, and the applied history of every room.
//!
//! Promise: what was reported as synced is there after any crash, or opening says what is damaged.
//! Never silently less, never wrong bytes. Bodies are opaque here.

pub mod disk;
mod frame;
pub mod history;
pub mod log;

pub use disk::{Disk, DiskFile, RealDisk, SimDisk};
pub use history::History;
pub use log::Log;

/// One replicated log with its replicas. Rooms are mapped to groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u32);

impl std::fmt::Display for GroupId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "g{}", self.0)
    }
}
