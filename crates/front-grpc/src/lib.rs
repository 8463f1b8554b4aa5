//! The gRPC door: `starling.v1.Directory`, out of the list of members.
//!
//! Promise: an answer needs nothing of the node's loop; connections, what each may ask at once, and
//! what waits for a slow one are bounded.

mod config;
mod connection;
mod convert;
mod directory;
mod door;
mod measures;

pub use config::{Config, Listener};
pub use door::{Door, StartError};
