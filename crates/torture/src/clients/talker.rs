//! Says numbered messages in a room. When its node dies or falls silent it goes to the next, under a new
//! nick, and first reads what it may have missed. It goes elsewhere when its node asks for that, too.

use super::{ANSWER_MAX, PATIENCE, Round, kept, text};
use crate::cluster::irc;
use crate::irc::{Batches, Client, Line, outcome};
use crate::lookup;
use checker::{Evidence, Heard, Live, Name, Outcome, Sent};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Messages under way at a time.
const WINDOW: usize = 8;
/// Between two messages, at least; half of the talkers.
const PACE: Duration = Duration::from_millis(30);
/// The same for the others.
const PACE_FAST: Duration = Duration::from_millis(12);

/// Where somebody goes whose node died.
#[derive(Clone, Debug)]
pub(crate) enum Goes {
    /// Nowhere: the node comes back.
    Nowhere,
    /// To the next node.
    On,
    /// From the first time on where the directory says, at one of these doors.
    WhereTold(Vec<SocketAddr>),
}

/// Who talks where.
#[derive(Debug)]
pub(crate) struct Talker {
    pub(crate) person: String,
    pub(crate) room: String,
    pub(crate) home: usize,
    pub(crate) goes: Goes,
    /// Messages of this one that were acknowledged.
    pub(crate) acknowledged: AtomicUsize,
}

impl Talker {
    pub(crate) fn new(person: String, room: &str, home: usize, goes: Goes) -> Talker {
        let (room, acknowledged) = (room.to_owned(), AtomicUsize::new(0));
        Talker { person, room, home, goes, acknowledged }
    }

    /// Until the round is over.
    pub(crate) fn run(&self, round: &Round) -> Evidence {
        let mut evidence = Evidence::default();
        let (mut number, mut sent_to) = (0, None);
        for life in 0.. {
            if round.is_over() {
                break;
            }
            let nick = format!("{}x{life}", self.person);
            let node = sent_to.take().map_or_else(|| self.node(round, life), Ok);
            let begun = node.and_then(|it| self.begin(round, it, &nick, life, &mut evidence));
            match begun {
                Ok((client, node)) => {
                    let mut life = Life::new(self, round, client, node, &nick, &mut evidence);
                    let _ = life.go_on(&mut number); // Its node died.
                    sent_to = life.sent_to;
                    life.end();
                }
                Err(_) => thread::sleep(PACE), // Not as fast as possible against a node that is down.
            }
            round.leave(&nick);
        }
        evidence
    }

    fn node(&self, round: &Round, life: usize) -> io::Result<usize> {
        match &self.goes {
            Goes::Nowhere => Ok(self.home),
            Goes::On => Ok((self.home + life) % round.nodes()),
            Goes::WhereTold(doors) => lookup::ask(doors, self.home + life, round.nodes()),
        }
    }

    fn begin(
        &self,
        round: &Round,
        node: usize,
        nick: &str,
        life: usize,
        evidence: &mut Evidence,
    ) -> io::Result<(Client, Name)> {
        let (mut client, node) = round.register(node, nick)?;
        if matches!(self.goes, Goes::WhereTold(_)) {
            client.send("CAP REQ :starling/members")?;
        }
        client.join(&self.room, PATIENCE)?;
        if life > 0 && !matches!(self.goes, Goes::Nowhere) {
            let person = self.person.as_str().into();
            evidence.reads.push(round.read((&mut client, &node), &person, &self.room, None)?);
        }
        round.enter(nick, &self.room);
        Ok((client, node))
    }
}

/// One connection of a talker.
struct Life<'a> {
    talker: &'a Talker,
    round: &'a Round,
    client: Client,
    node: Name,
    nick: Name,
    /// By label: place in the evidence and time of sending.
    under_way: HashMap<String, (usize, Instant)>,
    batches: Batches,
    heard: Vec<Heard>,
    /// The node asks us to go there. What is under way is answered first.
    sent_to: Option<usize>,
    evidence: &'a mut Evidence,
}

