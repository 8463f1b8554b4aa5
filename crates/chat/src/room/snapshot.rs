//! A group's rooms as bytes, for checkpoints and lagging replicas.
//!
//! Promise: `restore` of `snapshot` behaves as the original for every later command. What can be
//! derived (which rooms a session is in) is not written but rebuilt.

use super::numbers::{Numbers, NumbersSnapshot};
use super::{Room, Rooms};
use crate::codec::{self, Unreadable};
use crate::{Limits, RoomName, Stamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One variant per layout. A changed field of `Room` is a new layout: add a variant, keep the old.
#[derive(Serialize, Deserialize)]
enum Snapshot<'a> {
    V1 { last: Stamp, rooms: Cow<'a, BTreeMap<RoomName, Room>>, numbers: NumbersSnapshot },
}

impl Rooms {
    /// Whole state as bytes, for checkpoints and lagging replicas.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        codec::encode(&Snapshot::V1 {
            last: self.last,
            rooms: Cow::Borrowed(&self.rooms),
            numbers: self.numbers.snapshot(),
        })
    }

    /// The state that [`Rooms::snapshot`] wrote.
    pub fn restore(origin: u32, limits: Limits, bytes: &[u8]) -> Result<Rooms, Unreadable> {
        let Snapshot::V1 { last, rooms, numbers } = codec::decode(bytes)?;
        let mut restored = Rooms::new(origin, limits);
        restored.last = last;
        restored.rooms = rooms.into_owned();
        restored.numbers = Numbers::restore(numbers, limits.remembered_sessions_max);
        for (name, room) in &restored.rooms {
            for session in room.occupants.keys() {
                let names = restored.rooms_of.entry(*session).or_default();
                names.insert(name.clone());
            }
        }
        Ok(restored)
    }
}
