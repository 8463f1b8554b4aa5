//! The people of a run: each node has a few who talk all the time, and one who only listens.

use crate::door::Door;
use crate::story::{self, Story};
use chat::room::Refusal;
use chat::{Nick, RoomName, SayKind};
use checker::Outcome;
use node::door::{Refused, Registration, RoomAsk, View};
use node::{Answer, Ask, ConnId, Query};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

/// Where they all talk.
pub(crate) const ROOM: &str = "#sim";
/// Talkers of each node.
const TALKERS: u64 = 2;
/// Messages of one talker without an answer, at most.
const WINDOW: u32 = 16;
/// Before what was refused is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// One life of a node, as its clients know it.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) door: Rc<Door>,
    pub(crate) story: Rc<Story>,
    pub(crate) node: usize,
    pub(crate) life: u32,
    pub(crate) seed: u64,
}

/// Lets the people of a node begin.
pub(crate) fn begin(home: &Home) {
    home.story.is_of(home.door.listening(), home.node, home.life);
    spawn_local(read(home.clone()));
    begin_talkers(home, "talker");
}

/// Those who talked at a node that is leaving go on here, under new nicks.
pub(crate) fn move_in(home: &Home, from: &Home) {
    begin_talkers(home, &format!("from{}-{}-talker", from.node + 1, from.life));
}

fn begin_talkers(home: &Home, role: &str) {
    for number in 0..TALKERS {
        let random = SmallRng::seed_from_u64(home.seed.wrapping_add(number));
        let role = format!("{role}{}", (b'A' + number as u8) as char);
        spawn_local(talk(home.clone(), role, random));
    }
}

impl Home {
    /// Registers and joins, as often as it takes. Gives the nick, which nobody had before: attempts
    /// are counted.
    async fn enter(&self, role: &str, attempts: &mut u32) -> (ConnId, String) {
        loop {
            *attempts += 1;
            let nick = format!("{role}-{}-{}-{attempts}", self.node + 1, self.life);
            let conn = self.door.connect();
            if self.register(conn, &nick).await && self.join(conn).await {
                return (conn, nick);
            }
            let reason = "Trying again".into();
            self.door.ask(conn, Ask::Gone { reason }); // Unanswered.
            sleep(PAUSE).await;
        }
    }

    async fn register(&self, conn: ConnId, nick: &str) -> bool {
        let registration = Registration {
            nick: Nick::parse(nick, 64).expect("made of letters, digits and dashes"),
            user: "sim".into(),
            host: "sim".into(),
            realname: "".into(),
            account: None,
            is_secure: false,
        };
        let answer = self.door.ask(conn, Ask::Register(registration)).await;
        matches!(answer, Ok(Answer::Registered(_)))
    }

    async fn join(&self, conn: ConnId) -> bool {
        let verb = RoomAsk::Join { shown: ROOM.into(), key: None };
        match self.door.ask(conn, in_room(verb)).await {
            Ok(Answer::Done) => true,
            Ok(Answer::Refused(why)) => why == [Refused::Room(Refusal::AlreadyInRoom)],
            _ => false,
        }
    }
}

fn in_room(verb: RoomAsk) -> Ask {
    let room = RoomName::parse(ROOM).expect("a room's name");
    Ask::Room { room, verb }
}

/// Sits in the room, under a new nick whenever the session is lost.
async fn read(home: Home) {
    let mut attempts = 0;
    loop {
        let (conn, nick) = home.enter("reader", &mut attempts).await;
        home.door.set_reader(Some(conn));
        let nick: std::sync::Arc<str> = nick.into();
        let is_known = |it| matches!(it, Ok(Answer::View(View::Person(Some(_)))));
        while is_known(home.door.ask(conn, Ask::Query(Query::Person(nick.clone()))).await) {
            sleep(PAUSE).await;
        }
        home.door.set_reader(None);
    }
}

/// Says one numbered message after the other until the run closes, under a new nick whenever the
/// session is lost.
async fn talk(home: Home, role: String, mut random: SmallRng) {
    let mut attempts = 0;
    while !home.story.is_closing() {
        let (conn, nick) = home.enter(&role, &mut attempts).await;
        let in_flight = Rc::new(Cell::new(0));
        let is_lost = Rc::new(Cell::new(false));
        let mut number = 0;
        while !home.story.is_closing() && !is_lost.get() {
            let burst = if random.random_bool(0.1) { 8 } else { 1 };
            for _ in 0..burst {
                if in_flight.get() < WINDOW {
                    number += 1;
                    say(&home, conn, (&nick, number), &in_flight, &is_lost);
                }
            }
            sleep(Duration::from_millis(random.random_range(5..50))).await;
        }
    }
}

fn say(
    home: &Home,
    conn: ConnId,
    (nick, number): (&str, u64),
    in_flight: &Rc<Cell<u32>>,
    is_lost: &Rc<Cell<bool>>,
) {
    let verb = RoomAsk::Say {
        kind: SayKind::Message,
        text: story::text(nick, number).into(),
        tags: Vec::new(),
        status: None,
    };
    let asked = home.story.sent(home.node, ROOM, nick, number);
    let answer = home.door.ask(conn, in_room(verb));
    let (story, in_flight, is_lost) = (home.story.clone(), in_flight.clone(), is_lost.clone());
    in_flight.set(in_flight.get() + 1);
    spawn_local(async move {
        let outcome = match answer.await {
            Ok(Answer::Done) => Outcome::Done,
            Ok(Answer::Refused(why)) => {
                let is_gone = |it: &Refused| matches!(it, Refused::NoSession | Refused::Room(_));
                is_lost.set(is_lost.get() || why.iter().any(is_gone));
                Outcome::Refused
            }
            Ok(Answer::Unknown) => Outcome::Unknown,
            Ok(other) => panic!("a message was answered with {other:?}"),
            Err(_) => return, // The node died; the story knows.
        };
        story.answered(asked, outcome);
        in_flight.set(in_flight.get() - 1);
    });
}
