//! What happened in a run: what clients sent and heard, what was done to the cluster, and a hash of all.

use crate::checker::{Outcome, Sent};
use crate::points;
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

/// A message's place among all that were sent.
#[derive(Clone, Copy)]
pub(crate) struct Place(usize);

/// Shared by everything in a run; all of it runs in one thread.
#[derive(Default)]
pub(crate) struct Story {
    now_ms: Cell<u64>,
    hasher: RefCell<DefaultHasher>,
    sent: RefCell<Vec<(usize, Sent)>>,
    deeds: RefCell<Vec<(u64, String)>>,
    delivered: RefCell<Vec<Vec<String>>>,
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
        self.deeds.borrow_mut().push((self.now_ms(), deed));
    }

    /// A client of a node sends a message.
    pub(crate) fn sent(&self, node: usize, sender: &str, number: u64) -> Place {
        self.trace((sender, number));
        let mut sent = self.sent.borrow_mut();
        sent.push((
            node,
            Sent {
                sender: sender.to_owned(),
                number,
                sent_ms: self.now_ms(),
                outcome: Outcome::Waiting,
                answered_ms: 0,
            },
        ));
        Place(sent.len() - 1)
    }

    /// It was answered.
    pub(crate) fn answered(&self, place: Place, outcome: Outcome) {
        let it = &mut self.sent.borrow_mut()[place.0].1;
        (it.outcome, it.answered_ms) = (outcome, self.now_ms());
        self.trace((&it.sender, it.number, outcome as u8));
    }

    /// A node died: who waited there will never hear.
    pub(crate) fn died(&self, node: usize) {
        for (at, it) in &mut *self.sent.borrow_mut() {
            if *at == node && it.outcome == Outcome::Waiting {
                (it.outcome, it.answered_ms) = (Outcome::Unknown, self.now_ms());
            }
        }
    }

    /// A list for the ids that one door sees live.
    pub(crate) fn open_deliveries(&self) -> usize {
        self.delivered.borrow_mut().push(Vec::new());
        self.delivered.borrow().len() - 1
    }

    /// A door sees a record live.
    pub(crate) fn delivered(&self, list: usize, id: String) {
        self.trace(&id);
        self.delivered.borrow_mut()[list].push(id);
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
        let sent = self.sent.borrow();
        let is_one = |it: &&(usize, Sent)| {
            it.0 == node && it.1.sent_ms >= since_ms && it.1.outcome == Outcome::Done
        };
        sent.iter().filter(is_one).count()
    }

    /// Messages that nobody has answered yet.
    pub(crate) fn waiting(&self) -> usize {
        let sent = self.sent.borrow();
        sent.iter().filter(|it| it.1.outcome == Outcome::Waiting).count()
    }

    pub(crate) fn all_sent(&self) -> Vec<Sent> {
        self.sent.borrow().iter().map(|it| it.1.clone()).collect()
    }

    pub(crate) fn all_delivered(&self) -> Vec<Vec<String>> {
        self.delivered.borrow().clone()
    }

    pub(crate) fn deeds(&self) -> Vec<(u64, String)> {
        self.deeds.borrow().clone()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hasher.borrow().finish()
    }
}
