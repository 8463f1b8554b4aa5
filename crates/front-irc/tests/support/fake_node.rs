//! A node of one thread: the real machines of `chat`, no log, no disk, no network.
//!
//! Rooms with certain names misbehave on purpose: `#cut` has no majority, in `#lost` nobody learns
//! what became of a message, and `#silent` never answers. Who joins `#drain` drains the node, who joins
//! `#undrain` ends that.

use super::fake_accounts::{self, Step};
use chat::directory::{
    AccountRefusal, Directory, DirectoryCommand, DirectoryEvent, DirectoryRefusal, NewSession,
    Roles, Session,
};
use chat::room::{Outcome, RoomCommand, RoomVerb, Rooms};
use chat::{
    Limits, ModeChange, MsgId, Nick, NodeId, Place, Record, Replication, RoomName, SessionId,
    Stamp, What,
};
use crossbeam_channel::Sender;
use node::accounts::{AccountAsk, AccountRefused, is_service};
use node::door::*;
use node::lookup::{DoorAddress, DoorKind, Health, Member, Members};
use node::{Handle, Status};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Why somebody cannot be called so.
fn nick_refused(why: DirectoryRefusal, nick: Nick) -> Refused {
    match why {
        DirectoryRefusal::NickReserved(nick) => Refused::NickReserved(nick),
        _ => Refused::NickInUse(nick),
    }
}

const NODE: NodeId = NodeId(1);
const BEGAN_MS: u64 = 1_700_000_000_000;

struct Shard {
    sink: Sender<Vec<Delivery>>,
    wake: Box<dyn Fn() + Send>,
    batch: Vec<Delivery>,
}

pub(crate) struct FakeNode {
    directory: Directory,
    rooms: Rooms,
    /// Those that are replicated by primary-backup.
    away: Rooms,
    history: BTreeMap<String, Vec<Arc<Record>>>,
    shards: Vec<Shard>,
    of_conn: HashMap<ConnId, SessionId>,
    conn_of: HashMap<SessionId, ConnId>,
    past: Vec<(Arc<Session>, Stamp)>,
    ms: u64,
    next: u64,
    /// What was asked about accounts so far.
    account_asks: usize,
}

/// More, and the node is busy: passwords take long, and a fuzzer asks for many.
const ACCOUNT_ASKS_MAX: usize = 60;

/// Starts it; it ends with the last handle.
pub(crate) fn start() -> Handle {
    let info = Info { name: "n1".into(), id: NODE, network: "Test".into(), started_ms: BEGAN_MS };
    let (handle, requests) = Handle::pair(info);
    requests.publish(two_nodes());
    std::thread::spawn(move || {
        let mut node = FakeNode::new();
        while let Some(it) = requests.next() {
            match it {
                FromDoor::Attach { sink, wake, number } => {
                    number.send(ShardId(node.shards.len() as u16)).unwrap();
                    node.shards.push(Shard { sink, wake, batch: Vec::new() });
                }
                FromDoor::Requests(batch) => {
                    for request in batch {
                        node.serve(request);
                    }
                }
            }
            for shard in &mut node.shards {
                if !shard.batch.is_empty() {
                    let _ = shard.sink.send(std::mem::take(&mut shard.batch));
                    (shard.wake)();
                }
            }
        }
    });
    handle
}

/// Whom clients are told of that ask where else they could connect.
fn two_nodes() -> Members {
    let node = |number: u64| {
        let irc = DoorAddress::parse(&format!("192.0.2.{number}:6667")).expect("an address");
        Member {
            id: NodeId(number),
            name: format!("n{number}").into(),
            roles: Roles { directory: true, chat: true },
            health: Health::Up,
            doors: Arc::new([(DoorKind::Irc, irc)].into_iter().collect()),
            connections: 0,
            report: 1,
        }
    };
    Members { nodes: vec![node(1), node(2)], ..Members::default() }
}

impl FakeNode {
    fn new() -> FakeNode {
        let mut it = FakeNode {
            directory: Directory::new(),
            rooms: Rooms::new(1, Limits::default()),
            away: Rooms::of(Replication::PrimaryBackup, 2, Limits::default()),
            history: BTreeMap::new(),
            shards: Vec::new(),
            of_conn: HashMap::new(),
            conn_of: HashMap::new(),
            past: Vec::new(),
            ms: BEGAN_MS,
            next: 0,
            account_asks: 0,
        };
        it.direct(DirectoryCommand::Found { cluster: 1, network: "Test".into(), groups: 1 });
        it.direct(DirectoryCommand::AddMember {
            id: NODE,
            name: "n1".into(),
            address: "127.0.0.1:7100".into(),
            roles: Roles { directory: true, chat: true },
            replaces: None,
        });
        it
    }

