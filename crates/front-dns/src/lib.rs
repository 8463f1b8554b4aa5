//! The DNS door: answers for one zone, out of the list of members, over UDP and TCP.
//!
//! Promise: only healthy nodes are named, in the order of the policy; what is not a question of the
//! zone gets a short refusal or nothing; over UDP an answer has at most 512 bytes and at most ten times
//! those of its query, and who asks too often gets few of them. No packet makes it panic.
//!
//! What must be right is in [`Responder`]: a packet and where it came from go in, a packet or nothing
//! comes out. Around it `udp` and `tcp` read and write.

mod config;
mod door;
mod measures;
mod rate;
mod respond;
mod tcp;
mod udp;

mod answer;
mod names;
mod question;
mod size;
mod zone;

#[cfg(test)]
mod scene;

pub use config::{Config, Listener};
pub use door::{Door, StartError};
pub use respond::{Outcome, Responder, Via};
pub use zone::Zone;
