//! Requests of doors: in the order of each connection, to the group they concern.
//!
//! Room commands of one connection follow each other without waiting. Everything else (directory
//! commands, look-ups, the end) waits until what went before it is applied, and what comes after a
//! directory command waits for that: so a client that sends `NICK` and `PRIVMSG` in one packet speaks
//! under its new nick.

use super::detour::{Course, Way};
use super::{Asker, Conn, Core};
use crate::accounts::AccountRefused;
use crate::door::{Answer, Ask, ConnId, Delivery, Refused, Registration, Request, RoomAsk};
use chat::codec::encode;
use chat::directory::{AccountRefusal, DirectoryCommand, NewSession, Session};
use chat::room::{RoomCommand, RoomVerb};
use chat::talk::Talk;
use chat::{ModeChange, Place, RoomName, SayKind, SessionId, Tags};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Requests of one connection that may wait behind others: more than a door lets through at once.
const WAITING_MAX: usize = 1_024;
/// Between two numbers of a door the node has these many bits for what the door did not number.
pub(super) const BETWEEN_BITS: u32 = 20;
/// A registration waits this long for the node to become ready: within a second people know.
const EARLY_MS: u64 = 900;

enum Class {
    Room,
    Directory,
    Alone,
}

fn class(ask: &Ask) -> Class {
    match ask {
        Ask::Room { .. } | Ask::Direct { .. } => Class::Room,
        Ask::Register(_) | Ask::Keep | Ask::Attach(_) | Ask::Account(_) => Class::Directory,
        Ask::Rename(_) | Ask::Alter(_) | Ask::Kill { .. } => Class::Directory,
        Ask::End { .. } | Ask::Gone { .. } | Ask::Query(_) | Ask::Wallops { .. } => Class::Alone,
    }
}

/// Somebody who is not known yet: the directory here must be as new as the others'.
fn is_of_newcomer(ask: &Ask) -> bool {
    matches!(ask, Ask::Register(_) | Ask::Attach(_) | Ask::Account(_))
}

impl Core {
    pub(super) fn request(&mut self, request: Request) {
        let (id, tag) = (request.conn, request.tag);
        let is_gone = matches!(request.ask, Ask::Gone { .. });
        if is_gone && !self.conns.contains_key(&id) {
            return;
        }
        let conn = self.conns.entry(id).or_insert_with(Conn::new);
        if is_gone && conn.session.is_none() && !conn.is_directory_busy {
            self.conns.remove(&id); // It only waited to come in: nobody is left to be answered.
            return;
        }
        if conn.waiting.len() >= WAITING_MAX && !is_gone {
            return self.answer(id, tag, Answer::Refused(vec![Refused::Busy]));
        }
        if is_of_newcomer(&request.ask) && !self.is_fresh {
            self.early.push_back((self.now_ms, id, tag));
        }
        conn.waiting.push_back(request);
        self.advance(id);
    }

    /// Tells those who came early and have waited long enough that they cannot come in here now.
    pub(super) fn turn_early_away(&mut self) {
        while let Some((since, id, tag)) = self.early.front().copied() {
            if self.now_ms - since <= EARLY_MS {
                return;
            }
            self.early.pop_front();
            let Some(conn) = self.conns.get_mut(&id) else {
                continue;
            };
            let Some(place) = conn.waiting.iter().position(|it| it.tag == tag) else {
                continue;
            };
            conn.waiting.remove(place);
            self.answer(id, tag, Answer::Refused(vec![self.unavailable()]));
            self.advance(id);
        }
    }