    fn now(&mut self) -> Stamp {
        self.ms += 1;
        Stamp::from_ms(self.ms)
    }

    fn serve(&mut self, Request { conn, tag, ask, .. }: Request) {
        let asked = Some((conn, tag));
        let answer = match (ask, self.of_conn.get(&conn).copied()) {
            (Ask::Register(it), None) => self.register(conn, it),
            (Ask::Attach(it), None) => Some(self.attach(conn, &it.token)),
            (Ask::Gone { .. }, Some(id)) if self.directory.has_key(id) => {
                self.of_conn.remove(&conn);
                self.conn_of.remove(&id);
                return;
            }
            (Ask::Gone { reason }, Some(id)) => {
                self.end(id, reason, None);
                return;
            }
            (Ask::Gone { .. }, None) => return,
            (Ask::Account(ask), session) => Some(self.account(session, ask, asked)),
            (Ask::Query(query), session) => Some(self.query(query, session)),
            (_, None) => Some(Answer::Refused(vec![Refused::NoSession])),
            (ask, Some(id)) => self.ask(ask, id, asked),
        };
        if let Some(answer) = answer {
            self.deliver(conn.shard, Delivery::Answer { conn, tag, answer });
        }
    }

    fn deliver(&mut self, shard: ShardId, delivery: Delivery) {
        self.shards[usize::from(shard.0)].batch.push(delivery);
    }

    fn deliver_all(&mut self, delivery: impl Fn() -> Delivery) {
        self.shards.iter_mut().for_each(|it| it.batch.push(delivery()));
    }

    fn register(&mut self, conn: ConnId, it: Registration) -> Option<Answer> {
        if is_service(it.nick.as_str()) {
            return Some(Answer::Refused(vec![Refused::NickReserved(it.nick)]));
        }
        self.next += 1;
        let session = SessionId(self.next);
        self.of_conn.insert(conn, session); // Before the events, so that they find it.
        self.conn_of.insert(session, conn);
        let refused = self.direct(DirectoryCommand::Register(NewSession {
            session,
            nick: it.nick.clone(),
            user: it.user,
            host: it.host,
            realname: it.realname,
            account: it.account,
            node: NODE,
            is_secure: it.is_secure,
        }));
        Some(match refused {
            None => Answer::Registered(self.directory.session(session).expect("just made").clone()),
            Some(why) => {
                self.of_conn.remove(&conn);
                self.conn_of.remove(&session);
                Answer::Refused(vec![nick_refused(why, it.nick)])
            }
        })
    }

    /// Tokens here are the number of the session, and stay the same.
    fn attach(&mut self, conn: ConnId, token: &str) -> Answer {
        let number = token.strip_prefix("token-").and_then(|it| it.parse().ok());
        let session = number.and_then(|it| self.directory.session(SessionId(it))).cloned();
        let Some(session) = session else {
            return Answer::Refused(vec![Refused::NoSession]);
        };
        if let Some(before) = self.conn_of.insert(session.id, conn) {
            self.of_conn.remove(&before);
            self.deliver(before.shard, Delivery::Detached { session: session.id });
        }
        self.of_conn.insert(conn, session.id);
        let names = self.rooms.rooms_of(session.id);
        let rooms = names.filter_map(|it| self.view(it, Some(session.id))).collect();
        Answer::Token { session, token: token.into(), rooms }
    }

    fn account(
        &mut self,
        session: Option<SessionId>,
        ask: AccountAsk,
        asked: Option<(ConnId, u64)>,
    ) -> Answer {
        self.account_asks += 1;
        if self.account_asks > ACCOUNT_ASKS_MAX {
            return Answer::Refused(vec![Refused::Busy]);
        }
        let session = session.and_then(|it| self.directory.session(it)).cloned();
        let command = match fake_accounts::step(&self.directory, session.as_deref(), ask) {
            Step::Answer(answer) => return answer,
            Step::Command(command) => command,
        };
        let refused = self.direct_for(DirectoryCommand::Account(command), asked);
        for command in fake_accounts::log_out_all(&self.directory) {
            self.direct(command);
        }
        match refused {
            None => Answer::Done,
            Some(DirectoryRefusal::Account(why)) => {
                Answer::Refused(vec![Refused::Account(AccountRefused::Because(why))])
            }
            Some(why) => panic!("an account's command was refused by {why:?}"),
        }
    }

