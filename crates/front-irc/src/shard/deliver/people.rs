//! What happened to sessions: they come, go, and change.

use super::Asker;
use super::rooms::monitor_line;
use crate::accounts;
use crate::conn::Phase;
use crate::encode;
use crate::outs::Class;
use crate::shard::Shard;
use chat::directory::{Change, Session, UserModes};
use chat::{Nick, RoomName, Stamp};
use irc_proto::numeric::{RPL_MONOFFLINE, RPL_MONONLINE};
use irc_proto::{Cap, LineWriter};
use std::sync::Arc;

impl Shard {
    pub(super) fn on_began(&mut self, session: &Session) {
        self.tell_watchers(&session.nick, Some(session));
    }

    pub(super) fn on_renamed(
        &mut self,
        session: &Arc<Session>,
        from: &Nick,
        rooms: &[RoomName],
        at: Stamp,
        asker: Option<Asker>,
    ) {
        let own = self.keep(session);
        let write = |class: Class, out: &mut Vec<u8>| {
            encode::about(out, session, from.as_str(), at, class)
                .verb("NICK")
                .trailing(session.nick.as_str())
                .finish();
        };
        self.tell_sharers(rooms, own, None, write);
        self.tell_own(own, asker, write);
        if from.key() != session.nick.key() {
            self.tell_watchers(from, None);
            self.tell_watchers(&session.nick, Some(session));
        }
    }

    /// To whoever lost a nick without asking for it.
    pub(super) fn explain_displacement(&mut self, session: &Session, from: &Nick) {
        let Some(slot) = self.sessions.get(&session.id).copied() else { return };
        let why = format!(
            "While parts of the network did not see each other, {from} was registered twice, and elsewhere \
             earlier: you are {} now, and keep your rooms. /NICK chooses another name.",
            session.nick
        );
        let server = self.context.info.name.clone();
        let out = self.outs.buffer(slot);
        LineWriter::new(out)
            .source(&server)
            .verb("NOTICE")
            .param(session.nick.as_str())
            .trailing(&why)
            .finish();
    }

    pub(super) fn on_ended(
        &mut self,
        session: &Session,
        reason: &str,
        by: Option<&Nick>,
        rooms: &[RoomName],
        at: Stamp,
    ) {
        let reason = match by {
            Some(by) => format!("Killed ({by} ({reason}))"),
            None => reason.to_owned(),
        };
        let own = self.sessions.get(&session.id).copied();
        self.tell_sharers(rooms, own, None, |class, out| {
            encode::about(out, session, session.nick.as_str(), at, class)
                .verb("QUIT")
                .trailing(&reason)
                .finish();
        });
        self.tell_watchers(&session.nick, None);
        if let Some(slot) = own {
            self.close_ended(slot, &reason);
        }
    }

    pub(super) fn on_altered(
        &mut self,
        session: &Arc<Session>,
        before: &Session,
        change: &Change,
        rooms: &[RoomName],
        at: Stamp,
        asker: Option<Asker>,
    ) {
        let own = self.keep(session);
        let nick = session.nick.as_str();
        match change {
            Change::Away(away) => {
                self.tell_sharers(rooms, own, Some(Cap::AwayNotify), |class, out| {
                    let mut line = encode::about(out, session, nick, at, class);
                    line.verb("AWAY");
                    if let Some(away) = away {
                        line.trailing(away);
                    }
                    line.finish();
                });
            }
            Change::Realname(realname) => {
                let write = |class: Class, out: &mut Vec<u8>| {
                    let mut line = encode::about(out, session, nick, at, class);
                    line.verb("SETNAME").trailing(realname).finish();
                };
                self.tell_sharers(rooms, own, Some(Cap::Setname), write);
                let reader = own.filter(|it| self.outs.caps(*it).has(Cap::Setname));
                self.tell_own(reader, asker, write);
            }
            Change::Host { user, host } => {
                let write = |class: Class, out: &mut Vec<u8>| {
                    let mut line = encode::about(out, before, nick, at, class);
                    line.verb("CHGHOST").param(user).param(host).finish();
                };
                self.tell_sharers(rooms, own, Some(Cap::Chghost), write);
                let reader = own.filter(|it| self.outs.caps(*it).has(Cap::Chghost));
                self.tell_own(reader, asker, write);
            }
            Change::Account(account) => {
                let write = |class: Class, out: &mut Vec<u8>| {
                    let mut line = encode::about(out, session, nick, at, class);
                    line.verb("ACCOUNT").param(account.as_deref().unwrap_or("*")).finish();
                };
                self.tell_sharers(rooms, own, Some(Cap::AccountNotify), write);
                let reader = own.filter(|it| self.outs.caps(*it).has(Cap::AccountNotify));
                self.tell_own(reader, asker, write);
                if let (Some(slot), None) = (own, account) {
                    self.say_logged_out(slot);
                }
            }
            Change::Modes(_) | Change::Operator(_) => {
                let letters = mode_difference(before, session);
                if !letters.is_empty() {
                    self.tell_own(own, asker, |class, out| {
                        let mut line = encode::about(out, session, nick, at, class);
                        line.verb("MODE").param(nick).param(&letters).finish();
                    });
                }
            }
        }
    }

