//! Records: what happened in rooms and conversations.

use super::Asker;
use crate::encode;
use crate::shard::{Member, Room, Shard};
use crate::turn::Turn;
use crate::verbs::{names, topic};
use chat::directory::Session;
use chat::{ModeChange, Place, Record, RoomName, SessionId, What};
use irc_proto::{Cap, LineWriter};
use node::door::RoomView;

impl Shard {
    pub(super) fn on_record(
        &mut self,
        record: &Record,
        asker: Option<Asker>,
        view: Option<Box<RoomView>>,
    ) {
        let Place::Room(room) = &record.place else {
            self.on_direct(record, asker);
            return;
        };
        match &record.what {
            What::Quit { .. } => {} // The directory told of it already, once for all rooms.
            What::Joined { .. } => self.on_joined(room, record, asker, view),
            What::Invited { session, .. } => self.on_invited(room, record, *session),
            What::Said { .. } | What::Topic { .. } | What::Replicated { .. } | What::Met { .. } => {
                self.tell_room(room, record, asker);
            }
            What::Parted { .. } => {
                self.tell_room(room, record, asker);
                self.leave_room(room, record.who.session);
            }
            What::Kicked { session, .. } => {
                self.tell_room(room, record, asker);
                self.leave_room(room, *session);
            }
            What::Modes { changes } => {
                self.tell_room(room, record, asker);
                self.follow_modes(room, changes);
            }
        }
    }

    /// The heart of the door: one line to everybody here who is in the room.
    fn tell_room(&mut self, name: &RoomName, record: &Record, asker: Option<Asker>) {
        let source = self.sessions.get(&record.who.session).copied();
        let (is_said, status) = match &record.what {
            What::Said { status, .. } => (true, *status),
            _ => (false, None),
        };
        let Shard { rooms, outs, fan, .. } = self;
        fan.clear();
        let room = rooms.get(name);
        let shown = room.map_or(name.as_str(), |it| &it.shown);
        let write = |class, out: &mut Vec<u8>| encode::record(out, record, shown, class, None);
        let mut source_is_in = false;
        for member in room.map_or(&[][..], |it| &it.members) {
            if Some(member.slot) == source {
                source_is_in = true;
                continue;
            }
            if status.is_some_and(|it| !member.reads(it)) {
                continue;
            }
            let line = fan.line(outs.class(member.slot), write);
            if !line.is_empty() {
                outs.deliver(member.slot, line);
            }
        }
        let Some(source) = source else {
            return;
        };
        let is_told = if is_said { outs.caps(source).has(Cap::EchoMessage) } else { source_is_in };
        if is_told {
            let line = fan.line(outs.class(source), write);
            match asker.filter(|it| it.slot == source && it.label.is_some()) {
                None => outs.deliver(source, line),
                Some(_) => {
                    let line = line.to_vec();
                    self.tell_under_label(source, asker, &line);
                }
            }
        }
    }

    fn on_direct(&mut self, record: &Record, asker: Option<Asker>) {
        let What::Said { to: Some((reader, _)), .. } = &record.what else {
            return;
        };
        let mut line = Vec::new();
        if let Some(slot) = self.sessions.get(reader).copied() {
            encode::record(&mut line, record, "*", self.outs.class(slot), None);
            if !line.is_empty() {
                self.outs.deliver(slot, &line);
            }
        }
        if let Some(slot) = self.sessions.get(&record.who.session).copied()
            && self.outs.caps(slot).has(Cap::EchoMessage)
        {
            line.clear();
            encode::record(&mut line, record, "*", self.outs.class(slot), None);
            if !line.is_empty() {
                self.tell_under_label(slot, asker, &line);
            }
        }
    }

    fn on_joined(
        &mut self,
        name: &RoomName,
        record: &Record,
        asker: Option<Asker>,
        view: Option<Box<RoomView>>,
    ) {
        let What::Joined { shown, is_operator, .. } = &record.what else {
            return;
        };
        let source = self.sessions.get(&record.who.session).copied();
        if let Some(slot) = source {
            let room = self.rooms.entry(name.clone()).or_insert_with(|| Room {
                shown: view.as_ref().map_or(shown, |it| &it.shown).clone(),
                members: Vec::new(),
            });
            let seen = view
                .as_ref()
                .and_then(|it| it.occupants.iter().rfind(|it| it.session.id == record.who.session));
            let member = Member {
                slot,
                is_operator: seen.map_or(*is_operator, |it| it.is_operator),
                is_voiced: seen.is_some_and(|it| it.is_voiced),
            };
            if !self.conns[slot as usize].rooms.contains(name) {
                self.conns[slot as usize].rooms.push(name.clone());
                room.members.push(member);
            }
        }
        if !self.rooms.contains_key(name) {
            return;
        }
        self.tell_room(name, record, asker);
        let Some(slot) = source else {
            return;
        };
        self.tell_away(name, slot, record);
        if let Some(view) = view {
            let label = asker.filter(|it| it.slot == slot).and_then(|it| it.label);
            self.run_under_label(slot, label, false, |turn| {
                if view.topic.is_some() {
                    topic::show(turn, &view);
                }
                names::show(turn, &view);
            });
        }
    }