    fn direct(&mut self, command: DirectoryCommand) -> Option<DirectoryRefusal> {
        self.direct_for(command, None)
    }

    fn direct_for(
        &mut self,
        command: DirectoryCommand,
        asked: Option<(ConnId, u64)>,
    ) -> Option<DirectoryRefusal> {
        let now = self.now();
        let outcome = self.directory.apply(now, command);
        for event in outcome.events {
            for number in 0..self.shards.len() {
                let shard = ShardId(number as u16);
                let asked = asked.filter(|it| it.0.shard == shard);
                let at = outcome.at;
                let rooms = |id: SessionId| -> Arc<[RoomName]> {
                    self.rooms.rooms_of(id).chain(self.away.rooms_of(id)).cloned().collect()
                };
                let delivery = match &event {
                    DirectoryEvent::Registered(session) => Delivery::Began(session.clone()),
                    DirectoryEvent::Renamed { session, from } => Delivery::Renamed {
                        rooms: rooms(session.id),
                        session: session.clone(),
                        from: from.clone(),
                        at,
                        asked,
                    },
                    DirectoryEvent::Altered { session, before, change } => Delivery::Altered {
                        rooms: rooms(session.id),
                        session: session.clone(),
                        before: before.clone(),
                        change: change.clone(),
                        at,
                        asked,
                    },
                    DirectoryEvent::Ended { session, reason, by } => Delivery::Ended {
                        rooms: rooms(session.id),
                        session: session.clone(),
                        reason: reason.clone(),
                        by: by.clone(),
                        at,
                    },
                    _ => continue,
                };
                self.deliver(shard, delivery);
            }
        }
        outcome.refused
    }

    fn end(&mut self, id: SessionId, reason: Arc<str>, by: Option<Nick>) {
        let Some(session) = self.directory.session(id).cloned() else {
            return;
        };
        self.direct(DirectoryCommand::End { session: id, reason: reason.clone(), by });
        let now = self.now();
        let command = RoomCommand {
            who: session.who(),
            number: 0,
            era: None,
            place: Place::direct("a", "b"),
            verb: RoomVerb::Forget { reason },
        };
        let away = self.away.apply(now, command.clone());
        let outcome = self.rooms.apply(now, command);
        self.publish(&away, None, None);
        self.publish(&outcome, None, None);
        self.past.insert(0, (session, now));
        if let Some(conn) = self.conn_of.remove(&id) {
            self.of_conn.remove(&conn);
        }
    }

