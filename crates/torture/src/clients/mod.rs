//! Those who use the cluster while it is tortured, and note what they were told.

pub(crate) mod racer;
pub(crate) mod reader;
pub(crate) mod talker;
pub(crate) mod witness;

use crate::irc::{Client, Line};
use checker::{Evidence, Kept, Name, Read};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A node that gives no answer for so long is left for another.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);
/// Where no fault is left, an answer may take that long.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Nothing came for so long: that was all for now.
pub(crate) const BREATH: Duration = Duration::from_millis(2);

/// What all clients of a round share.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) number: u64,
    pub(crate) rooms: Vec<String>,
    begin: Instant,
    /// No more messages are sent.
    pub(crate) is_quiet: AtomicBool,
    /// Everybody goes.
    pub(crate) is_over: AtomicBool,
    pub(crate) acknowledged: AtomicUsize,
    /// Messages without an answer.
    pub(crate) under_way: AtomicUsize,
    /// How often somebody was asked to go to another node, and did.
    pub(crate) sent_on: AtomicUsize,
    /// By node: the name that changes with its disk.
    identities: Mutex<Vec<String>>,
    /// Who is in which room now: by nick and room.
    present: Mutex<BTreeMap<(String, String), ()>>,
}

impl Round {
    pub(crate) fn new(number: u64, rooms: Vec<String>, identities: Vec<String>) -> Round {
        Round {
            number,
            rooms,
            begin: Instant::now(),
            is_quiet: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            acknowledged: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            sent_on: AtomicUsize::new(0),
            identities: Mutex::new(identities),
            present: Mutex::default(),
        }
    }

    /// The run's clock.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).expect("runs are short")
    }

    pub(crate) fn nodes(&self) -> usize {
        lock(&self.identities).len()
    }

    pub(crate) fn identity(&self, node: usize) -> String {
        lock(&self.identities)[node].clone()
    }

    pub(crate) fn set_identities(&self, identities: Vec<String>) {
        *lock(&self.identities) = identities;
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.is_quiet.load(Ordering::SeqCst)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub(crate) fn enter(&self, nick: &str, room: &str) {
        lock(&self.present).insert((nick.to_owned(), room.to_owned()), ());
    }

    pub(crate) fn leave(&self, nick: &str) {
        lock(&self.present).retain(|(it, _), ()| it != nick);
    }

    /// Who is in a room now, sorted.
    pub(crate) fn occupants(&self, room: &str) -> Vec<String> {
        let present = lock(&self.present);
        present.keys().filter(|it| it.1 == room).map(|it| it.0.clone()).collect()
    }

    /// Registers on a node, surely in the life that is given back.
    pub(crate) fn register(&self, node: usize, nick: &str) -> io::Result<(Client, Name)> {
        let before = self.identity(node);
        let client = Client::register(crate::cluster::irc(node), nick, PATIENCE)?;
        match before == self.identity(node) {
            true => Ok((client, before.into())),
            false => Err(io::Error::other("the node lost its disk meanwhile")),
        }
    }

    /// Reads a room's history from behind `after` to its end.
    pub(crate) fn read(
        &self,
        (client, node): (&mut Client, &Name),
        reader: &Name,
        room: &str,
        after: Option<Name>,
    ) -> io::Result<Read> {
        let begin_ms = self.now_ms();
        let lines = client.history_after(room, after.as_deref())?;
        Ok(Read {
            reader: reader.clone(),
            node: node.clone(),
            place: room.into(),
            begin_ms,
            end_ms: self.now_ms(),
            after,
            is_whole: true,
            items: lines.iter().filter_map(kept).collect(),
        })
    }
}

/// One of our messages, as it stands in a line.
pub(crate) fn kept(line: &Line) -> Option<Kept> {
    let text = line.param(1);
    let (sender, number) = text.strip_prefix("m ")?.split_once(' ')?;
    if !line.is("PRIVMSG") {
        return None;
    }
    let time = irc_proto::time::parse(line.tag("time")?)?;
    Some(Kept {
        id: line.tag("msgid")?.into(),
        at_ms: time,
        message: Some((sender.into(), number.parse().ok()?)),
        body: format!("{} {text}", line.source).into(),
    })
}

pub(crate) fn text(sender: &str, number: u64) -> String {
    format!("m {sender} {number}")
}

/// Puts the evidence of many clients together.
pub(crate) fn gather(into: &mut Evidence, more: Evidence) {
    into.sent.extend(more.sent);
    into.reads.extend(more.reads);
    into.live.extend(more.live);
    into.claims.extend(more.claims);
    into.releases.extend(more.releases);
}

/// A panic elsewhere is told elsewhere.
fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
