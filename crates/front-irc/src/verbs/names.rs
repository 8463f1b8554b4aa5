//! NAMES: who is in a room. On a mass arrival this is the costly reply: it is formatted straight
//! into the buffer.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use chat::RoomName;
use irc_proto::{Cap, LineWriter};
use irc_proto::limits::BODY_BYTES_MAX;
use node::door::{Query, RoomView};

pub(super) const SPEC: Spec =
    Spec { verb: "NAMES", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let Some(shown) = line.params.first().and_then(|it| it.split(',').next()) else {
        end(turn, "*");
        return;
    };
    match RoomName::parse(shown) {
        Ok(room) => turn.query(Query::Room(room), Asked::Names { shown: shown.into() }),
        Err(_) => end(turn, shown),
    }
}

pub(crate) fn end(turn: &mut Turn<'_>, shown: &str) {
    turn.reply(RPL_ENDOFNAMES).param(shown).trailing("End of /NAMES list").finish();
}

/// 353 as often as needed, and 366.
pub(crate) fn show(turn: &mut Turn<'_>, view: &RoomView) {
    let is_multi = turn.has(Cap::MultiPrefix);
    let is_long = turn.has(Cap::UserhostInNames);
    let mut head = Vec::new();
    LineWriter::reply(&mut head, &turn.context().info.name, RPL_NAMREPLY, turn.conn().nick())
        .param(if view.is_secret { "@" } else { "=" })
        .param(&view.shown)
        .trailing("");
    let is_operator = turn.conn().is_operator();
    let out = turn.out();
    let mut line_start = None;
    for it in &view.occupants {
        let session = &it.session;
        if session.modes.invisible && !view.is_occupant && !is_operator {
            continue;
        }
        let nick = session.nick.as_str();
        let long_bytes = if is_long { session.user.len() + session.host.len() + 2 } else { 0 };
        let bytes = nick.len() + long_bytes + 3; // Two prefixes and a space.
        if line_start.is_some_and(|start| out.len() - start + bytes > BODY_BYTES_MAX) {
            out.pop();
            out.extend_from_slice(b"\r\n");
            line_start = None;
        }
        if line_start.is_none() {
            line_start = Some(out.len());
            out.extend_from_slice(&head);
        }
        if it.is_operator {
            out.push(b'@');
        }
        if it.is_voiced && (is_multi || !it.is_operator) {
            out.push(b'+');
        }
        out.extend_from_slice(nick.as_bytes());
        if is_long {
            out.push(b'!');
            out.extend_from_slice(session.user.as_bytes());
            out.push(b'@');
            out.extend_from_slice(session.host.as_bytes());
        }
        out.push(b' ');
    }
    if line_start.is_some() {
        out.pop();
        out.extend_from_slice(b"\r\n");
    }
    end(turn, &view.shown);
}
