//! Those who go from node to node: because they like to, or because their node died. On the next node
//! they join the room, and must find there what they saw and what they said.
//!
//! They read only once their JOIN is answered: it is ordered behind all that was acknowledged before,
//! and answered when this node has applied it. A node promises nothing of what it has not applied.

use super::Home;
use super::home::Line;
use super::rooms::OF_TALKERS;
use chat::MsgId;
use rand::Rng;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

const PAGE: usize = 50;
/// A page that is not the last is followed by so many more, at most.
const PAGES: usize = 10;
/// How often a node looks for people who are on their way.
const LOOKS_MS: std::ops::Range<u64> = 5..30;
/// After this long anybody goes back to where they came from.
const HOMESICK_MS: u64 = 1_000;

/// What a person takes along.
#[derive(Clone, Debug)]
struct Traveller {
    name: String,
    room: &'static str,
    seen: Option<MsgId>,
    visits: u32,
    /// Where they were last, and until when.
    from: Option<usize>,
    since_ms: u64,
}

/// All who move: on their way, or at a node.
#[derive(Debug, Default)]
pub(crate) struct Travellers {
    on_their_way: RefCell<Vec<Traveller>>,
    guests: RefCell<Vec<Traveller>>,
    moves: Cell<usize>,
}

impl Travellers {
    /// They set out.
    pub(crate) fn set_out(&self, count: usize) {
        for number in 0..count {
            self.on_their_way.borrow_mut().push(Traveller {
                name: format!("mover{number}"),
                room: OF_TALKERS[number % OF_TALKERS.len()],
                seen: None,
                visits: 0,
                from: None,
                since_ms: 0,
            });
        }
    }

    /// The next who comes to this node.
    fn arrive(&self, node: usize, now_ms: u64) -> Option<Traveller> {
        let mut on_their_way = self.on_their_way.borrow_mut();
        let comes = |it: &Traveller| it.from != Some(node) || now_ms > it.since_ms + HOMESICK_MS;
        let at = on_their_way.iter().position(comes)?;
        let mut it = on_their_way.remove(at);
        (it.from, it.visits) = (Some(node), it.visits + 1);
        self.guests.borrow_mut().push(it.clone());
        Some(it)
    }

    fn saw(&self, name: &str, seen: MsgId) {
        if let Some(it) = self.guests.borrow_mut().iter_mut().find(|it| it.name == name) {
            it.seen = it.seen.max(Some(seen));
        }
    }

    fn leaves(&self, name: &str, now_ms: u64) {
        self.leave_all(now_ms, |it| it.name == name);
    }

    /// All guests of a node that died are on their way.
    pub(crate) fn died(&self, node: usize, now_ms: u64) {
        self.leave_all(now_ms, |it| it.from == Some(node));
    }

    fn leave_all(&self, now_ms: u64, who: impl Fn(&Traveller) -> bool) {
        let leaving = self.guests.borrow_mut().extract_if(.., |it| who(it)).collect::<Vec<_>>();
        for mut it in leaving {
            it.since_ms = now_ms;
            self.on_their_way.borrow_mut().push(it);
        }
    }

    /// Somebody was let in after having been elsewhere.
    fn has_moved(&self, it: &Traveller) {
        self.moves.set(self.moves.get() + usize::from(it.visits > 1));
    }

    /// How often that was.
    pub(crate) fn moves(&self) -> usize {
        self.moves.get()
    }
}

/// Takes in those who are on their way.
pub(super) async fn receive(home: Home) {
    let mut random = home.random("inn", 0);
    while !home.is_closing() {
        // A node that takes nobody in now would only be in their way.
        if home.door.reader().is_some()
            && let Some(it) = home.story.travellers.arrive(home.node, home.story.now_ms())
        {
            spawn_local(visit(home.clone(), it));
            continue;
        }
        sleep(Duration::from_millis(random.random_range(LOOKS_MS))).await;
    }
}

async fn visit(home: Home, it: Traveller) {
    let nick = format!("{}-{}", it.name, it.visits);
    if let Some(conn) = home.try_enter(&nick, None, &[it.room]).await {
        home.story.travellers.has_moved(&it);
        stay(&home, conn, &it, &nick).await;
        home.leave(conn, "Moving on");
    }
    home.story.travellers.leaves(&it.name, home.story.now_ms());
}

async fn stay(home: &Home, conn: node::ConnId, it: &Traveller, nick: &str) {
    let mut random = home.random(nick, 0);
    let mut seen = it.seen;
    catch_up(home, conn, it, &mut seen).await;
    let lines = random.random_range(1..4);
    for number in 1..=lines {
        let line = Line { place: it.room, target: it.room, person: &it.name, sender: nick, number };
        if home.is_closing() || !home.say(conn, &line).await {
            return;
        }
    }
    if random.random_bool(0.3) {
        catch_up(home, conn, it, &mut seen).await;
    }
    let (from_ms, to_ms) = home.story.mix().stay_ms;
    sleep(Duration::from_millis(random.random_range(from_ms..to_ms))).await;
}

/// Reads on to the newest.
async fn catch_up(home: &Home, conn: node::ConnId, it: &Traveller, seen: &mut Option<MsgId>) {
    for _ in 0..PAGES {
        let Some(page) = home.read(conn, &it.name, it.room, *seen, PAGE).await else {
            return;
        };
        if let Some(last) = page.last() {
            *seen = (*seen).max(Some(*last));
            home.story.travellers.saw(&it.name, *last);
        }
        if page.len() < PAGE {
            return;
        }
    }
}
