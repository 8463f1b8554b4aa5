//! Who is in a room, as local clients were told, while that may differ from what the room is here.
//!
//! Promise: once all groups of a room are as far as each other, everybody here has been told who is in it.
//! Until then each record that is told counts, and what a fetched state skipped is not guessed: a room whose
//! groups have come differently far cannot be compared with itself.

use super::Core;
use chat::{MsgId, Place, Record, RoomName, SessionId, Stamp, What, Who};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of a room.
pub(super) type Told = BTreeMap<SessionId, Who>;

impl Core {
    /// Something is about to happen to the room that clients are not told record by record.
    pub(super) fn track(&mut self, name: &RoomName) {
        if self.told.contains_key(name) {
            return;
        }
        let occupants = self.occupants(name);
        self.told.insert(name.clone(), occupants);
    }

    /// A record was told.
    pub(super) fn follow_told(&mut self, record: &Record) {
        let Place::Room(name) = &record.place else { return };
        let Some(told) = self.told.get_mut(name) else { return };
        match &record.what {
            What::Joined { .. } => _ = told.insert(record.who.session, record.who.clone()),
            What::Parted { .. } | What::Quit { .. } => _ = told.remove(&record.who.session),
            What::Kicked { session, .. } => _ = told.remove(session),
            _ => {}
        }
    }

    /// Tells what is missing of rooms that can be compared again.
    pub(super) fn settle_told(&mut self) {
        let names: Vec<RoomName> = self.told.keys().cloned().collect();
        for name in names.iter().filter(|it| self.is_whole(it)).cloned().collect::<Vec<_>>() {
            if let Some(told) = self.told.remove(&name) {
                self.tell_difference(&name, &told);
            }
        }
    }

    /// No group of the room is ahead of another, and nothing waits to be told.
    fn is_whole(&self, name: &RoomName) -> bool {
        self.groups.of_home(self.home_of(name)).all(|group| {
            let room = self.rooms.get(&group).and_then(|it| it.room(name.as_str()));
            room.is_none_or(|it| self.awaits(group, name, it).is_none())
                && !self.held.contains_key(&(group, name.clone()))
        })
    }

    fn occupants(&self, name: &RoomName) -> Told {
        let room = self.room(name);
        let occupants = room.iter().flat_map(|it| it.occupants());
        occupants.map(|it| (it.who.session, it.who.clone())).collect()
    }

    fn tell_difference(&mut self, name: &RoomName, told: &Told) {
        let now = self.occupants(name);
        for (session, who) in told {
            // Of a session that has ended everybody has heard.
            if !now.contains_key(session) && self.directory.session(*session).is_some() {
                self.deliver_change(name, who, What::Parted { reason: "".into() });
            }
        }
        for (session, who) in &now {
            let Some(room) = self.room(name).filter(|_| !told.contains_key(session)) else {
                continue;
            };
            let shown = room.shown().into();
            let realname = self.directory.session(*session).map(|it| it.realname.clone());
            let realname = realname.unwrap_or_else(|| "".into());
            let what = What::Joined { realname, is_operator: false, shown };
            self.deliver_change(name, who, what);
        }
    }

    fn deliver_change(&mut self, name: &RoomName, who: &Who, what: What) {
        let id = MsgId { stamp: Stamp::from_ms(self.wall_ms), origin: self.home_of(name).0 };
        let place = Place::Room(name.clone());
        self.deliver_record(Arc::new(Record { id, place, who: who.clone(), what }), None);
    }
}
