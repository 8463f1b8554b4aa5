//! Where a client should connect: who there is, who is healthy, and in which order to name them.
//!
//! Promise: an answer costs a look at a list that is already there, never a question to the node's
//! loop; nobody is named who drains, leaves, is down, or whose link just broke; and what is handed out
//! between two reports of load counts, so that a crowd is not sent to one node.
//!
//! The list is put there by the loop (`core/lookup`) whenever something of it changes. The policies are
//! pure: a file each, and what they remember between two lookups is an argument.

mod address;
mod choice;
mod member;
mod memory;
mod policy;
mod report;

mod ip_hash;
mod least_connections;
mod nearest;
mod round_robin;

#[cfg(test)]
mod scene;

pub use address::{DoorAddress, DoorKind, Doors, Host};
pub use choice::{Choice, Lookup, Publisher, Watch};
pub use member::{Health, Member, Members, Wanted};
pub use policy::Policy;

pub(crate) use report::Report;
