//! What a verb may do: answer its connection, ask the node.

use crate::conn::Conn;
use crate::context::Context;
use crate::pending::{Asked, Pending};
use crate::shard::Shard;
use irc_proto::numeric::ERR_NEEDMOREPARAMS;
use irc_proto::standard_reply::{Kind, StandardReply};
use irc_proto::{Cap, LineWriter};
use node::{Ask, Query, Request};
use std::sync::Arc;

pub(crate) struct Turn<'a> {
    pub(crate) shard: &'a mut Shard,
    pub(crate) slot: u32,
}

impl Turn<'_> {
    pub(crate) fn conn(&self) -> &Conn {
        self.shard.conn(self.slot)
    }

    pub(crate) fn conn_mut(&mut self) -> &mut Conn {
        self.shard.conn_mut(self.slot)
    }

    pub(crate) fn context(&self) -> Arc<Context> {
        self.shard.context.clone()
    }

    pub(crate) fn has(&self, cap: Cap) -> bool {
        self.shard.outs.caps(self.slot).has(cap)
    }

    /// Where the answer goes: to the connection, or to what is collected under a label.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        match self.shard.capture.is_on {
            true => &mut self.shard.capture.lines,
            false => self.shard.outs.buffer(self.slot),
        }
    }

    /// Begins a numeric reply.
    pub(crate) fn reply(&mut self, code: u16) -> LineWriter<'_> {
        let Shard { conns, outs, capture, context, .. } = &mut *self.shard;
        let nick = conns[self.slot as usize].nick();
        let out = match capture.is_on {
            true => &mut capture.lines,
            false => outs.buffer(self.slot),
        };
        LineWriter::reply(out, &context.info.name, code, nick)
    }

    /// Begins a line from the server.
    pub(crate) fn server_line(&mut self) -> LineWriter<'_> {
        let Shard { outs, capture, context, .. } = &mut *self.shard;
        let out = match capture.is_on {
            true => &mut capture.lines,
            false => outs.buffer(self.slot),
        };
        let mut line = LineWriter::new(out);
        line.source(&context.info.name);
        line
    }

    /// Begins a line without a source.
    pub(crate) fn bare(&mut self) -> LineWriter<'_> {
        LineWriter::new(self.out())
    }

    pub(crate) fn need_more(&mut self, verb: &str) {
        self.reply(ERR_NEEDMOREPARAMS).param(verb).trailing("Not enough parameters").finish();
    }

    /// FAIL with standard-replies, a NOTICE with the same words otherwise.
    pub(crate) fn fail(&mut self, command: &str, code: &str, context: &[&str], text: &str) {
        if self.has(Cap::StandardReplies) {
            let server = self.shard.context.info.name.clone();
            let reply =
                StandardReply { kind: Kind::Fail, command, code, context, description: text };
            reply.finish(&server, &mut self.bare());
            return;
        }
        let nick = self.conn().nick().to_owned();
        let about = match context {
            [] => format!("*** {command}: {text}"),
            _ => format!("*** {command} {}: {text}", context.join(" ")),
        };
        self.server_line().verb("NOTICE").param(&nick).trailing(&about).finish();
    }

    /// Asks the node; the answer comes back to `asked`.
    pub(crate) fn ask(&mut self, ask: Ask, asked: Asked) {
        if let Some(tag) = self.wait(asked) {
            let conn = self.conn().id;
            let capture = &self.shard.capture;
            let number = if capture.is_on { capture.number } else { 0 };
            self.shard.requests.push(Request { conn, tag, number, ask });
        }
    }

    /// Notes what waits for an answer, or for those before it; `None` if nobody would hear it.
    pub(crate) fn wait(&mut self, asked: Asked) -> Option<u64> {
        let tag = self.shard.next_tag();
        let label = self.shard.capture.label.filter(|_| self.shard.capture.is_on);
        if label.is_some() {
            self.shard.capture.asked += 1;
        }
        let conn = &mut self.shard.conns[self.slot as usize];
        if conn.is_closing {
            return None; // It has asked to leave already; nobody would hear the answer.
        }
        conn.pending.push_back(Pending { tag, label, asked });
        Some(tag)
    }

    pub(crate) fn query(&mut self, query: Query, asked: Asked) {
        self.ask(Ask::Query(query), asked);
    }
}

/// The text, cut to so many bytes at a whole character.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
