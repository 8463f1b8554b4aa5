//! A group's rooms as bytes, for checkpoints and lagging replicas.
//!
//! Promise: `restore` of `snapshot` behaves as the original for every later command. What can be
//! derived (which rooms a session is in) is not written but rebuilt.

use super::contents::{Flags, Lists};
use super::gone::Gone;
use super::journey::{Journey, Moved};
use super::numbers::{Numbers, NumbersSnapshot};
use super::{Occupant, Ownership, Room, Rooms, Topic};
use crate::codec::{self, Unreadable};
use crate::{Limits, Replication, RoomName, SessionId, Stamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// One variant per layout. A changed field of `Room` is a new layout: add a variant, keep the old.
#[derive(Serialize, Deserialize)]
enum Snapshot<'a> {
    V1 {
        last: Stamp,
        rooms: BTreeMap<RoomName, RoomV1>,
        numbers: NumbersSnapshot,
    },
    /// Was never released.
    V2,
    /// Rooms that move, and eras of gossip in their home.
    V3 {
        replication: Replication,
        last: Stamp,
        rooms: Cow<'a, BTreeMap<RoomName, Room>>,
        moved: Cow<'a, BTreeMap<RoomName, Moved>>,
        gone: Cow<'a, Gone>,
        numbers: NumbersSnapshot,
    },
    /// With owners, of rooms that are here or that left.
    V4 {
        replication: Replication,
        last: Stamp,
        rooms: Cow<'a, BTreeMap<RoomName, Room>>,
        moved: Cow<'a, BTreeMap<RoomName, Moved>>,
        gone: Cow<'a, Gone>,
        numbers: NumbersSnapshot,
        owned: BTreeMap<RoomName, Ownership>,
    },
}

/// A room before rooms could move.
#[derive(Serialize, Deserialize)]
struct RoomV1 {
    shown: Arc<str>,
    created_at: Stamp,
    last_used: Stamp,
    topic: Option<Topic>,
    flags: Flags,
    key: Option<Arc<str>>,
    occupants_max: Option<u32>,
    lists: Lists,
    invited: VecDeque<SessionId>,
    occupants: BTreeMap<SessionId, Occupant>,
}

impl RoomV1 {
    /// In a group without moves, what a session did last there is at least what it did last in a room.
    fn upgraded(self, of_group: &Numbers) -> Room {
        let mut numbers = Numbers::default();
        for session in self.occupants.keys() {
            numbers.note(*session, of_group.of(*session), true, usize::MAX);
        }
        Room {
            shown: self.shown,
            created_at: self.created_at,
            last_used: self.last_used,
            topic: self.topic,
            flags: self.flags,
            key: self.key,
            occupants_max: self.occupants_max,
            lists: self.lists,
            invited: self.invited,
            occupants: self.occupants,
            numbers,
            journey: Journey::default(),
            owned: None,
        }
    }
}

impl Rooms {
    /// Whole state as bytes, for checkpoints and lagging replicas.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let here = self.rooms.iter().map(|(name, room)| (name, room.ownership()));
        let left = self.moved.iter().map(|(name, it)| (name, it.carried.room().ownership()));
        let owned = here.chain(left);
        codec::encode(&Snapshot::V4 {
            replication: self.replication,
            last: self.last,
            rooms: Cow::Borrowed(&self.rooms),
            moved: Cow::Borrowed(&self.moved),
            gone: Cow::Borrowed(&self.gone),
            numbers: self.numbers.snapshot(),
            owned: owned.filter_map(|(name, it)| Some((name.clone(), it?.clone()))).collect(),
        })
    }

    /// The state that [`Rooms::snapshot`] wrote.
    pub fn restore(origin: u32, limits: Limits, bytes: &[u8]) -> Result<Rooms, Unreadable> {
        let mut restored = Rooms::new(origin, limits);
        let restore_numbers = |it| Numbers::restore(it, limits.remembered_sessions_max);
        match codec::decode(bytes)? {
            Snapshot::V1 { last, rooms, numbers } => {
                restored.last = last;
                restored.numbers = restore_numbers(numbers);
                let rooms = rooms.into_iter();
                restored.rooms =
                    rooms.map(|(name, it)| (name, it.upgraded(&restored.numbers))).collect();
            }
            Snapshot::V2 => return Err(Unreadable),
            Snapshot::V3 { replication, last, rooms, moved, gone, numbers } => {
                restored.replication = replication;
                restored.last = last;
                restored.rooms = rooms.into_owned();
                restored.moved = moved.into_owned();
                restored.gone = gone.into_owned();
                restored.numbers = restore_numbers(numbers);
            }
            Snapshot::V4 { replication, last, rooms, moved, gone, numbers, owned } => {
                restored.replication = replication;
                restored.last = last;
                restored.rooms = rooms.into_owned();
                restored.moved = moved.into_owned();
                restored.gone = gone.into_owned();
                restored.numbers = restore_numbers(numbers);
                for (name, owned) in owned {
                    restored.give(&name, owned);
                }
            }
        }
        for (name, room) in &restored.rooms {
            for session in room.occupants.keys() {
                let names = restored.rooms_of.entry(*session).or_default();
                names.insert(name.clone());
            }
        }
        Ok(restored)
    }
}