    fn say_logged_out(&mut self, slot: u32) {
        self.run_under_label(slot, None, false, accounts::say_logged_out);
    }

    /// The own copy of a session, if it is this shard's; gives its slot.
    fn keep(&mut self, session: &Arc<Session>) -> Option<u32> {
        let slot = self.sessions.get(&session.id).copied()?;
        if let Phase::Registered { session: kept, modes } = &mut self.conn_mut(slot).phase {
            if kept.modes != session.modes {
                *modes = session.modes;
            }
            *kept = session.clone();
        }
        Some(slot)
    }

    fn tell_own(
        &mut self,
        own: Option<u32>,
        asker: Option<Asker>,
        write: impl Fn(Class, &mut Vec<u8>),
    ) {
        if let Some(slot) = own {
            let mut line = Vec::new();
            write(self.outs.class(slot), &mut line);
            self.tell_under_label(slot, asker, &line);
        }
    }

    /// One line to everybody here who shares one of the rooms, but not to `own`.
    fn tell_sharers(
        &mut self,
        names: &[RoomName],
        own: Option<u32>,
        cap: Option<Cap>,
        write: impl Fn(Class, &mut Vec<u8>),
    ) {
        let Shard { rooms, outs, fan, .. } = self;
        fan.clear();
        outs.next_mark();
        if let Some(own) = own {
            outs.is_first(own);
        }
        for room in names.iter().filter_map(|it| rooms.get(it)) {
            for member in &room.members {
                let is_reader = cap.is_none_or(|it| outs.caps(member.slot).has(it));
                if is_reader && outs.is_first(member.slot) {
                    let line = fan.line(outs.class(member.slot), &write);
                    outs.deliver(member.slot, line);
                }
            }
        }
    }

    /// MONITOR: somebody has this nick now, or nobody has.
    fn tell_watchers(&mut self, nick: &Nick, session: Option<&Session>) {
        if self.monitors.is_empty() {
            return;
        }
        let Some(watchers) = self.monitors.get(nick.key().as_str()) else {
            return;
        };
        let (code, who) = match session {
            Some(it) => (RPL_MONONLINE, format!("{}!{}@{}", it.nick, it.user, it.host)),
            None => (RPL_MONOFFLINE, nick.to_string()),
        };
        for slot in watchers {
            let client = self.conns[*slot as usize].nick();
            monitor_line(self.outs.buffer(*slot), &self.context.info.name, code, client, &who);
        }
    }
}

/// `+i-w` between two states.
fn mode_difference(before: &Session, now: &Session) -> String {
    let flags = |session: &Session| {
        let UserModes { invisible, wallops, bot } = session.modes;
        [('i', invisible), ('o', session.operator.is_some()), ('w', wallops), ('B', bot)]
    };
    let (old, new) = (flags(before), flags(now));
    let mut letters = String::new();
    for (sign, set) in [('+', true), ('-', false)] {
        let changed = old.iter().zip(new).filter(|(old, new)| old.1 != new.1 && new.1 == set);
        let changed: String = changed.map(|(_, new)| new.0).collect();
        if !changed.is_empty() {
            letters.push(sign);
            letters.push_str(&changed);
        }
    }
    letters
}
