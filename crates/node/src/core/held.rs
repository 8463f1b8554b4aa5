//! What happened in a room after it came to a group, while its departure from the group before has not been
//! applied here yet: it waits, so that everybody here sees the old era to its end first.

use super::Core;
use crate::ConnId;
use crate::door::Answer;
use chat::room::RoomCommand;
use chat::{Place, Record, RoomName};
use replica::store::GroupId;
use std::collections::VecDeque;
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
        let behind =
            self.held.get(&(group, name.clone())).and_then(|it| it.back()).map(|it| it.until);
        let until = self
            .awaits(group, name, room)
            .or_else(|| self.awaits_talk(name, room.epoch()))
            .or(behind)?;
        Some((name.clone(), until))
    }

    pub(super) fn hold(
        &mut self,
        group: GroupId,
        name: &RoomName,
        until: (GroupId, u64),
        telling: Telling,
    ) {
        let held = self.held.entry((group, name.clone())).or_default();
        held.push_back(Held { telling, until, since_ms: self.now_ms });
        if held.len() > HELD_MAX {
            self.moves_seen += 1; // Looked at soon.
        }
    }

    /// Something of a room waits for what was said in it before.
    pub(super) fn is_held_back(&self, group: GroupId, name: &RoomName) -> bool {
        let held = self.held.get(&(group, name.clone())).and_then(|it| it.front());
        held.is_some_and(|it| it.until.0 == self.groups.talk())
    }

    /// Tells what need not wait any more.
    pub(super) fn release_held(&mut self) {
        let mut is_done = false;
        while !is_done {
            is_done = true; // What one group tells may be what is awaited in another.
            let keys: Vec<_> = self.held.keys().cloned().collect();
            for key in keys {
                while let Some(telling) = self.next_held(&key) {
                    is_done = false;
                    self.tell(telling);
                }
            }
            self.held.retain(|_, it| !it.is_empty());
        }
    }

    fn next_held(&mut self, key: &(GroupId, RoomName)) -> Option<Telling> {
        let front = self.held.get(key)?.front().map(|it| it.until)?;
        if key.0 != self.groups.talk() && self.has_come(key, front) {
            self.wait_for_talk(key);
        }
        let held = self.held.get(key)?;
        let (until, since_ms) = held.front().map(|it| (it.until, it.since_ms))?;
        let has_come = self.has_come(key, until);
        let is_talk = until.0 == self.groups.talk();
        let held_ms = if is_talk { TALK_HELD_MS } else { HELD_MS };
        let is_late = self.now_ms - since_ms > held_ms || held.len() > HELD_MAX;
        if !has_come && is_late {
            if is_talk {
                self.given_up.insert(key.1.clone(), until.1); // It is not waited for again.
            }
            tracing::warn!(group = %key.0, room = %key.1, "its last words in {} are missing", until.0);
        }
        let next = (has_come || is_late).then(|| self.held.get_mut(key)?.pop_front());
        Some(next??.telling)
    }

    fn has_come(&self, key: &(GroupId, RoomName), until: (GroupId, u64)) -> bool {
        match self.groups.talk() {
            talk if until.0 == talk => self.has_all_talk(&key.1, until.1),
            talk if key.0 == talk => self.has_begun(&key.1, until.1),
            _ => self.known_move(until.0, &key.1) >= until.1,
        }
    }

    /// Of a room that came from its home, where it gossiped before: that has to come, too.
    fn wait_for_talk(&mut self, key: &(GroupId, RoomName)) {
        let front = self.held.get(key).and_then(|it| it.front()).map(|it| it.until);
        let Some(epoch) = front.filter(|it| it.0 != self.groups.talk()).map(|it| it.1) else {
            return;
        };
        let Some(until) = self.awaits_talk(&key.1, epoch) else { return };
        let now_ms = self.now_ms;
        if let Some(front) = self.held.get_mut(key).and_then(|it| it.front_mut()) {
            (front.until, front.since_ms) = (until, now_ms);
        }
    }
}
