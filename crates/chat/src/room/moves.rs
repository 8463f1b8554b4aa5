//! Rooms that leave a group and come into it, and by which numbers their commands are judged meanwhile.
//!
//! Promise: of a room that moves no command is applied twice and none is taken for a repeat that was
//! not applied, in whichever group and in whichever order its copies arrive.

use super::journey::Moved;
use super::numbers::Numbers;
use super::{Carried, Refusal, Room, RoomCommand, RoomVerb, Rooms};
use crate::{Place, Replication, RoomName, Stamp};

impl Rooms {
    /// True for a command that was applied here already, or in a group where its room was before.
    #[must_use]
    pub fn is_repeat(&self, command: &RoomCommand) -> bool {
        let RoomCommand { who, number, place, verb, .. } = command;
        match place {
            Place::Room(name) if self.is_judged_by_room(name, verb) => {
                let here = self.rooms.get(name).map(|it| &it.numbers);
                let numbers = here.or_else(|| self.moved.get(name).map(Moved::numbers));
                numbers.is_some_and(|it| it.has(who.session, *number))
            }
            _ => self.numbers.has(who.session, *number),
        }
    }

    /// Why a command comes too late for the era that it was sent for. Others of its session may have been
    /// turned away before it, while the room was elsewhere.
    pub(super) fn turns_away(&self, command: &RoomCommand) -> Option<Refusal> {
        let Place::Room(name) = &command.place else { return None };
        let room = self.rooms.get(name)?;
        let is_late = command.era.is_some_and(|it| it < room.epoch());
        is_late.then(|| Refusal::Moved { to: room.replication(), epoch: room.epoch() })
    }

    /// Where a room lives, and since which move, as far as this group knows. Its home group is the
    /// authority; none there: no such room. Of two groups' answers, the higher epoch is the newer.
    #[must_use]
    pub fn lives(&self, name: &str) -> Option<(Replication, u64)> {
        let here = self.rooms.get(name).map(|it| (it.replication(), it.epoch()));
        here.or_else(|| self.moved.get(name).map(|it| (it.to, it.epoch)))
    }

    /// The room as this group last had it.
    #[must_use]
    pub fn newest(&self, name: &str) -> Option<&Room> {
        let moved = || self.moved.get(name).map(|it| it.carried.room());
        self.rooms.get(name).or_else(moved)
    }

    /// The stamp of the last record of the group.
    #[must_use]
    pub fn last(&self) -> Stamp {
        self.last
    }

    /// What the group where a room lives now must be told of it; none for one that did not leave this
    /// group last.
    #[must_use]
    pub fn carried(&self, name: &str) -> Option<Carried> {
        let moved = self.moved.get(name)?;
        (moved.epoch == moved.carried.epoch()).then(|| moved.carried.clone())
    }

    /// The rooms that left this group: where they live, and since which move.
    pub fn moved(&self) -> impl Iterator<Item = (&RoomName, Replication, u64)> {
        self.moved.iter().map(|(name, it)| (name, it.to, it.epoch))
    }

    /// The last epoch of a room that is no more, for the groups that still believe it to be here.
    #[must_use]
    pub fn gone(&self, name: &str) -> Option<u64> {
        self.gone.epoch(name)
    }

    /// By the numbers of its room: everything in a room that has moved, or may have. A session's
    /// numbers rise over all groups, and a command that comes from another group after its room may be
    /// below what the session did here meanwhile.
    pub(super) fn is_judged_by_room(&self, name: &RoomName, verb: &RoomVerb) -> bool {
        if is_of_group(verb) {
            return false;
        }
        match self.rooms.get(name) {
            Some(room) => room.epoch() > 0,
            None => {
                self.moved.contains_key(name)
                    || self.replication != Replication::Raft
                    || self.gone.next_life(name) > 0
            }
        }
    }

    /// Why a room is not here.
    pub(super) fn absent(&self, name: &RoomName) -> Refusal {
        match self.moved.get(name) {
            Some(moved) => Refusal::Moved { to: moved.to, epoch: moved.epoch },
            None if self.is_home() => Refusal::NoSuchRoom,
            None => Refusal::NotHere { epoch: self.known_epoch(name) },
        }
    }

    /// The last move of a room that this group has heard of; 0: none.
    pub(super) fn known_epoch(&self, name: &RoomName) -> u64 {
        let known = self.lives(name.as_str()).map(|(_, epoch)| epoch);
        known.or_else(|| self.gone.epoch(name.as_str())).unwrap_or_default()
    }

