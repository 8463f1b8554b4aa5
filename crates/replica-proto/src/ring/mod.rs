//! Consistent hashing with virtual nodes (Karger et al., STOC 1997).
//!
//! Promise: placement depends on names alone, so that every node computes the same one; adding or
//! removing one of N nodes moves about 1/N of the groups.

mod bounded;
mod groups;
mod nodes;

pub use groups::GroupRing;
pub use nodes::Ring;