    /// Lets through what no longer has to wait.
    pub(super) fn advance(&mut self, id: ConnId) {
        while let Some(conn) = self.conns.get(&id) {
            let Some(next) = conn.waiting.front() else {
                break;
            };
            if self.awaits_claim(conn) {
                break;
            }
            let is_idle = conn.rooms_in_flight == 0 && !conn.is_directory_busy;
            let may_go = match class(&next.ask) {
                Class::Room => {
                    let is_ahead = !conn.detour.is_empty()
                        || self.may_overtake(conn, &next.ask)
                        || self.goes_another_way(conn, &next.ask);
                    !conn.is_directory_busy && !is_ahead
                }
                Class::Directory if is_of_newcomer(&next.ask) => {
                    // Sessions of our earlier life have to end before new ones begin.
                    is_idle && (self.is_fresh || self.is_leaving)
                }
                Class::Directory | Class::Alone => is_idle,
            };
            if !may_go {
                break;
            }
            let Some(conn) = self.conns.get_mut(&id) else { break };
            let has_confirmed = conn.unconfirmed.is_none();
            let Some(Request { tag, ask, number, .. }) = conn.waiting.pop_front() else { break };
            if !has_confirmed && !matches!(ask, Ask::Gone { .. }) {
                self.confirm_token(id);
            }
            self.carry_out(id, tag, number, ask);
        }
    }

    /// This node serves from now on: who came early may come in.
    pub(super) fn open_up(&mut self) {
        self.is_fresh = true;
        self.early.clear();
        self.advance_all();
    }

    /// What all waited for has changed.
    pub(super) fn advance_all(&mut self) {
        let all: Vec<ConnId> = self.conns.keys().copied().collect();
        for id in all {
            self.advance(id);
        }
    }

    fn carry_out(&mut self, id: ConnId, tag: u64, number: u64, ask: Ask) {
        match ask {
            Ask::Attach(it) => return self.attach(id, tag, &it),
            Ask::Register(registration) => return self.register(id, tag, registration),
            Ask::Gone { reason } => return self.gone(id, reason),
            Ask::Account(ask) => {
                let session = self.session_of(id);
                return self.ask_account(id, tag, session.as_deref(), ask);
            }
            _ => {}
        }
        let Some(session) = self.session_of(id) else {
            if !matches!(ask, Ask::Query(_)) {
                return self.answer(id, tag, Answer::Refused(vec![Refused::NoSession]));
            }
            let Ask::Query(query) = ask else { return };
            return self.look_up(id, tag, None, query);
        };
        match ask {
            Ask::Keep => self.keep_session(id, tag, session.id),
            Ask::Rename(nick) => {
                let is_case = nick.key() == session.nick.key();
                if let Some(why) = self.reserved(&nick, session.account.as_deref())
                    && !is_case
                {
                    return self.answer(id, tag, Answer::Refused(vec![why]));
                }
                let command = DirectoryCommand::Rename { session: session.id, nick };
                self.submit_directory(id, tag, &command);
            }
            Ask::Alter(change) => {
                let command = DirectoryCommand::Alter { session: session.id, change };
                self.submit_directory(id, tag, &command);
            }
            Ask::End { reason } => {
                let command = DirectoryCommand::End { session: session.id, reason, by: None };
                self.submit_directory(id, tag, &command);
            }
            Ask::Kill { nick, reason } => match self.directory.by_nick(&nick) {
                Some(target) => {
                    let by = Some(session.nick.clone());
                    let command = DirectoryCommand::End { session: target.id, reason, by };
                    self.submit_directory(id, tag, &command);
                }
                None => self.answer(id, tag, Answer::Refused(vec![Refused::NoSuchNick(nick)])),
            },
            Ask::Room { room, verb } => self.ask_room(id, (tag, number), &session, room, verb),
            Ask::Direct { nick, kind, text, tags } => {
                self.ask_direct(id, (tag, number), &session, &nick, (kind, text, tags));
            }
            Ask::Wallops { text } => {
                let from = format!("{}!{}@{}", session.nick, session.user, session.host);
                self.wallops(&from, &text);
                self.answer(id, tag, Answer::Done);
            }
            Ask::Query(query) => self.look_up(id, tag, Some(&session), query),
            Ask::Register(_) | Ask::Attach(_) | Ask::Gone { .. } | Ask::Account(_) => {}
        }
    }

