//! What passes between the groups of a room that moves: the room itself, and what is heard of it later.
//!
//! Whoever leads the group that a room left sees to it, at once and again until it is done; all of it may
//! arrive twice.

use super::{Asker, Core, Own};
use chat::codec::encode;
use chat::room::{RoomCommand, RoomVerb};
use chat::{Place, RoomName};
use replica::store::GroupId;

/// What was proposed and has not happened is proposed again after this long: longer than a commit takes.
const AGAIN_MS: u64 = 500;
/// Time between two looks through all rooms that ever left a group, in milliseconds: moves are seen when
/// they happen, this is for those from before this node was here.
const SEARCH_MS: u64 = 5_000;

/// Something a group must be told of a room.
struct Errand {
    to: GroupId,
    verb: RoomVerb,
}

impl Core {
    /// A room left this group, or expired in another: see to it until all groups know.
    pub(super) fn note_move(&mut self, group: GroupId, name: &RoomName) {
        self.moving.entry((group, name.clone())).or_default();
        self.moves_seen += 1;
    }

    /// A room expired here: wherever it was before, its history goes too.
    pub(super) fn note_expired(&mut self, group: GroupId, name: &RoomName) {
        let others: Vec<GroupId> = self.groups.of_home(self.groups.home_of(group)).collect();
        for other in others.into_iter().filter(|it| *it != group) {
            let rooms = self.rooms.get(&other);
            if rooms.is_some_and(|it| it.lives(name.as_str()).is_some()) {
                self.note_move(other, name);
            }
        }
    }

    /// A duty: looks for moves that are not complete.
    pub(super) fn search_moves(&mut self) {
        if self.last_search_ms.is_none_or(|it| self.now_ms - it >= SEARCH_MS) {
            self.find_moves();
        }
    }

    /// Looks through all that ever left a group.
    pub(super) fn find_moves(&mut self) {
        self.last_search_ms = Some(self.now_ms);
        self.find_closing();
        let left = self
            .rooms
            .iter()
            .flat_map(|(group, rooms)| rooms.moved().map(move |(name, ..)| (*group, name.clone())));
        let is_open = |(group, name): &(GroupId, RoomName)| self.errands(*group, name).is_some();
        let open: Vec<_> = left.filter(is_open).collect();
        for (group, name) in open {
            if !self.moving.contains_key(&(group, name.clone())) {
                self.note_move(group, &name);
            }
        }
    }

    /// Proposes what is missing for the rooms under way, where this node leads the group they left.
    pub(super) fn carry_rooms(&mut self) {
        let under_way: Vec<_> = self.moving.iter().map(|(it, at)| (it.clone(), *at)).collect();
        for (key, proposed_ms) in under_way {
            let (group, name) = &key;
            let Some(errands) = self.errands(*group, name) else {
                self.moving.remove(&key);
                continue;
            };
            let is_due = proposed_ms.is_none_or(|it| self.now_ms - it >= AGAIN_MS);
            if !is_due || !self.engine.is_serving(*group) {
                continue;
            }
            for Errand { to, verb } in errands {
                let place = Place::Room(name.clone());
                let command =
                    RoomCommand { who: self.own_who(), number: 0, era: None, place, verb };
                self.submit(to, Asker::Own(Own::Whatever), encode(&command));
            }
            self.moving.insert(key, Some(self.now_ms));
        }
    }

    /// What has to be said of a room that left a group. `None`: nothing any more.
    fn errands(&self, group: GroupId, name: &RoomName) -> Option<Vec<Errand>> {
        let rooms = self.rooms.get(&group)?;
        if rooms.room(name.as_str()).is_some() {
            return None; // It is back.
        }
        let (lives, epoch) = rooms.lives(name.as_str())?;
        let home = self.groups.home_of(group);
        let others = self.groups.of_home(home).filter(|it| *it != group);
        let gone = others.filter_map(|it| self.rooms.get(&it)?.gone(name.as_str())).max();
        if let Some(gone) = gone.filter(|it| *it >= epoch) {
            return Some(vec![Errand { to: group, verb: RoomVerb::Gone { epoch: gone } }]);
        }
        let mut errands = Vec::new();
        let to = self.groups.group_for(home, lives);
        if self.known_move(to, name) < epoch
            && let Some(carried) = rooms.carried(name.as_str())
        {
            errands.push(Errand { to, verb: carried.into_verb() });
        }
        let is_news = group != home && to != home && self.known_move(home, name) < epoch;
        if is_news {
            errands.push(Errand { to: home, verb: RoomVerb::Lives { to: lives, epoch } });
        }
        (!errands.is_empty()).then_some(errands)
    }
}