impl Rooms {
    fn give(&mut self, name: &RoomName, owned: Ownership) {
        let left = self.moved.get_mut(name).map(|it| &mut it.carried.room);
        if let Some(room) = self.rooms.get_mut(name).or(left) {
            room.owned = Some(Box::new(owned));
        }
    }

    /// After a restart.
    #[cfg(test)]
    pub(super) fn restored(&self) -> Rooms {
        Rooms::restore(self.origin, self.limits, &self.snapshot()).expect("our own snapshot")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::scene::{Scene, session};

    fn v1(room: &Room) -> RoomV1 {
        let room = room.clone();
        RoomV1 {
            shown: room.shown,
            created_at: room.created_at,
            last_used: room.last_used,
            topic: room.topic,
            flags: room.flags,
            key: room.key,
            occupants_max: room.occupants_max,
            lists: room.lists,
            invited: room.invited,
            occupants: room.occupants,
        }
    }

    #[test]
    fn a_state_from_before_rooms_had_owners_is_read() {
        let mut scene = Scene::default();
        scene.plays("alice> join #Rust\n< alice joined #Rust as operator");
        let it = &scene.rooms;
        let bytes = codec::encode(&Snapshot::V3 {
            replication: it.replication,
            last: it.last,
            rooms: Cow::Borrowed(&it.rooms),
            moved: Cow::Borrowed(&it.moved),
            gone: Cow::Borrowed(&it.gone),
            numbers: it.numbers.snapshot(),
        });
        let restored = Rooms::restore(1, Limits::default(), &bytes).expect("an older layout");
        assert_eq!(restored.snapshot(), it.snapshot());
    }

    #[test]
    fn a_state_from_before_rooms_could_move_is_read_and_its_rooms_move() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #Rust
             < alice joined #Rust as operator
             alice> mode #rust +bk bob!*@* sesame
             < alice set +bk bob!*@* sesame
             alice> topic #rust ours
             < alice set topic ours",
        );
        let room = scene.room("#rust").clone();
        let alice = session("alice");
        let bytes = codec::encode(&Snapshot::V1 {
            last: scene.rooms.last,
            rooms: [(RoomName::parse("#rust").expect("a name"), v1(&room))].into(),
            numbers: NumbersSnapshot::of(vec![(alice, 7)], vec![(session("bob"), 3)]),
        });
        let mut rooms = Rooms::restore(1, Limits::default(), &bytes).expect("an older layout");
        assert_eq!((rooms.last, rooms.replication), (scene.rooms.last, Replication::Raft));
        assert!(rooms.has_applied(alice, 7) && rooms.has_applied(session("bob"), 3));
        assert_eq!(rooms.sessions().collect::<Vec<_>>(), [alice]);
        let mut upgraded = rooms.room("#rust").cloned().expect("it was there");
        assert_eq!(upgraded.numbers.of(alice), 7);
        upgraded.numbers = Numbers::default();
        assert_eq!(upgraded, room);

        std::mem::swap(&mut scene.rooms, &mut rooms);
        scene.plays(
            "alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1",
        );
        let carried = scene.rooms.carried("#rust").expect("it is on its way");
        assert_eq!(carried.room().numbers.of(alice), 7);
    }
}
