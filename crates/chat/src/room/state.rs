//! The state of one group's rooms. Implementation lands next; the shape is fixed.

use super::{Outcome, RoomCommand};
use crate::codec::Unreadable;
use crate::{Limits, Nick, RoomName, SessionId, Stamp, Who};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All rooms of one group.
#[derive(Clone, Debug, Default)]
pub struct Rooms {
    /// The rooms by folded name.
    rooms: BTreeMap<RoomName, Room>,
}

/// One room.
#[derive(Clone, Debug, Default)]
pub struct Room {}

/// A room's topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its words.
    pub text: Arc<str>,
    /// `nick!user@host` of who set it.
    pub set_by: Arc<str>,
    /// When.
    pub set_at: Stamp,
}

/// Somebody in a room.
#[derive(Clone, Debug)]
pub struct Occupant {
    /// As they were when they last did something here (nick may be older than the directory's).
    pub who: Who,
    /// `@`
    pub is_operator: bool,
    /// `+`
    pub is_voiced: bool,
}

impl Rooms {
    /// No rooms yet. `origin` marks the ids made here (the group's number).
    #[must_use]
    pub fn new(origin: u32, limits: Limits) -> Rooms {
        let _ = (origin, limits);
        Rooms::default()
    }

    /// Applies one command stamped not before `now`. Never fails, never panics.
    pub fn apply(&mut self, now: Stamp, command: RoomCommand) -> Outcome {
        let _ = (now, command);
        Outcome::default()
    }

    /// Whole state as bytes, for checkpoints and lagging replicas.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The state that [`Rooms::snapshot`] wrote.
    pub fn restore(origin: u32, limits: Limits, bytes: &[u8]) -> Result<Rooms, Unreadable> {
        let _ = bytes;
        Ok(Rooms::new(origin, limits))
    }

    /// One room.
    #[must_use]
    pub fn room(&self, name: &str) -> Option<&Room> {
        self.rooms.get(name)
    }

    /// All rooms in the order of their folded names.
    pub fn iter(&self) -> impl Iterator<Item = (&RoomName, &Room)> {
        self.rooms.iter()
    }

    /// The rooms this session is in.
    pub fn rooms_of(&self, session: SessionId) -> impl Iterator<Item = &RoomName> {
        let _ = session;
        self.rooms.keys()
    }

    /// Every session that occupies some room here, for reconciliation with the directory.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        std::iter::empty()
    }

    /// True when `number` of `session` was applied already.
    #[must_use]
    pub fn has_applied(&self, session: SessionId, number: u64) -> bool {
        let _ = (session, number);
        false
    }
}

impl Room {
    /// The name as its creator wrote it.
    #[must_use]
    pub fn shown(&self) -> &str {
        ""
    }

    /// When it was created.
    #[must_use]
    pub fn created_at(&self) -> Stamp {
        Stamp::default()
    }

    /// Topic, if any.
    #[must_use]
    pub fn topic(&self) -> Option<&Topic> {
        None
    }

    /// Occupants in a fixed order.
    pub fn occupants(&self) -> impl Iterator<Item = &Occupant> {
        std::iter::empty()
    }

    /// One occupant.
    #[must_use]
    pub fn occupant(&self, session: SessionId) -> Option<&Occupant> {
        let _ = session;
        None
    }

    /// How many are in.
    #[must_use]
    pub fn occupant_count(&self) -> usize {
        0
    }

    /// Simple modes as shown by MODE: letters (`imnst`, `k`, `l`) and parameters of `k` and `l`.
    #[must_use]
    pub fn modes(&self) -> (String, Option<&str>, Option<u32>) {
        (String::new(), None, None)
    }

    /// `+s`: not listed, not shown in WHOIS to others.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        false
    }

    /// The `b`, `e` or `I` list: mask, who set it, when.
    pub fn list(&self, letter: char) -> impl Iterator<Item = (&str, &str, Stamp)> {
        let _ = letter;
        std::iter::empty()
    }

    /// May read history: an occupant, or anybody where the room is neither secret, keyed nor
    /// invite-only and does not ban them.
    #[must_use]
    pub fn may_read(&self, who: &Who) -> bool {
        let _ = who;
        false
    }

    /// An occupant by nick as known here.
    #[must_use]
    pub fn occupant_by_nick(&self, nick: &Nick) -> Option<&Occupant> {
        let _ = nick;
        None
    }
}
