//! One on each node at the end: reads all there is, and sees who is there.

use super::{ANSWER_MAX, Round, kept};
use crate::cluster::irc;
use crate::irc::Client;
use checker::{History, Shown};
use std::io;
use std::time::Instant;

/// In all rooms, until it is dropped.
pub(crate) struct Witness {
    pub(crate) node: usize,
    nick: String,
    client: Client,
}

impl Witness {
    /// No fault is left, so this works.
    pub(crate) fn new(round: &Round, node: usize) -> io::Result<Witness> {
        Witness::named(round, node, format!("r{}w{node}", round.number))
    }

    pub(crate) fn named(round: &Round, node: usize, nick: String) -> io::Result<Witness> {
        let mut client = Client::register(irc(node), &nick, ANSWER_MAX)?;
        for room in &round.rooms {
            client.join(room, ANSWER_MAX).inspect_err(|_| round.leave(&nick))?;
            round.enter(&nick, room);
        }
        Ok(Witness { node, nick, client })
    }

    /// Takes what has come meanwhile, so that it is no slow reader.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        while self.client.next(Instant::now() + super::BREATH)?.is_some() {}
        Ok(())
    }

    /// Our messages in a room's history.
    pub(crate) fn history(&mut self, round: &Round, room: &str) -> io::Result<History> {
        let lines = self.client.history(room)?;
        Ok(History {
            node: round.identity(self.node).into(),
            place: room.into(),
            items: lines.iter().filter_map(kept).collect(),
        })
    }

    /// Who is in a room, sorted.
    pub(crate) fn names(&mut self, round: &Round, room: &str) -> io::Result<Shown> {
        self.client.send(&format!("NAMES {room}"))?;
        let mut who = Vec::new();
        let deadline = Instant::now() + ANSWER_MAX;
        while let Some(line) = self.client.next(deadline)? {
            let is_about = |at: usize| line.param(at).eq_ignore_ascii_case(room);
            if line.is("353") && is_about(2) {
                let nicks = line.param(3).split_whitespace();
                who.extend(nicks.map(|it| it.trim_start_matches(['@', '+']).into()));
            }
            if line.is("366") && is_about(1) {
                who.sort();
                let node = round.identity(self.node).into();
                return Ok(Shown { node, room: room.into(), who });
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    pub(crate) fn leave(mut self, round: &Round) {
        let _ = self.client.send("QUIT :done"); // It is not needed any more, either way.
        round.leave(&self.nick);
    }
}