    fn register(&mut self, id: ConnId, tag: u64, it: Registration) {
        if self.is_leaving {
            return self.answer(id, tag, Answer::Refused(vec![Refused::Leaving]));
        }
        if let Some(why) = self.reserved(&it.nick, it.account.as_deref()) {
            return self.answer(id, tag, Answer::Refused(vec![why]));
        }
        // Also a nick that is in use as far as we know: we may be cut off, and behind.
        let session = SessionId(self.draw());
        let command = DirectoryCommand::Register(NewSession {
            session,
            nick: it.nick,
            user: it.user,
            host: it.host,
            realname: it.realname,
            account: it.account,
            node: self.me,
            is_secure: it.is_secure,
        });
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        conn.is_directory_busy = true;
        self.submit_to_directory(Asker::Registering { conn: id, tag, session }, &command);
    }

    /// The socket is gone. What it sent before is in flight or applied: end the session behind it.
    fn gone(&mut self, id: ConnId, reason: Arc<str>) {
        let Some(conn) = self.conns.remove(&id) else {
            return;
        };
        let Some(session) = conn.session else { return };
        self.conn_of.remove(&session);
        for room in self.rooms_of(session).iter() {
            self.follow(room, id.shard.0, -1);
        }
        if self.directory.has_key(session) {
            return self.leave_unattached(session);
        }
        if self.directory.session(session).is_some() {
            let command = DirectoryCommand::End { session, reason, by: None };
            self.submit_to_directory(Asker::Own(super::Own::Whatever), &command);
        }
    }

    pub(super) fn submit_directory(&mut self, conn: ConnId, tag: u64, command: &DirectoryCommand) {
        if let Some(it) = self.conns.get_mut(&conn) {
            it.is_directory_busy = true;
        }
        self.submit_to_directory(Asker::Conn { conn, tag }, command);
    }

    fn ask_room(
        &mut self,
        id: ConnId,
        (tag, number): (u64, u64),
        session: &Session,
        room: RoomName,
        ask: RoomAsk,
    ) {
        let verb = match self.verb(session, &room, ask) {
            Ok(verb) => verb,
            Err(refused) => return self.answer(id, tag, Answer::Refused(vec![refused])),
        };
        self.submit_room(id, (tag, number), session, Place::Room(room), verb);
    }

    /// Names become sessions here: the room's log knows no nicks.
    fn verb(&self, session: &Session, room: &RoomName, ask: RoomAsk) -> Result<RoomVerb, Refused> {
        let whose = |nick: &Arc<str>| self.directory.by_nick(nick);
        Ok(match ask {
            RoomAsk::Say { kind, text, tags, status } => {
                RoomVerb::Say { kind, text, tags, status, to: None }
            }
            RoomAsk::Join { shown, key } => {
                RoomVerb::Join { shown, key, realname: session.realname.clone() }
            }
            RoomAsk::Part { reason } => RoomVerb::Part { reason },
            RoomAsk::Kick { nick, reason } => {
                let target = whose(&nick).ok_or(Refused::NoSuchNick(nick))?;
                RoomVerb::Kick { session: target.id, nick: target.nick.clone(), reason }
            }
            RoomAsk::Topic { text } => RoomVerb::Topic { text },
            RoomAsk::Modes(changes) => RoomVerb::Modes {
                changes: changes
                    .into_iter()
                    .map(|(is_set, letter, param)| {
                        let target =
                            param.as_ref().filter(|_| matches!(letter, 'o' | 'v')).and_then(whose);
                        let session = target.map(|it| it.id);
                        let param = target.map(|it| it.nick.as_str().into()).or(param);
                        ModeChange { is_set, letter, param, session }
                    })
                    .collect(),
            },
            RoomAsk::Replicate(to) => RoomVerb::Fence { to, shown: room.as_str().into() },
            RoomAsk::Claim => RoomVerb::Claim,
            RoomAsk::Release => RoomVerb::Release,
            RoomAsk::Access { account, level } => {
                // Whoever shall have access must be there; whoever shall not may be gone.
                let known = self.directory.account(&account).map(|it| it.name.as_str().into());
                match known.or(level.is_none().then_some(account)) {
                    Some(account) => RoomVerb::Access { account, level },
                    None => {
                        let why = AccountRefused::Because(AccountRefusal::UnknownAccount);
                        return Err(Refused::Account(why));
                    }
                }
            }
            RoomAsk::Invite { nick } => {
                let target = whose(&nick).ok_or(Refused::NoSuchNick(nick))?;
                RoomVerb::Invite { session: target.id, nick: target.nick.clone() }
            }
        })
    }

