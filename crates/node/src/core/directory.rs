//! Entries of the directory, applied: sessions begin, change and end; members come and go.

use super::detour::Parked;
use super::watching::{CUT_OFF, SERVER_LOST};
use super::{Asker, Core, PAST_MAX};
use crate::accounts::AccountRefused;
use crate::door::{Answer, ConnId, Delivery, Refused};
use chat::codec::decode;
use chat::directory::{
    DirectoryCommand, DirectoryEvent, DirectoryOutcome, DirectoryRefusal, MemberState, Session,
};
use chat::{RoomName, SessionId, Stamp};
use replica::engine::Applied;
use std::sync::Arc;

impl Core {
    pub(super) fn apply_directory(&mut self, applied: Applied) {
        let Applied { stamp, commands, tokens, index, .. } = applied;
        self.count_applied(commands.len());
        let mut tokens = tokens.into_iter();
        for command in commands {
            let token = tokens.next();
            let Ok(command) = decode::<DirectoryCommand>(&command) else {
                tracing::error!(index, "a directory command that cannot be read is skipped");
                if let Some(token) = token {
                    self.resolve(token, Answer::Unknown);
                }
                continue;
            };
            let outcome = self.directory.apply(Stamp(stamp), command);
            self.directory_outcome(token, outcome);
        }
    }

    fn directory_outcome(&mut self, token: Option<u64>, outcome: DirectoryOutcome) {
        let asker = token.and_then(|token| self.askers.get(&token)).cloned();
        let asked = match asker {
            Some(Asker::Conn { conn, tag }) => Some((conn, tag)),
            _ => None,
        };
        let DirectoryOutcome { events, refused, at } = outcome;
        for event in events {
            self.directory_event(event, asker.as_ref(), asked, at);
        }
        let Some(token) = token else { return };
        let answer = match refused {
            Some(why) => Answer::Refused(vec![self.refusal(why, asker.as_ref())]),
            None => match asker {
                Some(Asker::Registering { session, .. }) => match self.directory.session(session) {
                    Some(session) => Answer::Registered(session.clone()),
                    None => Answer::Refused(vec![Refused::NoSession]),
                },
                Some(Asker::Token { conn, token, .. }) => self.answer_with_token(conn, token),
                _ => Answer::Done,
            },
        };
        self.resolve(token, answer);
    }

    fn refusal(&self, why: DirectoryRefusal, asker: Option<&Asker>) -> Refused {
        match why {
            DirectoryRefusal::NickInUse { by } => match self.directory.session(by) {
                Some(session) => Refused::NickInUse(session.nick.clone()),
                None => Refused::Unavailable,
            },
            DirectoryRefusal::UnknownSession | DirectoryRefusal::WrongKey => Refused::NoSession,
            DirectoryRefusal::NickReserved(nick) => Refused::NickReserved(nick),
            DirectoryRefusal::Account(why) => Refused::Account(AccountRefused::Because(why)),
            DirectoryRefusal::NameTaken { .. } => Refused::Leaving,
            other => {
                tracing::warn!(?other, ?asker, "the directory refused");
                Refused::Unavailable
            }
        }
    }

    fn directory_event(
        &mut self,
        event: DirectoryEvent,
        asker: Option<&Asker>,
        asked: Option<(ConnId, u64)>,
        at: Stamp,
    ) {
        match event {
            DirectoryEvent::Registered(session) => self.began(session, asker),
            DirectoryEvent::Attached { session, .. } => self.attached(&session, asker),
            DirectoryEvent::Renamed { session, from } => {
                let rooms = self.rooms_of(session.id);
                self.deliver_each(asked, |asked| Delivery::Renamed {
                    session: session.clone(),
                    from: from.clone(),
                    rooms: rooms.clone(),
                    at,
                    asked,
                });
            }
            DirectoryEvent::Displaced { session, from } => {
                let rooms = self.rooms_of(session.id);
                self.deliver_each(None, |_| Delivery::Displaced {
                    session: session.clone(),
                    from: from.clone(),
                    rooms: rooms.clone(),
                    at,
                });
            }
            DirectoryEvent::Altered { session, before, change } => {
                let rooms = self.rooms_of(session.id);
                self.notice_login(&session);
                self.deliver_each(asked, |asked| Delivery::Altered {
                    session: session.clone(),
                    before: before.clone(),
                    change: change.clone(),
                    rooms: rooms.clone(),
                    at,
                    asked,
                });
            }
            DirectoryEvent::Account(event) => self.account_event(&event),
            DirectoryEvent::Ended { session, reason, by } => self.ended(session, reason, by, at),
            DirectoryEvent::MemberMarked(id, state) => {
                self.note_members();
                if id == self.me && state == MemberState::Down {
                    self.begin_anew_if_cut_off();
                }
            }
            DirectoryEvent::Placed(_) | DirectoryEvent::Pinned(_) | DirectoryEvent::Settled(_) => {
                self.placement_news = true;
            }
            DirectoryEvent::Founded
            | DirectoryEvent::MemberAdded(_)
            | DirectoryEvent::MemberRemoved(_)
            | DirectoryEvent::Drained(..)
            | DirectoryEvent::Ranked(..)
            | DirectoryEvent::ViewSet(_) => self.note_members(),
        }
    }

