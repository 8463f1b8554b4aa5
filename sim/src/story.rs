//! What happened in a run: what clients sent and heard, what was done to the cluster, and a hash of all.

use crate::cluster::name;
use crate::points;
use chat::{Place, Record, What};
use checker::{Evidence, Heard, Kept, Live, Outcome, Sent};
use std::cell::{Cell, RefCell};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Mutex;

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From now on panics are kept, also those that a runtime catches.
pub(crate) fn hear_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if points::is_dead() {
            return; // What is left of a process that died at a fail point has no disk.
        }
        if let Ok(mut panics) = PANICS.lock() {
            panics.push(info.to_string());
        }
        usual(info);
    }));
}

/// The panics so far.
pub(crate) fn panics() -> Vec<String> {
    PANICS.lock().map(|it| it.clone()).unwrap_or_default()
}

/// A message among all that were sent.
#[derive(Clone, Copy)]
pub(crate) struct Asked(usize);

/// A door among all that were opened.
#[derive(Clone, Copy)]
pub(crate) struct Listening(usize);

/// Who hears something live.
#[derive(Default)]
struct Door {
    node: usize,
    life: u32,
}

/// Shared by everything in a run; all of it runs in one thread.
#[derive(Default)]
pub(crate) struct Story {
    now_ms: Cell<u64>,
    hasher: RefCell<DefaultHasher>,
    evidence: RefCell<Evidence>,
    /// Each door's name in stories.
    doors: RefCell<Vec<Door>>,
    is_closing: Cell<bool>,
}

impl Story {
    pub(crate) fn new() -> Rc<Story> {
        Rc::default()
    }

    pub(crate) fn set_now(&self, now_ms: u64) {
        self.now_ms.set(now_ms);
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// Something that must be the same in every run of the seed.
    pub(crate) fn trace(&self, what: impl Hash) {
        let mut hasher = self.hasher.borrow_mut();
        self.now_ms.get().hash(&mut *hasher);
        what.hash(&mut *hasher);
    }

    /// Something was done to the cluster, or seen of it.
    pub(crate) fn note(&self, deed: impl Into<String>) {
        let deed = deed.into();
        self.trace(&deed);
        self.evidence.borrow_mut().deeds.push((self.now_ms(), deed));
    }

    /// A client of a node sends a message.
    pub(crate) fn sent(&self, node: usize, place: &str, sender: &str, number: u64) -> Asked {
        self.trace((sender, number));
        let node = name(node).into();
        let mut it = Sent::new(place.into(), sender.into(), number, node, self.now_ms());
        it.text = Some(text(sender, number).into());
        let sent = &mut self.evidence.borrow_mut().sent;
        sent.push(it);
        Asked(sent.len() - 1)
    }

    /// It was answered.
    pub(crate) fn answered(&self, asked: Asked, outcome: Outcome) {
        let it = &mut self.evidence.borrow_mut().sent[asked.0];
        it.answer(outcome, self.now_ms());
        self.trace((&*it.sender, it.number, outcome as u8));
    }

    /// Messages at a node that nobody has answered yet.
    pub(crate) fn waiting_at(&self, node: usize) -> usize {
        let node = name(node);
        let is_one = |it: &&Sent| *it.node == *node && it.outcome == Outcome::Waiting;
        self.evidence.borrow().sent.iter().filter(is_one).count()
    }

    /// A node died: who waited there will never hear.
    pub(crate) fn died(&self, node: usize) {
        let node = name(node);
        let sent = &mut self.evidence.borrow_mut().sent;
        let waiting = sent.iter_mut().filter(|it| it.outcome == Outcome::Waiting);
        for it in waiting.filter(|it| *it.node == *node) {
            it.answer(Outcome::Unknown, self.now_ms());
        }
    }

    /// A door opens, and sees live what happens from now on.
    pub(crate) fn listens(&self) -> Listening {
        let mut doors = self.doors.borrow_mut();
        doors.push(Door::default());
        Listening(doors.len() - 1)
    }

    /// Which node's door it is, and in which of the node's lives.
    pub(crate) fn is_of(&self, door: Listening, node: usize, life: u32) {
        self.doors.borrow_mut()[door.0] = Door { node, life };
    }

    /// A door sees a message live.
    pub(crate) fn delivered(&self, door: Listening, record: &Record) {
        let seen_ms = self.now_ms();
        let heard = Heard { seen_ms, record: kept(record) };
        self.trace(&*heard.record.id);
        let place = place(record);
        let Door { node, life } = self.doors.borrow()[door.0];
        let connection = format!("door {} of life {life}", door.0);
        let live = &mut self.evidence.borrow_mut().live;
        match live.iter_mut().find(|it| *it.connection == *connection && *it.place == *place) {
            Some(it) => it.items.push(heard),
            None => live.push(Live {
                connection: connection.into(),
                node: name(node).into(),
                place: place.into(),
                is_unbroken: false, // Its clients come and go.
                items: vec![heard],
            }),
        }
    }

    /// Clients send nothing more.
    pub(crate) fn close(&self) {
        self.is_closing.set(true);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    /// Messages of a node's clients that were sent since then and acknowledged.
    pub(crate) fn acknowledged_since(&self, node: usize, since_ms: u64) -> usize {
        let node = name(node);
        let is_one =
            |it: &&Sent| *it.node == *node && it.sent_ms >= since_ms && it.outcome == Outcome::Done;
        self.evidence.borrow().sent.iter().filter(is_one).count()
    }

    /// Messages that nobody has answered yet.
    pub(crate) fn waiting(&self) -> usize {
        let sent = &self.evidence.borrow().sent;
        sent.iter().filter(|it| it.outcome == Outcome::Waiting).count()
    }

    /// All that is known up to now.
    pub(crate) fn evidence(&self) -> Evidence {
        self.evidence.borrow().clone()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hasher.borrow().finish()
    }
}

/// What a message says, so that it can be known again.
pub(crate) fn text(sender: &str, number: u64) -> String {
    format!("{sender} {number}")
}

/// The checker knows neither nodes nor records.
pub(crate) fn kept(record: &Record) -> Kept {
    let message = match &record.what {
        What::Said { text, .. } => text
            .split_once(' ')
            .and_then(|(sender, number)| Some((sender.into(), number.parse().ok()?))),
        _ => None,
    };
    Kept {
        id: record.id.to_string().into(),
        at_ms: record.id.stamp.ms(),
        message,
        body: format!("{}: {:?}", record.who.nick, record.what).into(),
    }
}

/// The name of a room or conversation, as clients' evidence has it.
fn place(record: &Record) -> String {
    match &record.place {
        Place::Room(name) => name.to_string(),
        Place::Direct(a, b) => format!("{a} and {b}"),
    }
}
