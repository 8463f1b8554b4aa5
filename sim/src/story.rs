//! What happened in a run: what clients sent and heard, what was done to the cluster, and a hash of all.

use crate::cluster::name;
use crate::leaders::Led;
use crate::people::{Mix, Travellers};
use crate::points;
use chat::codec::{Unreadable, decode};
use chat::{MsgId, Place, Record, What};
use checker::{
    Claim, ClaimOutcome, Evidence, Heard, Kept, Leadership, Live, Name, Outcome, Read, Release,
    Sent,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
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

/// A claim of a nick among all.
#[derive(Clone, Copy)]
pub(crate) struct Claiming(usize);

/// Somebody may have a nick.
struct Holding {
    node: usize,
    client: Name,
    nick: Name,
    /// Not before.
    since_ms: u64,
}

/// A part of a room's history that somebody was shown.
pub(crate) struct Reading<'a> {
    pub(crate) reader: &'a str,
    pub(crate) node: usize,
    pub(crate) place: &'a str,
    /// Before it was asked for.
    pub(crate) begin_ms: u64,
    pub(crate) after: Option<MsgId>,
    /// Of the newest records, without a word of what is before them.
    pub(crate) is_latest: bool,
    /// As many records as were asked for at most.
    pub(crate) is_full: bool,
    pub(crate) items: Vec<Kept>,
}

/// Who hears something live.
#[derive(Default)]
struct Door {
    node: usize,
    life: u32,
}

/// Shared by everything in a run; all of it runs in one thread.
#[derive(Default)]
pub(crate) struct Story {
    /// Where in the evidence stands what a door hears of a place.
    lists: RefCell<BTreeMap<(usize, Place), usize>>,
    now_ms: Cell<u64>,
    hasher: RefCell<DefaultHasher>,
    evidence: RefCell<Evidence>,
    /// Each door's name in stories.
    doors: RefCell<Vec<Door>>,
    is_closing: Cell<bool>,
    mix: Cell<&'static Mix>,
    holdings: RefCell<Vec<Holding>>,
    /// Under which nick people are here now.
    nicks: RefCell<BTreeMap<String, String>>,
    pub(crate) travellers: Travellers,
}

impl Story {
    pub(crate) fn new() -> Rc<Story> {
        Rc::default()
    }

    /// Who is there.
    pub(crate) fn set_mix(&self, mix: &'static Mix) {
        self.mix.set(mix);
        self.travellers.set_out(mix.movers);
    }

    pub(crate) fn mix(&self) -> &'static Mix {
        self.mix.get()
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

    /// The network was parted, as those see it who keep names without a majority.
    pub(crate) fn parted(&self, begin_ms: u64, end_ms: u64) {
        self.evidence.borrow_mut().partings.push((begin_ms, end_ms));
    }

    /// They say that they lead from now on.
    pub(crate) fn note_leaders(&self, led: Vec<Led>) {
        let at_ms = self.now_ms();
        let begun = led.into_iter().map(|Led { node, group, term }| Leadership {
            group: group.into(),
            term,
            node: name(node).into(),
            at_ms,
        });
        self.evidence.borrow_mut().leaderships.extend(begun);
    }