    fn ask(&mut self, ask: Ask, id: SessionId, asked: Option<(ConnId, u64)>) -> Option<Answer> {
        let session = self.directory.session(id).expect("a session of ours").clone();
        Some(match ask {
            Ask::Rename(nick) => {
                let command = DirectoryCommand::Rename { session: id, nick: nick.clone() };
                match self.direct_for(command, asked) {
                    None => Answer::Done,
                    Some(why) => Answer::Refused(vec![nick_refused(why, nick)]),
                }
            }
            Ask::Alter(change) => {
                self.direct_for(DirectoryCommand::Alter { session: id, change }, asked);
                Answer::Done
            }
            Ask::Kill { nick, reason } => match self.directory.by_nick(&nick).map(|it| it.id) {
                Some(victim) => {
                    self.end(victim, reason, Some(session.nick.clone()));
                    Answer::Done
                }
                None => Answer::Refused(vec![Refused::NoSuchNick(nick)]),
            },
            Ask::Wallops { text } => {
                let from: Arc<str> =
                    format!("{}!{}@{}", session.nick, session.user, session.host).into();
                for number in 0..self.shards.len() {
                    let (from, text) = (from.clone(), text.clone());
                    self.deliver(ShardId(number as u16), Delivery::Wallops { from, text });
                }
                Answer::Done
            }
            Ask::Direct { nick, kind, text, tags } => {
                let Some(to) = self.directory.by_nick(&nick).cloned() else {
                    return Some(Answer::Refused(vec![Refused::NoSuchNick(nick)]));
                };
                let place = Place::direct(&session.identity(), &to.identity());
                let to = Some((to.id, to.nick.clone()));
                self.command(
                    &session,
                    place,
                    RoomVerb::Say { kind, text, tags, status: None, to },
                    asked,
                )
            }
            Ask::Room { room, verb } => match room.as_str() {
                "#cut" => Answer::Refused(vec![Refused::Unavailable]),
                "#lost" => Answer::Unknown,
                "#silent" => return None,
                "#drain" => {
                    let over = Duration::from_secs(3_600);
                    let reason: Arc<str> = "Drained; please reconnect".into();
                    self.deliver_all(|| Delivery::SendAway { reason: reason.clone(), over });
                    Answer::Done
                }
                "#crowded" | "#overcrowded" => {
                    let to = Arc::new(two_nodes().nodes.remove(1));
                    let may_close = room.as_str() == "#overcrowded";
                    self.deliver_all(|| Delivery::SendOn { to: to.clone(), may_close });
                    Answer::Done
                }
                "#undrain" => {
                    self.deliver_all(|| Delivery::TakeIn);
                    Answer::Done
                }
                _ => match self.resolve(verb, &session) {
                    Ok(verb) => self.command(&session, Place::Room(room), verb, asked),
                    Err(why) => Answer::Refused(vec![why]),
                },
            },
            Ask::Keep => {
                self.direct(DirectoryCommand::SetKey { session: id, key: [0; 32] });
                Answer::Token {
                    session,
                    token: format!("token-{}", id.0).into(),
                    rooms: Vec::new(),
                }
            }
            Ask::Register(_)
            | Ask::Attach(_)
            | Ask::End { .. }
            | Ask::Gone { .. }
            | Ask::Account(_)
            | Ask::Query(_) => {
                unreachable!("served elsewhere")
            }
        })
    }

    fn resolve(&self, verb: RoomAsk, session: &Session) -> Result<RoomVerb, Refused> {
        let find = |nick: &Arc<str>| {
            let found = self.directory.by_nick(nick);
            found.map(|it| (it.id, it.nick.clone())).ok_or(Refused::NoSuchNick(nick.clone()))
        };
        Ok(match verb {
            RoomAsk::Say { kind, text, tags, status } => {
                RoomVerb::Say { kind, text, tags, status, to: None }
            }
            RoomAsk::Join { shown, key } => {
                RoomVerb::Join { shown, key, realname: session.realname.clone() }
            }
            RoomAsk::Part { reason } => RoomVerb::Part { reason },
            RoomAsk::Kick { nick, reason } => {
                let (session, nick) = find(&nick)?;
                RoomVerb::Kick { session, nick, reason }
            }
            RoomAsk::Topic { text } => RoomVerb::Topic { text },
            RoomAsk::Claim => RoomVerb::Claim,
            RoomAsk::Release => RoomVerb::Release,
            RoomAsk::Access { account, level } => match self.directory.account(&account) {
                None if level.is_some() => {
                    let why = AccountRefusal::UnknownAccount;
                    return Err(Refused::Account(AccountRefused::Because(why)));
                }
                _ => RoomVerb::Access { account, level },
            },
            RoomAsk::Invite { nick } => {
                let (session, nick) = find(&nick)?;
                RoomVerb::Invite { session, nick }
            }
            RoomAsk::Replicate(to) => RoomVerb::Fence { to, shown: "".into() },
            RoomAsk::Modes(asked) => {
                let mut changes = Vec::new();
                for (is_set, letter, param) in asked {
                    let session = match (letter, &param) {
                        ('o' | 'v', Some(nick)) => Some(find(nick)?.0),
                        _ => None,
                    };
                    changes.push(ModeChange { is_set, letter, param, session });
                }
                RoomVerb::Modes { changes }
            }
        })
    }

    fn command(
        &mut self,
        session: &Session,
        place: Place,
        verb: RoomVerb,
        asked: Option<(ConnId, u64)>,
    ) -> Answer {
        let now = self.now();
        self.next += 1;
        let command = RoomCommand { who: session.who(), number: self.next, era: None, place, verb };
        let room = command.place.clone();
        let outcome = match self.lives_away(&room) {
            true => self.away.apply(now, command),
            false => self.rooms.apply(now, command),
        };
        self.carry(now, &room);
        self.publish(&outcome, asked, Some(session.id));
        match outcome.refused.is_empty() {
            true => Answer::Done,
            false => Answer::Refused(outcome.refused.into_iter().map(Refused::Room).collect()),
        }
    }

