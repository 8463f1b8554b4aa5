//! A state fetched from a peer takes the place of ours: local clients are told what changed in between.
//!
//! The records in between are in the history; live, their sum is shown as joins, parts and ends, so that
//! no client goes on with a wrong picture of who is there.

use super::watching::SERVER_LOST;
use super::{Core, DIRECTORY};
use crate::door::Delivery;
use chat::directory::{MemberState, Session};
use chat::room::Rooms;
use chat::{RoomName, Stamp};
use replica::store::GroupId;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Core {
    /// Takes a fetched state in place of ours.
    pub(super) fn install(&mut self, group: GroupId, state: &[u8], was_reset: bool) {
        let is_restored = if group == DIRECTORY || group == self.groups.of_names() {
            self.install_directory(group, state, was_reset)
        } else if group == self.groups.talk() {
            self.join_talk(state)
        } else {
            self.install_rooms(group, state)
        };
        if !is_restored {
            self.fatal.get_or_insert(format!(
                "{group}: a peer sent a state that this version cannot read"
            ));
            return;
        }
        if self.engine.holds(group) == Some(true) {
            self.checkpoint_installed(group);
        } else {
            self.engine.installed(group); // An observer keeps nothing on disk.
        }
    }

    fn install_directory(&mut self, group: GroupId, state: &[u8], was_reset: bool) -> bool {
        let Ok(fresh) = self.directory.with(self.groups.part_of(group), state) else {
            return false;
        };
        let before = std::mem::replace(&mut self.directory, fresh);
        (self.members_changed, self.placement_news) = (true, true);
        let now = Stamp::from_ms(self.wall_ms);
        let gone: Vec<Arc<Session>> = before
            .sessions()
            .filter(|it| self.directory.session(it.id).is_none())
            .cloned()
            .collect();
        // A replica that was not reset only lagged behind: who is missing ended meanwhile. (An observer is not told
        // of a reset.)
        let is_other_line = was_reset || self.engine.holds(group) != Some(true);
        if was_reset {
            self.restate(&before);
        }
        let over = if is_other_line { self.claim(gone) } else { gone };
        for session in over {
            let is_lost = session.node == self.me && self.stall.is_recent(self.now_ms);
            let reason = if is_lost { SERVER_LOST } else { "Session ended" };
            self.ended(session, reason.into(), None, now);
        }
        if was_reset {
            self.end_left_behind();
        }
        if self.directory.member(self.me).is_some_and(|it| it.state == MemberState::Down) {
            self.begin_anew_if_cut_off();
        }
        self.let_go_of_moved();
        let changed: Vec<(Option<Arc<Session>>, Arc<Session>)> = self
            .directory
            .sessions()
            .map(|it| (before.session(it.id).cloned(), it.clone()))
            .filter(|(old, new)| old.as_ref() != Some(new))
            .collect();
        for (old, session) in changed {
            match old {
                None => self.deliver_each(None, |_| Delivery::Began(session.clone())),
                Some(old) if old.nick != session.nick => {
                    let rooms = self.rooms_of(session.id);
                    self.deliver_each(None, |asked| Delivery::Renamed {
                        session: session.clone(),
                        from: old.nick.clone(),
                        rooms: rooms.clone(),
                        at: now,
                        asked,
                    });
                }
                Some(_) => {}
            }
        }
        true
    }

    pub(super) fn install_rooms(&mut self, group: GroupId, state: &[u8]) -> bool {
        let fresh = if state.is_empty() {
            Rooms::of(self.groups.replication(group), group.0, self.limits)
        } else {
            match Rooms::restore(group.0, self.limits, state) {
                Ok(fresh) => fresh,
                Err(_) => return false,
            }
        };
        let names: BTreeSet<RoomName> = self
            .names_of_home(group)
            .chain(fresh.iter().map(|it| it.0.clone()))
            .chain(fresh.moved().map(|it| it.0.clone()))
            .collect();
        for name in &names {
            self.track(name);
        }
        self.rooms.insert(group, fresh);
        self.see_stamps_of(group);
        self.drop_expired(group);
        self.find_moves();
        self.moves_seen += 1;
        self.release_held();
        self.settle_told();
        true
    }

    /// Rooms that are not in the new state expired while this replica was away, with their history.
    fn drop_expired(&mut self, group: GroupId) {
        let history = self.history.borrow();
        let rooms = &self.rooms[&group];
        let is_gone = |key: &&[u8]| {
            let name = std::str::from_utf8(key).unwrap_or_default();
            name.starts_with('#') && rooms.lives(name).is_none() // Of who left, it is a part.
        };
        let keys = history.rooms(group).map(|it| it.0);
        let gone: Vec<Vec<u8>> = keys.filter(is_gone).map(<[u8]>::to_vec).collect();
        drop(history);
        for key in gone {
            let dropped = self.history.borrow_mut().drop_room(group, &key);
            if let Err(why) = dropped {
                self.history_failed(&why);
            }
            let name = std::str::from_utf8(&key).ok().and_then(|it| RoomName::parse(it).ok());
            if let Some(name) = name.filter(|it| self.home_of(it) == group) {
                self.drop_talk(&name);
            }
        }
    }

    /// The rooms of a group's home, wherever they live.
    fn names_of_home(&self, group: GroupId) -> impl Iterator<Item = RoomName> {
        let home = self.groups.home_of(group);
        let names = self.all_rooms().map(|it| it.0);
        names.filter(move |it| self.home_of(it) == home).cloned()
    }
}