    /// Rooms are made here, and live here unless they are replicated in a way that needs another group.
    fn is_home(&self) -> bool {
        self.replication == Replication::Raft
    }

    /// Rooms that are replicated so live in this group. Of gossip, all that needs an order is at home.
    pub(super) fn keeps(&self, replication: Replication) -> bool {
        replication == self.replication || (self.is_home() && replication == Replication::Gossip)
    }

    /// A new era of the room begins after its last record: here, or in another group.
    pub(super) fn go_on(&mut self, name: &RoomName, to: Replication) {
        if !self.keeps(to) {
            return self.send_away(name, to);
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.journey.go(to, self.last, self.limits.eras_max);
        }
    }

    /// The room goes to another group, after its last record here.
    fn send_away(&mut self, name: &RoomName, to: Replication) {
        if let Some(room) = self.take(name) {
            let moved = Moved::new(room, to, self.last, self.limits.eras_max);
            self.moved.insert(name.clone(), moved);
        }
    }

    /// The room is here from now on. Hands back the numbers of its earlier era here, if any.
    pub(super) fn take_in(&mut self, name: &RoomName, room: Room) -> Option<Numbers> {
        let earlier = match self.take(name) {
            Some(room) => Some(room.numbers),
            None => self.moved.remove(name).map(|it| it.carried.room.numbers),
        };
        self.gone.take(name.as_str());
        for session in room.occupants.keys() {
            let names = self.rooms_of.entry(*session).or_default();
            names.insert(name.clone());
            self.numbers.note(*session, 0, true, self.limits.remembered_sessions_max);
        }
        self.rooms.insert(name.clone(), room);
        earlier
    }

    /// Takes a room out, and its occupants off the index.
    fn take(&mut self, name: &RoomName) -> Option<Room> {
        let room = self.rooms.remove(name)?;
        for session in room.occupants.keys() {
            self.unlink(name, *session);
        }
        Some(room)
    }
}

/// About the group, or between groups: of nodes, not of somebody in a room.
fn is_of_group(verb: &RoomVerb) -> bool {
    matches!(
        verb,
        RoomVerb::Forget { .. }
            | RoomVerb::Expire { .. }
            | RoomVerb::Adopt { .. }
            | RoomVerb::AdoptOwned { .. }
            | RoomVerb::Lives { .. }
            | RoomVerb::Gone { .. }
            | RoomVerb::Tail { .. }
            | RoomVerb::Open { .. }
    )
}

#[cfg(test)]
mod tests {
    use crate::room::scene::{Scene, who};
    use crate::room::{Refusal, RoomCommand, RoomVerb};
    use crate::{Limits, Place, Replication, RoomName, SayKind, Stamp};

    /// What alice says, as she sent it while the room was in this era.
    fn said(scene: &mut Scene, number: u64, era: u64) -> Vec<Refusal> {
        let (kind, tags) = (SayKind::Message, Vec::new());
        let verb = RoomVerb::Say { kind, text: "hello".into(), tags, status: None, to: None };
        let place = Place::Room(RoomName::parse("#rust").expect("a room's name"));
        let command = RoomCommand { who: who("alice"), number, era: Some(era), place, verb };
        scene.rooms.apply(Stamp::from_ms(2_000), command).refused
    }

    #[test]
    fn what_was_sent_before_a_room_went_and_came_back_does_not_overtake_what_was_turned_away() {
        let mut home = Scene::default();
        let mut away = Scene::of(Replication::PrimaryBackup, Limits::default());
        home.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> fence #rust primary-backup
             < alice moved it from raft to primary-backup, epoch 1",
        );
        let moved = Refusal::Moved { to: Replication::PrimaryBackup, epoch: 1 };
        assert_eq!(said(&mut home, 2, 0), [moved]);
        away.adopts(&home, "#rust");
        away.plays(
            "alice> fence #rust raft\n< alice moved it from primary-backup to raft, epoch 2",
        );
        home.adopts(&away, "#rust");
        let back = Refusal::Moved { to: Replication::Raft, epoch: 2 };
        assert_eq!(said(&mut home, 3, 0), [back]);
        assert_eq!(said(&mut home, 2, 2), []);
        assert_eq!(said(&mut home, 3, 2), []);
    }
}
