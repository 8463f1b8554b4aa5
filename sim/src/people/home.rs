//! A life of a node, as its people know it, and what all kinds of people do there.

use crate::door::Door;
use crate::story::{self, Reading, Story, kept_of};
use chat::room::Refusal;
use chat::{MsgId, Nick, RoomName, SayKind};
use checker::{Kept, Outcome};
use node::door::{HistoryPoint, HistorySelect, Refused, Registration, RoomAsk, View};
use node::{Answer, Ask, ConnId, Query};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// Before what was refused is tried again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);
/// Nobody waits longer than this: the node sent them away before it answered.
const PATIENCE: Duration = Duration::from_secs(11);

/// One life of a node, as its people know it.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) door: Rc<Door>,
    pub(crate) story: Rc<Story>,
    pub(crate) node: usize,
    pub(crate) life: u32,
    pub(crate) seed: u64,
}

/// Something to say.
pub(super) struct Line<'a> {
    /// As the evidence has it.
    pub(super) place: &'a str,
    /// A room, or a nick.
    pub(super) target: &'a str,
    pub(super) person: &'a str,
    pub(super) sender: &'a str,
    pub(super) number: u64,
}

impl Home {
    /// Chance for one person of this node.
    pub(super) fn random(&self, role: &str, number: u64) -> SmallRng {
        let mut hasher = DefaultHasher::new();
        (self.seed, role, number).hash(&mut hasher);
        SmallRng::seed_from_u64(hasher.finish())
    }

    pub(super) fn is_closing(&self) -> bool {
        self.story.is_closing()
    }

    /// The answer, or none: the node has sent the asker away.
    pub(super) async fn ask(&self, conn: ConnId, ask: Ask) -> Option<Answer> {
        patiently(self.door.ask(conn, ask)).await
    }

    /// Registers and joins, as often as it takes. Gives the nick, which nobody had before: attempts
    /// are counted.
    pub(super) async fn enter(
        &self,
        role: &str,
        account: Option<&str>,
        rooms: &[&str],
        attempts: &mut u32,
    ) -> (ConnId, String) {
        loop {
            *attempts += 1;
            let nick = format!("{role}-{}-{}-{attempts}", self.node + 1, self.life);
            if let Some(conn) = self.try_enter(&nick, account, rooms).await {
                return (conn, nick);
            }
            sleep(PAUSE).await;
        }
    }

    /// Registers and joins.
    pub(super) async fn try_enter(
        &self,
        nick: &str,
        account: Option<&str>,
        rooms: &[&str],
    ) -> Option<ConnId> {
        let conn = self.door.connect();
        let mut is_in =
            matches!(self.register(conn, nick, account).await, Some(Answer::Registered(_)));
        for room in rooms {
            is_in = is_in && self.join(conn, room).await;
        }
        if !is_in {
            self.leave(conn, "Trying again");
        }
        is_in.then_some(conn)
    }

    pub(super) async fn register(
        &self,
        conn: ConnId,
        nick: &str,
        account: Option<&str>,
    ) -> Option<Answer> {
        let registration = Registration {
            nick: parse_nick(nick),
            user: "sim".into(),
            host: "sim".into(),
            realname: "".into(),
            account: account.map(Into::into),
            is_secure: false,
        };
        self.ask(conn, Ask::Register(registration)).await
    }

    pub(super) async fn join(&self, conn: ConnId, room: &str) -> bool {
        let verb = RoomAsk::Join { shown: room.into(), key: None };
        match self.ask(conn, in_room(room, verb)).await {
            Some(Answer::Done) => true,
            Some(Answer::Refused(why)) => why == [Refused::Room(Refusal::AlreadyInRoom)],
            _ => false,
        }
    }

    /// The socket is gone.
    pub(super) fn leave(&self, conn: ConnId, reason: &str) {
        self.door.leave(conn, reason);
    }

    /// Says something, and tells the story how it went. False: the session is lost.
    pub(super) fn say(
        &self,
        conn: ConnId,
        line: &Line<'_>,
    ) -> impl Future<Output = bool> + 'static {
        let Line { place, target, person, sender, number } = *line;
        let asked = self.story.sent(self.node, place, person, sender, number);
        let (kind, text) = (SayKind::Message, story::text(sender, number).into());
        let answer = self.door.ask(
            conn,
            if target.starts_with('#') {
                in_room(target, RoomAsk::Say { kind, text, tags: Vec::new(), status: None })
            } else {
                Ask::Direct { nick: target.into(), kind, text, tags: Vec::new() }
            },
        );
        let story = self.story.clone();
        async move {
            let (outcome, is_well) = match patiently(answer).await {
                Some(Answer::Done) => (Outcome::Done, true),
                Some(Answer::Refused(why)) => {
                    let is_gone =
                        |it: &Refused| matches!(it, Refused::NoSession | Refused::Room(_));
                    (Outcome::Refused, !why.iter().any(is_gone))
                }
                Some(Answer::Unknown) => (Outcome::Unknown, true),
                Some(other) => panic!("a message was answered with {other:?}"),
                None => (Outcome::Unknown, false),
            };
            story.answered(asked, outcome);
            is_well
        }
    }

    /// Reads on in a room, from behind a record, or the newest records; as evidence. Gives their ids.
    pub(super) async fn read(
        &self,
        conn: ConnId,
        reader: &str,
        room: &str,
        after: Option<MsgId>,
        limit: usize,
    ) -> Option<Vec<MsgId>> {
        let select = match after {
            Some(id) => HistorySelect::After(HistoryPoint::Message(id)),
            None => HistorySelect::Latest(None),
        };
        let begin_ms = self.story.now_ms();
        let query = Query::History { target: room.into(), select, limit };
        let Some(Answer::View(View::History(page))) = self.ask(conn, Ask::Query(query)).await
        else {
            return None;
        };
        let records = page.iter().map(|it| kept_of(it).expect("history holds records"));
        let (ids, items): (Vec<MsgId>, Vec<Kept>) = records.unzip();
        let is_full = ids.len() >= limit;
        self.story.read(Reading {
            reader,
            node: self.node,
            place: room,
            begin_ms,
            after,
            is_latest: after.is_none(),
            is_full,
            items,
        });
        Some(ids)
    }
}

async fn patiently(answer: oneshot::Receiver<Answer>) -> Option<Answer> {
    timeout(PATIENCE, answer).await.ok()?.ok()
}

pub(super) fn in_room(room: &str, verb: RoomAsk) -> Ask {
    let room = RoomName::parse(room).expect("a room's name");
    Ask::Room { room, verb }
}

pub(super) fn parse_nick(nick: &str) -> Nick {
    Nick::parse(nick, 64).expect("made of letters, digits and dashes")
}
