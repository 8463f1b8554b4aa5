//! The IRC door: TCP, TLS and WebSocket.
//!
//! Holds no authority: what it knows of rooms and people it was told by the node. Connections live
//! in shards, one thread each, which share nothing but counters. See `shard`.

mod config;
mod door;

mod shard;

mod conn;
mod context;
mod measures;
mod outs;
mod pending;
mod stream;
mod websocket;

mod turn;

#[cfg(fuzzing)]
pub mod fuzzing;

mod accounts;
mod checker;
mod encode;
mod refusal;
mod register;
mod replies;
mod sasl;
mod say;
mod services;
mod verbs;

pub use config::{Config, Listener, Operator, Timings, Transport};
pub use door::{Door, StartError, start, start_with};
