//! What is true: rooms and the directory, as pure deterministic machines.
//!
//! Promise: the same entries in the same order give the same state and the same outcomes on every
//! node. Nothing here reads a clock, draws a random number, or can fail: time and ids arrive inside
//! entries, and a refusal is an outcome like any other.

#![forbid(unsafe_code)]

mod ids;
mod limits;
mod mask;
mod names;
mod planted;
mod record;
mod replication;
mod who;

pub mod codec;
pub mod directory;
pub mod room;
pub mod talk;

pub use ids::{MsgId, NodeId, SessionId, Stamp};
pub use limits::Limits;
pub use mask::matches;
pub use names::{
    InvalidNick, InvalidRoomName, NICK_BYTES_MAX, Nick, ROOM_NAME_BYTES_MAX, RoomName, fold,
};
pub use record::{ModeChange, Place, Record, SayKind, Tags, What};
pub use replication::{InvalidReplication, Replication};
pub use who::Who;
