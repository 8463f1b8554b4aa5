//! What happened goes to whom it concerns.
//!
//! Promise: for each local occupant a copy of bytes and nothing else; nobody is told one thing twice.

mod members;
mod people;
mod rooms;
mod send_on;

use super::Shard;
use chat::SessionId;
use irc_proto::LineWriter;
use node::{ConnId, Delivery};
use std::time::Duration;

/// A connection of this shard whose request something came of.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    slot: u32,
    label: Option<u32>,
}

impl Shard {
    pub(super) fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Answer { conn, tag, answer } => self.on_answer(conn, tag, answer),
            Delivery::Record { record, asked, view } => {
                let asker = self.asker(asked);
                self.on_record(&record, asker, view);
            }
            Delivery::Detached { session } => self.on_detached(session),
            Delivery::Began(session) => self.on_began(&session),
            Delivery::Renamed { session, from, rooms, at, asked } => {
                let asker = self.asker(asked);
                self.on_renamed(&session, &from, &rooms, at, asker);
            }
            Delivery::Displaced { session, from, rooms, at } => {
                self.on_renamed(&session, &from, &rooms, at, None);
                self.explain_displacement(&session, &from);
            }
            Delivery::Altered { session, before, change, rooms, at, asked } => {
                let asker = self.asker(asked);
                self.on_altered(&session, &before, &change, &rooms, at, asker);
            }
            Delivery::Ended { session, reason, by, rooms, at } => {
                self.on_ended(&session, &reason, by.as_ref(), &rooms, at);
            }
            Delivery::Wallops { from, text } => self.on_wallops(&from, &text),
            Delivery::Members(members) => self.on_members(&members),
            Delivery::Drain { reason } => {
                let over: Duration = self.context.timings.drain;
                self.begin_drain(&reason, over);
            }
            Delivery::SendAway { reason, over } => self.send_away(&reason, over),
            Delivery::TakeIn => self.drain = None,
            Delivery::SendOn { to, may_close } => self.send_on(&to, may_close),
        }
    }

    /// The session of a connection goes on on another one, or waits for one.
    fn on_detached(&mut self, session: SessionId) {
        if let Some(slot) = self.sessions.get(&session).copied() {
            self.close_ended(slot, "Your session is not on this connection any more");
        }
    }

    fn asker(&self, asked: Option<(ConnId, u64)>) -> Option<Asker> {
        let (id, tag) = asked?;
        let slot = self.slot_of(id)?;
        Some(Asker { slot, label: self.label_of_request(slot, tag) })
    }

    /// Gives a line to a connection, under the label of its request if it was the one that asked.
    fn tell_under_label(&mut self, slot: u32, asker: Option<Asker>, line: &[u8]) {
        match asker.filter(|it| it.slot == slot && it.label.is_some()) {
            None => self.outs.deliver(slot, line),
            Some(it) => self.run_under_label(slot, it.label, false, |turn| {
                turn.out().extend_from_slice(line);
            }),
        }
    }

    fn on_wallops(&mut self, from: &str, text: &str) {
        for (slot, conn) in &self.conns {
            let reads = conn.session().is_some_and(|it| it.operator.is_some() || it.modes.wallops);
            if reads && !conn.is_closing {
                let out = self.outs.buffer(slot as u32);
                LineWriter::new(out).source(from).verb("WALLOPS").trailing(text).finish();
            }
        }
    }
}
