//! Rooms of one group, folded from its log.

mod command;
mod contents;
mod gone;
mod journey;
mod moves;
mod numbers;
mod outcome;
mod owned;
mod snapshot;
mod state;
mod verbs;

#[cfg(test)]
mod journeys;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scene;

pub use command::{RoomCommand, RoomVerb};
pub use contents::{Occupant, Room, Topic};
pub use journey::{Carried, Closing, Era, Tails};
pub use outcome::{Outcome, Refusal};
pub use owned::{Access, Ownership};
pub use state::Rooms;