    fn ask_direct(
        &mut self,
        id: ConnId,
        (tag, number): (u64, u64),
        session: &Session,
        nick: &Arc<str>,
        said: (SayKind, Arc<str>, Tags),
    ) {
        let Some(target) = self.directory.by_nick(nick) else {
            let refused = Refused::NoSuchNick(nick.clone());
            return self.answer(id, tag, Answer::Refused(vec![refused]));
        };
        let place = Place::direct(&session.identity(), &target.identity());
        let to = Some((target.id, target.nick.clone()));
        let (kind, text, tags) = said;
        let verb = RoomVerb::Say { kind, text, tags, status: None, to };
        self.submit_room(id, (tag, number), session, place, verb);
    }

    fn submit_room(
        &mut self,
        id: ConnId,
        (tag, number): (u64, u64),
        session: &Session,
        place: Place,
        verb: RoomVerb,
    ) {
        let who = session.who();
        let Course { way, era } = match self.course(&place, &who, &verb) {
            Ok(course) => course,
            Err(why) => return self.answer(id, tag, Answer::Refused(vec![Refused::Room(why)])),
        };
        let moves_seen = self.moves_seen;
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        if conn.rooms_in_flight == 0 {
            conn.moves_seen = moves_seen;
        }
        let number = if number > 0 { number << BETWEEN_BITS } else { conn.number + 1 };
        conn.number = conn.number.max(number);
        conn.rooms_in_flight += 1;
        let command = RoomCommand { who, number, era, place, verb };
        let Some(way) = way else {
            self.park(id, tag, encode(&command).into());
            return;
        };
        conn.is_talking = matches!(way, Way::Talk(..));
        self.send_by(way, (id, tag), command);
    }

    /// A command of a connection goes where it belongs.
    pub(super) fn send_by(&mut self, way: Way, (conn, tag): (ConnId, u64), command: RoomCommand) {
        let (group, bytes) = match way {
            Way::Group(group) => (group, encode(&command)),
            Way::Talk(epoch) => (self.groups.talk(), encode(&Talk { epoch, command })),
        };
        let token = self.submit(group, Asker::Conn { conn, tag }, bytes);
        self.measures.submitted(token, self.now_us);
    }

    /// The session of a connection, as it is now.
    pub(super) fn session_of(&self, id: ConnId) -> Option<Arc<Session>> {
        let session = self.conns.get(&id)?.session?;
        self.directory.session(session).cloned()
    }

    /// Answers a request that was on its way to a log, and lets the connection go on.
    pub(super) fn finish(&mut self, id: ConnId, tag: u64, answer: Answer, was_directory: bool) {
        if let Some(conn) = self.conns.get_mut(&id) {
            if was_directory {
                conn.is_directory_busy = false;
            } else {
                Core::leave_detour(conn, tag);
                conn.rooms_in_flight = conn.rooms_in_flight.saturating_sub(1);
            }
        }
        self.answer(id, tag, answer);
        if self.detoured.contains(&id) {
            self.moves_seen += 1; // The next of them may go: looked at soon.
        }
        self.advance(id);
    }

    pub(super) fn answer(&mut self, conn: ConnId, tag: u64, answer: Answer) {
        if let Some(shard) = self.shards.get_mut(usize::from(conn.shard.0)) {
            shard.out.push(Delivery::Answer { conn, tag, answer });
        }
    }

    pub(super) fn unavailable(&self) -> Refused {
        if self.is_leaving { Refused::Leaving } else { Refused::Unavailable }
    }
}

impl Conn {
    fn new() -> Conn {
        Conn {
            session: None,
            number: 0,
            rooms_in_flight: 0,
            detour: BTreeMap::new(),
            moves_seen: 0,
            is_talking: false,
            is_directory_busy: false,
            unconfirmed: None,
            waiting: VecDeque::new(),
        }
    }
}