    /// A session that goes on on this connection is in a room already: it is told so, and nobody else.
    pub(crate) fn come_back_to(&mut self, slot: u32, session: &Session, view: &RoomView) {
        let Some(seen) = view.occupants.iter().find(|it| it.session.id == session.id) else {
            return;
        };
        let (is_operator, is_voiced) = (seen.is_operator, seen.is_voiced);
        let room = self
            .rooms
            .entry(view.room.clone())
            .or_insert_with(|| Room { shown: view.shown.clone(), members: Vec::new() });
        room.members.push(Member { slot, is_operator, is_voiced });
        self.conns[slot as usize].rooms.push(view.room.clone());
        let turn = &mut Turn { shard: self, slot };
        let source = format!("{}!{}@{}", session.nick, session.user, session.host);
        let is_extended = turn.has(Cap::ExtendedJoin);
        let mut line = turn.bare();
        line.source(&source).verb("JOIN").param(&view.shown);
        if is_extended {
            line.param(session.account.as_deref().unwrap_or("*")).trailing(&session.realname);
        }
        line.finish();
        if view.topic.is_some() {
            topic::show(turn, view);
        }
        names::show(turn, view);
    }

    /// Those with away-notify learn that who came in is away.
    fn tell_away(&mut self, name: &RoomName, slot: u32, record: &Record) {
        let Some(session) = self.conn(slot).session().cloned() else {
            return;
        };
        let (Some(away), Some(room)) = (&session.away, self.rooms.get(name)) else {
            return;
        };
        for member in &room.members {
            let caps = self.outs.caps(member.slot);
            if member.slot != slot && caps.has(Cap::AwayNotify) {
                let class = self.outs.class(member.slot);
                let out = self.outs.buffer(member.slot);
                let at = record.id.stamp;
                encode::about(out, &session, session.nick.as_str(), at, class)
                    .verb("AWAY")
                    .trailing(away)
                    .finish();
            }
        }
    }

    fn on_invited(&mut self, name: &RoomName, record: &Record, invited: SessionId) {
        let invited = self.sessions.get(&invited).copied();
        let source = self.sessions.get(&record.who.session).copied();
        let shown = self.rooms.get(name).map_or(name.as_str(), |it| &it.shown);
        let mut readers: Vec<u32> = invited.into_iter().collect();
        if let Some(room) = self.rooms.get(name) {
            // invite-notify: those who could have invited.
            let others = room.members.iter().filter(|it| {
                it.is_operator
                    && Some(it.slot) != source
                    && Some(it.slot) != invited
                    && self.outs.caps(it.slot).has(Cap::InviteNotify)
            });
            readers.extend(others.map(|it| it.slot));
        }
        for slot in readers {
            let class = self.outs.class(slot);
            encode::record(self.outs.buffer(slot), record, shown, class, None);
        }
    }

    fn leave_room(&mut self, name: &RoomName, session: SessionId) {
        let Some(slot) = self.sessions.get(&session).copied() else {
            return;
        };
        self.conns[slot as usize].rooms.retain(|it| it != name);
        if let Some(room) = self.rooms.get_mut(name) {
            room.members.retain(|it| it.slot != slot);
            if room.members.is_empty() {
                self.rooms.remove(name);
            }
        }
    }

    fn follow_modes(&mut self, name: &RoomName, changes: &[ModeChange]) {
        let Shard { rooms, sessions, .. } = self;
        let Some(room) = rooms.get_mut(name) else {
            return;
        };
        for change in changes {
            let Some(slot) = change.session.and_then(|it| sessions.get(&it)) else {
                continue;
            };
            if let Some(member) = room.members.iter_mut().find(|it| it.slot == *slot) {
                match change.letter {
                    'o' => member.is_operator = change.is_set,
                    'v' => member.is_voiced = change.is_set,
                    _ => {}
                }
            }
        }
    }
}

impl Member {
    /// Whether a message for those with at least this prefix is for them.
    fn reads(&self, status: char) -> bool {
        self.is_operator || (status == '+' && self.is_voiced)
    }
}

/// MONITOR's lines.
pub(super) fn monitor_line(out: &mut Vec<u8>, server: &str, code: u16, client: &str, who: &str) {
    LineWriter::reply(out, server, code, client).trailing(who).finish();
}
