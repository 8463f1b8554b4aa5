//! The web door: HTTP/1.1 without TLS, out of the list of members.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/where?door=irc&policy=nearest&limit=3` | healthy nodes with such a door, best first, as JSON |
//! | `GET /v1/members` | all members, now and whenever one changes, as server-sent events |
//! | `GET /healthz` | 200 while this node takes clients, else 503 |
//!
//! Promise: an answer needs nothing of the node's loop; a client that is slow, silent or many costs a
//! place among a bounded number, and loses it.

mod config;
mod connection;
mod door;
mod measures;
mod routes;

mod healthz;
mod members;
mod problem;
mod where_to;

pub use config::{Config, Listener};
pub use door::{Door, StartError};