    fn note_members(&mut self) {
        self.members_changed = true;
        self.whereabouts.is_stale = true;
    }

    /// This node stood still, and was declared dead meanwhile. What its clients saw last is as old as
    /// that: it ends their sessions, so that they connect elsewhere, and begins like one that was started
    /// anew. (One that was only cut off went on serving its gossip rooms, and goes on.)
    pub(super) fn begin_anew_if_cut_off(&mut self) {
        if self.is_fresh && self.stall.is_recent(self.now_ms) {
            tracing::warn!("declared dead while it stood still: beginning anew");
            self.stall.forget();
            (self.is_fresh, self.fresh_asked_ms) = (false, None);
        }
    }

    fn began(&mut self, session: Arc<Session>, asker: Option<&Asker>) {
        self.deliver_each(None, |_| Delivery::Began(session.clone()));
        if session.node != self.me || self.is_claimed(session.id) {
            return;
        }
        let waiting = match asker {
            Some(Asker::Registering { conn, session: id, .. }) if *id == session.id => {
                self.conns.get_mut(conn).map(|it| (*conn, it))
            }
            _ => None,
        };
        match waiting {
            Some((id, conn)) => {
                conn.session = Some(session.id);
                self.conn_of.insert(session.id, id);
                self.notice_login(&session);
            }
            None if !self.is_fresh => {} // Of an earlier life: they end together, but for those with a key.
            None => {
                // Its connection is gone, or was told `unknown`: nobody is there to use it.
                let reason = "Connection closed".into();
                let command = DirectoryCommand::End { session: session.id, reason, by: None };
                self.submit_to_directory(Asker::Own(super::Own::Whatever), &command);
            }
        }
    }

    pub(super) fn ended(
        &mut self,
        session: Arc<Session>,
        reason: Arc<str>,
        by: Option<chat::Nick>,
        at: Stamp,
    ) {
        let rooms = self.rooms_of(session.id);
        // Who is still connected here learns what to do; to all others it is as good as quit.
        let is_cut_off = &*reason == SERVER_LOST && self.conn_of.contains_key(&session.id);
        let reason = if is_cut_off { CUT_OFF.into() } else { reason };
        if self.past.len() == PAST_MAX {
            self.past.pop_front();
        }
        self.past.push_back((session.clone(), at));
        self.deliver_each(None, |_| Delivery::Ended {
            session: session.clone(),
            reason: reason.clone(),
            by: by.clone(),
            rooms: rooms.clone(),
            at,
        });
        self.forget_connection(session.id, &rooms);
        self.told.values_mut().for_each(|it| _ = it.remove(&session.id));
        self.forget(&session.who(), &reason);
    }

    /// An own session is over: nothing of its connection is served any more.
    pub(super) fn forget_connection(&mut self, session: SessionId, rooms: &[RoomName]) {
        let Some(conn) = self.conn_of.remove(&session) else {
            return;
        };
        for room in rooms {
            self.follow(room, conn.shard.0, -1);
        }
        let Some(ended) = self.conns.remove(&conn) else { return };
        let unsent = ended.detour.values().filter_map(Parked::unsent);
        for tag in unsent.chain(ended.waiting.iter().map(|it| it.tag)) {
            self.answer(conn, tag, Answer::Refused(vec![Refused::NoSession]));
        }
    }

    /// Every room a session is in, as was told here.
    pub(super) fn rooms_of(&self, session: SessionId) -> Arc<[RoomName]> {
        let known = self.rooms_with(session).map(|(name, _)| name);
        let known = known.filter(|it| !self.told.contains_key(*it));
        let told = self.told.iter().filter(|it| it.1.contains_key(&session)).map(|it| it.0);
        known.chain(told).cloned().collect()
    }

    /// To every shard; `asked` only to the one it belongs to.
    pub(super) fn deliver_each(
        &mut self,
        asked: Option<(ConnId, u64)>,
        mut make: impl FnMut(Option<(ConnId, u64)>) -> Delivery,
    ) {
        for (number, shard) in self.shards.iter_mut().enumerate() {
            let asked = asked.filter(|(conn, _)| usize::from(conn.shard.0) == number);
            shard.out.push(make(asked));
        }
    }
}
