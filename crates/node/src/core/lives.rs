//! Where each room lives, as this node knows it.
//!
//! Promise: a room is seen in one place, and with everything that happened in it before. The groups are
//! followed each at its own pace: a room that has come to a group counts as being there only once its
//! departure from the group before was applied here too.

use super::Core;
use chat::room::Room;
use chat::{RoomName, SessionId};
use replica::store::GroupId;
use std::borrow::Cow;

/// Where a room is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lives<'a> {
    /// In this group.
    Here(GroupId, &'a Room),
    /// It left this group, and has not come to the next yet.
    OnItsWay(GroupId),
    /// Nobody has made it, as far as we know.
    Nowhere,
}

impl Core {
    /// The group whose state says where a room lives.
    pub(super) fn home_of(&self, name: &RoomName) -> GroupId {
        GroupId(self.ring.group_of(name.as_str()))
    }

    /// Where a room is.
    pub(super) fn lives(&self, name: &RoomName) -> Lives<'_> {
        self.lives_of(self.home_of(name), name)
    }

    fn lives_of(&self, home: GroupId, name: &RoomName) -> Lives<'_> {
        let mut newest: Option<(u64, bool)> = None;
        let mut found = Lives::Nowhere;
        for group in self.groups.of_home(home) {
            let Some(rooms) = self.rooms.get(&group) else { continue };
            let Some((_, epoch)) = rooms.lives(name.as_str()) else { continue };
            let room = rooms.room(name.as_str());
            if room.is_some_and(|it| self.awaits(group, name, it).is_some()) {
                continue;
            }
            // Of the group that it left and the one that it came to, which know the same move, the latter.
            let known = (epoch, room.is_some());
            if newest.is_none_or(|it| it < known) {
                newest = Some(known);
                found = room.map_or(Lives::OnItsWay(group), |it| Lives::Here(group, it));
            }
        }
        found
    }

    /// A room of a group that is here before its departure from another: from which, and which move.
    pub(super) fn awaits(
        &self,
        group: GroupId,
        name: &RoomName,
        room: &Room,
    ) -> Option<(GroupId, u64)> {
        let era = room.eras().last()?;
        let from = self.groups.group_for(self.groups.home_of(group), era.replication);
        if from == group {
            return None; // It did not leave.
        }
        (self.known_move(from, name) < room.epoch()).then_some((from, room.epoch()))
    }

    /// The last move of a room that a group knows of, as far as it was applied here.
    pub(super) fn known_move(&self, group: GroupId, name: &RoomName) -> u64 {
        let Some(rooms) = self.rooms.get(&group) else { return 0 };
        let lives = rooms.lives(name.as_str()).map(|it| it.1);
        lives.or_else(|| rooms.gone(name.as_str())).unwrap_or_default()
    }

    /// One room. Of one on its way: as it left.
    pub(super) fn room(&self, name: &RoomName) -> Option<Cow<'_, Room>> {
        match self.lives(name) {
            Lives::Here(_, room) => Some(Cow::Borrowed(room)),
            Lives::OnItsWay(from) => {
                let carried = self.rooms.get(&from)?.carried(name.as_str())?;
                Some(Cow::Owned(carried.room().clone()))
            }
            Lives::Nowhere => None,
        }
    }

    /// All rooms, each once.
    pub(super) fn all_rooms(&self) -> impl Iterator<Item = (&RoomName, Cow<'_, Room>)> {
        let here = self.rooms.iter().flat_map(move |(group, rooms)| {
            let here = rooms.iter().filter(move |(name, _)| self.is_in_group(*group, name));
            here.map(|(name, room)| (name, Cow::Borrowed(room)))
        });
        here.chain(self.rooms_on_their_way())
    }

    /// The rooms that a session is in, each once.
    pub(super) fn rooms_with(
        &self,
        session: SessionId,
    ) -> impl Iterator<Item = (&RoomName, Cow<'_, Room>)> {
        let here = self.rooms.iter().flat_map(move |(group, rooms)| {
            let names = rooms.rooms_of(session).filter(move |it| self.is_in_group(*group, it));
            names.filter_map(|name| Some((name, Cow::Borrowed(rooms.room(name.as_str())?))))
        });
        let is_in = move |it: &(_, Cow<'_, Room>)| it.1.occupant(session).is_some();
        here.chain(self.rooms_on_their_way().filter(is_in))
    }

    fn is_in_group(&self, group: GroupId, name: &RoomName) -> bool {
        let lives = self.lives_of(self.groups.home_of(group), name);
        matches!(lives, Lives::Here(it, _) if it == group)
    }

    fn rooms_on_their_way(&self) -> impl Iterator<Item = (&RoomName, Cow<'_, Room>)> {
        self.moving.keys().filter_map(|(group, name)| {
            match self.lives_of(self.groups.home_of(*group), name) {
                Lives::OnItsWay(from) if from == *group => Some((name, self.room(name)?)),
                _ => None,
            }
        })
    }
}