impl<'a> Life<'a> {
    fn new(
        talker: &'a Talker,
        round: &'a Round,
        client: Client,
        node: Name,
        nick: &str,
        evidence: &'a mut Evidence,
    ) -> Life<'a> {
        let (under_way, batches) = (HashMap::new(), Batches::default());
        let (nick, heard, sent_to) = (nick.into(), Vec::new(), None);
        Life { talker, round, client, node, nick, under_way, batches, heard, sent_to, evidence }
    }

    fn go_on(&mut self, number: &mut u64) -> io::Result<()> {
        let mut next = Instant::now();
        let pace = if self.talker.home.is_multiple_of(2) { PACE_FAST } else { PACE };
        loop {
            let is_quiet = self.round.is_quiet();
            if self.round.is_over() {
                return self.client.send("QUIT :done");
            }
            let now = Instant::now();
            let patience = if is_quiet { ANSWER_MAX } else { PATIENCE };
            if self.under_way.values().any(|(_, sent)| now - *sent > patience) {
                if is_quiet {
                    self.complain();
                }
                return Err(io::ErrorKind::TimedOut.into());
            }
            if self.sent_to.is_some() && self.under_way.is_empty() {
                return self.client.send("QUIT :moving");
            }
            let is_going = is_quiet || self.sent_to.is_some();
            if !is_going && now >= next && self.under_way.len() < WINDOW {
                next = now + pace;
                self.send(*number)?;
                *number += 1;
            }
            if let Some(line) = self.client.next(next.max(now + PACE))? {
                self.learn(&line);
            }
        }
    }

    fn send(&mut self, number: u64) -> io::Result<()> {
        let text = text(&self.nick, number);
        let place: Name = self.talker.room.as_str().into();
        let now_ms = self.round.now_ms();
        let mut sent = Sent::new(place, self.nick.clone(), number, self.node.clone(), now_ms);
        sent.person = self.talker.person.as_str().into();
        sent.text = Some(text.as_str().into());
        // Before it is sent: even if that fails it may have arrived.
        sent.outcome = Outcome::Unknown;
        self.evidence.sent.push(sent);
        let place = self.evidence.sent.len() - 1;
        self.under_way.insert(number.to_string(), (place, Instant::now()));
        self.round.under_way.fetch_add(1, Ordering::SeqCst);
        self.client.send(&format!("@label={number} PRIVMSG {} :{text}", self.talker.room))
    }

    fn learn(&mut self, line: &Line) {
        if line.is("MOVE") && !self.round.is_quiet() {
            let there = |it: &usize| irc(*it).to_string() == line.param(1);
            self.sent_to = (0..self.round.nodes()).find(there);
            self.round.sent_on.fetch_add(usize::from(self.sent_to.is_some()), Ordering::SeqCst);
            return;
        }
        let label = self.batches.label(line);
        let record = kept(line);
        let now_ms = self.round.now_ms();
        if let Some(record) = &record {
            self.heard.push(Heard { seen_ms: now_ms, record: record.clone() });
        }
        let Some((place, _)) = label.and_then(|it| self.under_way.remove(&it)) else {
            return;
        };
        self.round.under_way.fetch_sub(1, Ordering::SeqCst);
        let sent = &mut self.evidence.sent[place];
        sent.id = record.as_ref().map(|it| it.id.clone());
        match record {
            Some(_) => {
                sent.answer(Outcome::Done, now_ms);
                self.talker.acknowledged.fetch_add(1, Ordering::SeqCst);
                self.round.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            None => sent.answer(outcome(line), now_ms),
        }
    }

    /// No fault is left and the connection stands: what is not answered is owed to us.
    fn complain(&mut self) {
        for (place, _) in self.under_way.values() {
            self.evidence.sent[*place].outcome = Outcome::Waiting;
        }
    }

    fn end(self) {
        self.round.under_way.fetch_sub(self.under_way.len(), Ordering::SeqCst);
        self.evidence.live.push(Live {
            connection: self.nick,
            node: self.node,
            place: self.talker.room.as_str().into(),
            is_unbroken: true,
            items: self.heard,
        });
    }
}
