//! What happened in a room after it came to a group, while its departure from the group before has not been
//! applied here yet: it waits, so that everybody here sees the old era to its end first.

use super::Core;
use crate::ConnId;
use crate::door::Answer;
use chat::room::{Room, RoomCommand};
use chat::{Place, Record, RoomName};
use replica::store::GroupId;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// So long at most: then it is shown, in whatever order. Far longer than any cut or election: a group that
/// was left is lost altogether then.
const HELD_MS: u64 = 120_000;
/// For what was said before a room's gossip ended: its node may be away, and come back whenever.
const TALK_HELD_MS: u64 = 5_000;
/// So many of a room at most.
const HELD_MAX: usize = 10_000;

/// What a command came to, for those who see it and for who asked.
pub(super) struct Telling {
    pub(super) records: Vec<Arc<Record>>,
    pub(super) asked: Option<(ConnId, u64)>,
    pub(super) answer: Option<(u64, Answer)>,
}

/// One that waits.
pub(super) struct Held {
    telling: Telling,
    /// For this move to be applied in this group.
    until: (GroupId, u64),
    since_ms: u64,
}

/// Of a room: from which group, and by which move.
pub(super) type Ahead = (RoomName, (GroupId, u64));

pub(super) type HeldOf = VecDeque<Held>;

/// Whose those are: what came to a group of a room.
type Key = (GroupId, RoomName);

impl Held {
    /// By its number.
    pub(super) fn move_awaited(&self) -> u64 {
        self.until.1
    }
}

impl Core {
    /// What the outcome of a command in a group has to wait for, if anything.
    pub(super) fn is_ahead(&self, group: GroupId, command: &RoomCommand) -> Option<Ahead> {
        let Place::Room(name) = &command.place else { return None };
        let room = self.rooms.get(&group)?.room(name.as_str())?;
        if room.epoch() == 0 {
            return None;
        }
        let until = self
            .awaits(group, name, room)
            .or_else(|| self.awaits_talk(name, room.epoch()))
            .or_else(|| self.is_behind_held(group, name, room).then_some((group, room.epoch())))?;
        Some((name.clone(), until))
    }

    /// Something that happened in the room before waits, in this group or in an earlier era in another.
    fn is_behind_held(&self, group: GroupId, name: &RoomName, room: &Room) -> bool {
        let is_earlier = |it: &Held| it.move_awaited() < room.epoch();
        let is_before =
            |of| self.first_held(of, name).is_some_and(|it| of == group || is_earlier(it));
        !self.held.is_empty() && self.keys_of(name).iter().any(|it| is_before(it.0))
    }

    /// Under which the room's may wait.
    fn keys_of(&self, name: &RoomName) -> Vec<Key> {
        let groups = self.groups.of_home(self.home_of(name)).chain([self.groups.talk()]);
        groups.map(|it| (it, name.clone())).collect()
    }

    pub(super) fn hold(
        &mut self,
        group: GroupId,
        name: &RoomName,
        until: (GroupId, u64),
        telling: Telling,
    ) {
        let held = self.held.entry((group, name.clone())).or_default();
        // What several nodes gossip comes in any order of eras; of one node, and of a group, in theirs.
        let place = match group == self.groups.talk() {
            true => held.partition_point(|it| it.until.1 <= until.1),
            false => held.len(),
        };
        held.insert(place, Held { telling, until, since_ms: self.now_ms });
        if held.len() > HELD_MAX {
            self.moves_seen += 1; // Looked at soon.
        }
    }

    /// Something of a room waits for what was said in it before.
    pub(super) fn is_held_back(&self, group: GroupId, name: &RoomName) -> bool {
        self.first_held(group, name).is_some_and(|it| it.until.0 == self.groups.talk())
    }

    /// What waits in a group to be told next of a room.
    pub(super) fn first_held(&self, group: GroupId, name: &RoomName) -> Option<&Held> {
        if self.held.is_empty() {
            return None; // The usual case.
        }
        self.held.get(&(group, name.clone()))?.front()
    }

    /// Tells what need not wait any more.
    pub(super) fn release_held(&mut self) {
        let rooms: BTreeSet<RoomName> = self.held.keys().map(|it| it.1.clone()).collect();
        for name in rooms {
            while let Some(telling) = self.next_held(&name) {
                self.tell(telling);
            }
        }
        self.held.retain(|_, it| !it.is_empty());
    }

    /// The next of a room, if it need not wait: what one group tells may be what is awaited in another. It is of
    /// the earliest era there is, also if it has to be told though what it waits for is missing: all else may
    /// wait for that, and for nothing that is missing.
    fn next_held(&mut self, name: &RoomName) -> Option<Telling> {
        let keys = self.keys_of(name);
        let fronts: Vec<_> =
            keys.iter().filter_map(|key| Some((key, self.awaited(key)?))).collect();
        let era = fronts.iter().map(|it| it.1.1).min()?;
        let mut first = fronts.into_iter().filter(|it| it.1.1 == era).peekable();
        let (key, until) = *first.peek()?;
        if let Some((key, _)) = first.find(|(key, until)| self.has_come(key, *until)) {
            return self.pop_held(key);
        }
        self.begin_anew(keys.iter().filter(|it| *it != key));
        let is_talk = until.0 == self.groups.talk();
        let held_ms = if is_talk { TALK_HELD_MS } else { HELD_MS };
        let since_ms = self.held.get(key)?.front()?.since_ms;
        let are_many = |it: &Key| self.held.get(it).is_some_and(|it| it.len() > HELD_MAX);
        if self.now_ms - since_ms <= held_ms && !keys.iter().any(are_many) {
            return None;
        }
        tracing::warn!(group = %key.0, room = %name, "its last words in {} are missing", until.0);
        self.give_up(name, until);
        self.pop_held(key)
    }

    /// What is missing of gossip is waited for from when nothing else is.
    fn begin_anew<'a>(&mut self, keys: impl Iterator<Item = &'a Key>) {
        let (talk, now_ms) = (self.groups.talk(), self.now_ms);
        for key in keys {
            let front = self.held.get_mut(key).and_then(|it| it.front_mut());
            if let Some(front) = front.filter(|it| it.until.0 == talk) {
                front.since_ms = now_ms;
            }
        }
    }

    fn pop_held(&mut self, key: &Key) -> Option<Telling> {
        self.held.get_mut(key)?.pop_front().map(|it| it.telling)
    }

    /// What the first of a group's waits for. Of a room that came from its home, where it gossiped before,
    /// that has to come, too.
    fn awaited(&mut self, key: &Key) -> Option<(GroupId, u64)> {
        let until = self.held.get(key)?.front()?.until;
        let is_of_gossip = [key.0, until.0].contains(&self.groups.talk());
        if is_of_gossip || !self.has_come(key, until) {
            return Some(until);
        }
        let Some(until) = self.awaits_talk(&key.1, until.1) else { return Some(until) };
        let now_ms = self.now_ms;
        let front = self.held.get_mut(key)?.front_mut()?;
        (front.until, front.since_ms) = (until, now_ms);
        Some(until)
    }

    fn has_come(&self, key: &Key, until: (GroupId, u64)) -> bool {
        match self.groups.talk() {
            talk if until.0 == talk => self.has_all_talk(&key.1, until.1),
            talk if key.0 == talk => self.has_begun(&key.1, until.1),
            _ => self.known_move(until.0, &key.1) >= until.1,
        }
    }
}