    fn lives_away(&self, place: &Place) -> bool {
        let lives = self.rooms.lives(&place.key());
        lives.is_some_and(|it| it.0 == Replication::PrimaryBackup)
    }

    /// A room that left one of the two groups comes to the other at once.
    fn carry(&mut self, now: Stamp, place: &Place) {
        let key = place.key();
        let nobody = self.directory.sessions().next().expect("somebody asked").who();
        let adopt = |from: &Rooms, to: &mut Rooms| {
            if let Some(carried) = from.carried(&key) {
                let verb = carried.into_verb();
                let (who, place) = (nobody.clone(), place.clone());
                to.apply(now, RoomCommand { who, number: 0, era: None, place, verb });
            }
        };
        adopt(&self.rooms, &mut self.away);
        adopt(&self.away, &mut self.rooms);
    }

    fn publish(
        &mut self,
        outcome: &Outcome,
        asked: Option<(ConnId, u64)>,
        asker: Option<SessionId>,
    ) {
        for record in &outcome.records {
            if record.what.is_kept() {
                self.history.entry(record.place.key()).or_default().push(record.clone());
            }
            for number in 0..self.shards.len() {
                let shard = ShardId(number as u16);
                let asked = asked.filter(|it| it.0.shard == shard);
                let view = match (&record.what, &record.place) {
                    (What::Joined { .. }, Place::Room(room)) if asked.is_some() => {
                        self.view(room, asker).map(Box::new)
                    }
                    _ => None,
                };
                self.deliver(shard, Delivery::Record { record: record.clone(), asked, view });
            }
        }
    }

    fn view(&self, name: &RoomName, asker: Option<SessionId>) -> Option<RoomView> {
        let room = self.rooms.room(name.as_str()).or_else(|| self.away.room(name.as_str()))?;
        let is_occupant = asker.is_some_and(|it| room.occupant(it).is_some());
        if room.is_secret() && !is_occupant {
            return None;
        }
        let (modes, key, limit) = room.modes();
        Some(RoomView {
            room: name.clone(),
            shown: room.shown().into(),
            created_at: room.created_at(),
            topic: room.topic().map(|it| (it.text.clone(), it.set_by.clone(), it.set_at)),
            modes,
            key: key.filter(|_| is_occupant).map(Into::into),
            limit,
            replication: room.replication(),
            is_secret: room.is_secret(),
            is_occupant,
            occupants: room
                .occupants()
                .filter_map(|it| {
                    let session = self.directory.session(it.who.session)?.clone();
                    let (is_operator, is_voiced) = (it.is_operator, it.is_voiced);
                    Some(OccupantView { session, is_operator, is_voiced })
                })
                .collect(),
        })
    }

