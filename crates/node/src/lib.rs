//! One process of the network: chat machines on replicated logs, sessions, delivery.
//!
//! Doors see [`Handle`] and the types of `door`; nothing here knows a door.

pub mod accounts;
pub mod admin;
pub mod door;
pub mod lookup;
pub mod pem;
#[cfg(any(test, feature = "failpoints"))]
pub mod points;
pub mod status;

pub use door::{Answer, Ask, ConnId, Delivery, Handle, Query, Request, ShardId, View};
pub use status::Status;

mod config;
mod contact;
mod core;
mod gate;
mod identity;
mod per_address;
mod run;
mod shell;

pub use crate::core::lay_out;
pub use config::{Accounts, Config, Names, Rebalance};
pub use contact::Contact;
pub use gate::{Admitted, Gate};
pub use per_address::PerAddress;
pub use replica::net::{Stream, Tls};
pub use run::{AdminError, Running, StartError, ask_status, start};
pub use shell::{Env, Node, prepare};
