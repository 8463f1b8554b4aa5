//! The IRC door: TCP, TLS and WebSocket.

mod config;
mod door;

pub use config::{Config, Listener, Operator, Transport};
pub use door::{Door, StartError, start};
