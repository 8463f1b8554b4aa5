//! What happened, as lines.
//!
//! Promise: a line is encoded once for each class of connections, however many read it.

use crate::context::MODES_MAX;
use crate::outs::Class;
use crate::verbs::mode::REPLICATION;
use chat::directory::Session;
use chat::{ModeChange, Record, Replication, SayKind, Stamp, What};
use irc_proto::{LineWriter, mode};
use std::sync::Arc;

/// The encodings of one happening.
#[derive(Default)]
pub(crate) struct Fan {
    bytes: Vec<u8>,
    at: [Option<(usize, usize)>; Class::COUNT],
}

impl Fan {
    /// Something else happened.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.at = Default::default();
    }

    /// The lines for a class; empty: nothing for those.
    #[inline]
    pub(crate) fn line(&mut self, class: Class, write: impl Fn(Class, &mut Vec<u8>)) -> &[u8] {
        let (start, end) = match self.at[class.index()] {
            Some(at) => at,
            None => {
                let start = self.bytes.len();
                write(class, &mut self.bytes);
                *self.at[class.index()].insert((start, self.bytes.len()))
            }
        };
        &self.bytes[start..end]
    }
}

/// Encodes a record. `room` is how the room is shown; `batch` is the one the line belongs to.
pub(crate) fn record(
    out: &mut Vec<u8>,
    record: &Record,
    room: &str,
    class: Class,
    batch: Option<&str>,
) {
    let who = &record.who;
    match &record.what {
        What::Said { kind: SayKind::Tags, .. } if !class.has_tags() => {}
        What::Said { kind, text, status, to, .. } => {
            let verb = match kind {
                SayKind::Message => "PRIVMSG",
                SayKind::Notice => "NOTICE",
                SayKind::Tags => "TAGMSG",
            };
            let mut line = begin(out, record, class, batch);
            line.verb(verb);
            match (to, status) {
                (Some((_, nick)), _) => line.param(nick.as_str()),
                (None, Some(status)) => line.param(&format!("{status}{room}")),
                (None, None) => line.param(room),
            };
            if *kind != SayKind::Tags {
                line.trailing(text);
            }
            line.finish();
        }
        What::Joined { realname, .. } => {
            let mut line = begin(out, record, class, batch);
            line.verb("JOIN").param(room);
            if class.has_extended_join() {
                line.param(who.account.as_deref().unwrap_or("*")).trailing(realname);
            }
            line.finish();
        }
        What::Parted { reason } => {
            let mut line = begin(out, record, class, batch);
            line.verb("PART").param(room);
            if !reason.is_empty() {
                line.trailing(reason);
            }
            line.finish();
        }
        What::Quit { reason } => {
            begin(out, record, class, batch).verb("QUIT").trailing(reason).finish();
        }
        What::Kicked { nick, reason, .. } => {
            let mut line = begin(out, record, class, batch);
            line.verb("KICK").param(room).param(nick.as_str()).trailing(reason).finish();
        }
        What::Topic { text } => {
            begin(out, record, class, batch).verb("TOPIC").param(room).trailing(text).finish();
        }
        What::Modes { changes } => {
            let changes = changes.iter().map(proto_change);
            for it in mode::lines(changes, MODE_BYTES_MAX, MODES_MAX) {
                let mut line = begin(out, record, class, batch);
                line.verb("MODE").param(room).param(&it.letters);
                for param in it.params {
                    line.param(param);
                }
                line.finish();
            }
        }
        What::Invited { nick, .. } => {
            let mut line = begin(out, record, class, batch);
            line.verb("INVITE").param(nick.as_str()).param(room).finish();
        }
        What::Replicated { to, .. } => {
            let mut line = begin(out, record, class, batch);
            line.verb("MODE").param(room);
            match to {
                Replication::Raft => line.param(&format!("-{REPLICATION}")),
                other => line.param(&format!("+{REPLICATION}")).param(other.as_str()),
            };
            line.finish();
        }
        What::Met { cut_ms, nodes } => {
            let mut line = begin(out, record, class, batch);
            line.verb("NOTICE").param(room).trailing(&met(*cut_ms, nodes)).finish();
        }
    }
}

/// What people read when a cut of the network is over.
fn met(cut_ms: u64, nodes: &[Arc<str>]) -> String {
    let seconds = cut_ms.div_ceil(1_000);
    let (nodes, are) = (nodes.join(", "), if nodes.len() == 1 { "is" } else { "are" });
    format!(
        "The network was cut for {seconds} s; {nodes} {are} back. What was said meanwhile on both sides is \
         in the history."
    )
}

/// Tags and source.
fn begin<'a>(
    out: &'a mut Vec<u8>,
    record: &Record,
    class: Class,
    batch: Option<&str>,
) -> LineWriter<'a> {
    let who = &record.who;
    let mut line = LineWriter::new(out);
    if let Some(batch) = batch {
        line.tag("batch", batch);
    }
    if class.has_time() {
        line.time_tag(record.id.stamp.ms());
    }
    if class.has_tags() {
        let id = record.id.text();
        line.tag("msgid", std::str::from_utf8(&id).expect("message ids are ASCII"));
        if who.is_bot {
            line.tag("bot", "");
        }
    }
    if class.has_account()
        && let Some(account) = &who.account
    {
        line.tag("account", account);
    }
    if class.has_tags()
        && let What::Said { tags, .. } = &record.what
    {
        for (key, value) in tags {
            line.tag(key, value);
        }
    }
    match record.what {
        What::Met { .. } => line.source(&who.host), // Of nodes, this is their name.
        _ => line.source_user(who.nick.as_str(), &who.user, &who.host),
    };
    line
}

/// Leaves place for source, verb and room in a line of 510 bytes.
const MODE_BYTES_MAX: usize = 300;

fn proto_change(it: &ModeChange) -> mode::ModeChange<'_> {
    mode::ModeChange { add: it.is_set, letter: it.letter, param: it.param.as_deref() }
}

/// Begins a line about a session that no record stands for: QUIT, NICK, AWAY and their like.
pub(crate) fn about<'a>(
    out: &'a mut Vec<u8>,
    session: &Session,
    nick: &str,
    at: Stamp,
    class: Class,
) -> LineWriter<'a> {
    let mut line = LineWriter::new(out);
    if class.has_time() {
        line.time_tag(at.ms());
    }
    if class.has_tags() && session.modes.bot {
        line.tag("bot", "");
    }
    if class.has_account()
        && let Some(account) = &session.account
    {
        line.tag("account", account);
    }
    line.source_user(nick, &session.user, &session.host);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_told_in_whole_seconds_and_by_name() {
        let names = |it: &[&str]| it.iter().map(|it| Arc::from(*it)).collect::<Vec<_>>();
        let end = "What was said meanwhile on both sides is in the history.";
        assert_eq!(
            met(62_100, &names(&["n4", "n5"])),
            format!("The network was cut for 63 s; n4, n5 are back. {end}")
        );
        assert_eq!(
            met(900, &names(&["n4"])),
            format!("The network was cut for 1 s; n4 is back. {end}")
        );
    }
}
