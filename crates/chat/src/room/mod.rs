//! Rooms of one group, folded from its log.

mod command;
mod outcome;
mod state;

pub use command::{RoomCommand, RoomVerb};
pub use outcome::{Outcome, Refusal};
pub use state::{Occupant, Room, Rooms, Topic};