    fn query(&self, query: Query, asker: Option<SessionId>) -> Answer {
        let view = match query {
            Query::Room(room) => View::Room(self.view(&room, asker).map(Box::new)),
            Query::Rooms => View::Rooms(
                self.rooms
                    .iter()
                    .chain(self.away.iter())
                    .filter(|(_, it)| !it.is_secret())
                    .map(|(_, it)| RoomLine {
                        shown: it.shown().into(),
                        occupants: it.occupant_count(),
                        topic: it.topic().map_or("".into(), |it| it.text.clone()),
                        topic_at: it.topic().map(|it| it.set_at),
                        created_at: it.created_at(),
                        replication: it.replication(),
                    })
                    .collect(),
            ),
            Query::Person(nick) => {
                View::Person(self.directory.by_nick(&nick).map(|it| Box::new(self.person(it))))
            }
            Query::Sessions(nicks) => View::Sessions(
                nicks.iter().filter_map(|it| self.directory.by_nick(it).cloned()).collect(),
            ),
            Query::Ownership(room) => View::Ownership(
                self.rooms.room(room.as_str()).and_then(|it| it.ownership()).cloned().map(Box::new),
            ),
            Query::Mine => View::Sessions(match self.account_of(asker) {
                Some(account) => self
                    .directory
                    .sessions()
                    .filter(|it| it.account.as_ref() == Some(&account))
                    .cloned()
                    .collect(),
                None => Vec::new(),
            }),
            Query::Account => {
                let account = self.account_of(asker);
                View::Account(account.and_then(|it| self.directory.account(&it).cloned()))
            }
            Query::Match { mask, limit } => View::People(
                self.directory
                    .sessions()
                    .filter(|it| irc_proto::mask::matches(&mask, it.nick.as_str()))
                    .take(limit)
                    .map(|it| self.person(it))
                    .collect(),
            ),
            Query::Past { nick, limit } => {
                let them = self.past.iter().filter(|it| it.0.nick.key() == chat::fold(&nick));
                View::Past(them.take(limit).cloned().collect())
            }
            Query::Masks(room, letter) => {
                View::Masks(self.rooms.room(room.as_str()).map_or(Vec::new(), |it| {
                    it.list(letter).map(|(a, b, at)| (a.into(), b.into(), at)).collect()
                }))
            }
            Query::Status => View::Status(Box::new(Status {
                network: "Test".into(),
                node: "n1".into(),
                sessions: self.directory.session_count(),
                rooms: self.rooms.iter().count(),
                nodes: vec![node::status::NodeStatus {
                    name: "n1".into(),
                    id: "1".into(),
                    health: "up".into(),
                    sessions: self.directory.session_count(),
                    ..Default::default()
                }],
                ..Status::default()
            })),
            Query::History { target, select, limit } => {
                return self.read_history(&target, select, limit, asker);
            }
            Query::Targets { limit, .. } => View::Targets(
                self.history
                    .iter()
                    .filter_map(|(key, them)| Some((Arc::from(&**key), them.last()?.id.stamp)))
                    .take(limit)
                    .collect(),
            ),
        };
        Answer::View(view)
    }

    fn account_of(&self, asker: Option<SessionId>) -> Option<Arc<str>> {
        self.directory.session(asker?)?.account.clone()
    }

    fn person(&self, session: &Arc<Session>) -> PersonView {
        let rooms = self.rooms.rooms_of(session.id).filter_map(|name| {
            let room = self.rooms.room(name.as_str())?;
            let it = room.occupant(session.id)?;
            Some((Arc::from(room.shown()), it.is_operator, it.is_voiced))
        });
        PersonView { session: session.clone(), node: "n1".into(), rooms: rooms.collect() }
    }

    fn read_history(
        &self,
        target: &str,
        select: HistorySelect,
        limit: usize,
        asker: Option<SessionId>,
    ) -> Answer {
        let key = match (RoomName::parse(target), asker) {
            (Ok(room), Some(asker)) => {
                let who = self.directory.session(asker).map(|it| it.who());
                let away = self.away.room(room.as_str());
                let may = self.rooms.room(room.as_str()).or(away).zip(who);
                if !may.is_some_and(|(room, who)| room.may_read(&who)) {
                    return Answer::Refused(vec![Refused::NoHistory]);
                }
                room.as_str().to_owned()
            }
            _ => return Answer::Refused(vec![Refused::NoHistory]),
        };
        let all = self.history.get(&key).map_or(&[][..], Vec::as_slice);
        let place = |it: HistoryPoint| match it {
            HistoryPoint::Message(id) => id,
            HistoryPoint::Time(stamp) => MsgId { stamp, origin: 0 },
        };
        let chosen: Vec<&Arc<Record>> = match select {
            HistorySelect::Latest(after) => {
                let them: Vec<_> =
                    all.iter().filter(|it| after.is_none_or(|at| it.id > place(at))).collect();
                them[them.len().saturating_sub(limit)..].to_vec()
            }
            HistorySelect::Before(at) => {
                let them: Vec<_> = all.iter().filter(|it| it.id < place(at)).collect();
                them[them.len().saturating_sub(limit)..].to_vec()
            }
            HistorySelect::After(at) | HistorySelect::Around(at) => {
                all.iter().filter(|it| it.id > place(at)).take(limit).collect()
            }
            HistorySelect::Between(a, b) => all
                .iter()
                .filter(|it| place(a).min(place(b)) < it.id && it.id < place(a).max(place(b)))
                .take(limit)
                .collect(),
        };
        let encoded = chosen.iter().map(|it| chat::codec::encode(&***it).into()).collect();
        Answer::View(View::History(encoded))
    }
}