    /// A client of a node sends a message.
    pub(crate) fn sent(
        &self,
        node: usize,
        place: &str,
        person: &str,
        sender: &str,
        number: u64,
    ) -> Asked {
        self.trace((sender, number));
        let node = name(node).into();
        let mut it = Sent::new(place.into(), sender.into(), number, node, self.now_ms());
        it.person = person.into();
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

    /// Somebody read a part of a room's history.
    pub(crate) fn read(&self, it: Reading<'_>) {
        let mut items = it.items;
        self.trace((it.reader, it.place, items.len(), items.last().map(|it| it.id.clone())));
        let mut after: Option<Name> = it.after.map(|it| it.to_string().into());
        if it.is_latest && it.is_full && !items.is_empty() {
            after = Some(items.remove(0).id); // What is before it was not looked at.
        }
        self.evidence.borrow_mut().reads.push(Read {
            reader: it.reader.into(),
            node: name(it.node).into(),
            place: it.place.into(),
            begin_ms: it.begin_ms,
            end_ms: self.now_ms(),
            after,
            is_whole: it.is_latest || !it.is_full,
            items,
        });
    }

    /// A client of a node wants a nick. Until it is told otherwise it may have it.
    pub(crate) fn claims(&self, node: usize, client: &str, nick: &str) -> Claiming {
        self.trace((client, nick));
        let (client, nick): (Name, Name) = (client.into(), nick.into());
        let since_ms = self.now_ms();
        let holding = Holding { node, client: client.clone(), nick: nick.clone(), since_ms };
        self.holdings.borrow_mut().push(holding);
        let claims = &mut self.evidence.borrow_mut().claims;
        let (begin_ms, end_ms, outcome) = (since_ms, since_ms, ClaimOutcome::Unknown);
        claims.push(Claim { client, nick, begin_ms, end_ms, outcome });
        Claiming(claims.len() - 1)
    }

    /// It was told.
    pub(crate) fn claimed(&self, claim: Claiming, outcome: ClaimOutcome) {
        self.trace((claim.0, outcome as u8));
        let mut evidence = self.evidence.borrow_mut();
        let it = &mut evidence.claims[claim.0];
        (it.end_ms, it.outcome) = (self.now_ms(), outcome);
        let (client, nick) = (it.client.clone(), it.nick.clone());
        drop(evidence);
        match outcome {
            ClaimOutcome::Held => {}
            ClaimOutcome::Unknown => self.released(&client, &nick, None),
            ClaimOutcome::InUse | ClaimOutcome::Refused => {
                self.holdings.borrow_mut().retain(|it| it.client != client || it.nick != nick);
            }
        }
    }

    /// A client gave a nick back, and it was acknowledged; it began to at this time. `None`: nobody
    /// knows whether and when the nick became free.
    pub(crate) fn released(&self, client: &str, nick: &str, begin_ms: Option<u64>) {
        self.trace((client, nick, begin_ms));
        self.release_all(begin_ms, |it| *it.client == *client && *it.nick == *nick);
    }

    fn release_all(&self, begin_ms: Option<u64>, who: impl Fn(&Holding) -> bool) {
        let end_ms = begin_ms.map(|_| self.now_ms());
        let released: Vec<Holding> =
            self.holdings.borrow_mut().extract_if(.., |it| who(it)).collect();
        let releases = released.into_iter().map(|it| Release {
            client: it.client,
            nick: it.nick,
            // A node that was cut off hears late, or never, that its sessions are over.
            begin_ms: begin_ms.unwrap_or(it.since_ms),
            end_ms,
        });
        self.evidence.borrow_mut().releases.extend(releases);
    }

    /// A person is here under this nick from now on.
    pub(crate) fn is_known_as(&self, person: &str, nick: &str) {
        self.nicks.borrow_mut().insert(person.to_owned(), nick.to_owned());
    }

    /// Under which nick a person was here last.
    pub(crate) fn nick_of(&self, person: &str) -> Option<String> {
        self.nicks.borrow().get(person).cloned()
    }

    /// A node died: who waited there will never hear.
    pub(crate) fn died(&self, node: usize) {
        self.release_all(None, |it| it.node == node);
        self.travellers.died(node, self.now_ms());
        let node = name(node);
        let sent = &mut self.evidence.borrow_mut().sent;
        let waiting = sent.iter_mut().filter(|it| it.outcome == Outcome::Waiting);
        for it in waiting.filter(|it| *it.node == *node) {
            it.answer(Outcome::Unknown, self.now_ms());
        }
    }

    /// What was on the node's disk alone is gone.
    pub(crate) fn lost_disk(&self, node: usize) {
        let lost = (name(node).into(), self.now_ms());
        self.evidence.borrow_mut().lost_disks.push(lost);
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
        let live = &mut self.evidence.borrow_mut().live;
        let mut lists = self.lists.borrow_mut();
        if let Some(list) = lists.get(&(door.0, record.place.clone())) {
            live[*list].items.push(heard);
            return;
        }
        lists.insert((door.0, record.place.clone()), live.len());
        let Door { node, life } = self.doors.borrow()[door.0];
        live.push(Live {
            connection: format!("door {} of life {life}", door.0).into(),
            node: name(node).into(),
            place: place(&record.place).into(),
            is_unbroken: false, // Its clients come and go.
            items: vec![heard],
        });
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

    /// All that is known at the end.
    pub(crate) fn take_evidence(&self) -> Evidence {
        self.evidence.take()
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
///
/// Most records are seen many times, on every node and by every reader: one that is equal to what was
/// seen under its id is not put into words again.
fn kept(record: &Record) -> Kept {
    thread_local! {
        static SEEN: RefCell<HashMap<MsgId, (Record, Kept)>> = RefCell::default();
    }
    SEEN.with_borrow_mut(|seen| match seen.get(&record.id) {
        Some((known, kept)) if known == record => kept.clone(),
        Some(_) => in_words(record),
        None => {
            let kept = in_words(record);
            seen.insert(record.id, (record.clone(), kept.clone()));
            kept
        }
    })
}

/// The same of a record as it stands in a history: what is equal to what was read before is not even
/// decoded again.
pub(crate) fn kept_of(bytes: &[u8]) -> Result<(MsgId, Kept), Unreadable> {
    type Known = HashMap<Box<[u8]>, (MsgId, Kept)>;
    thread_local! {
        static READ: RefCell<Known> = RefCell::default();
    }
    READ.with_borrow_mut(|read| {
        if let Some(known) = read.get(bytes) {
            return Ok(known.clone());
        }
        let record: Record = decode(bytes)?;
        let known = (record.id, kept(&record));
        read.insert(bytes.into(), known.clone());
        Ok(known)
    })
}

fn in_words(record: &Record) -> Kept {
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
pub(crate) fn place(place: &Place) -> String {
    match place {
        Place::Room(name) => name.to_string(),
        Place::Direct(a, b) => format!("{a} and {b}"),
    }
}
