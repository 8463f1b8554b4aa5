//! MODE: of a room, or of oneself.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::conn::Phase;
use crate::context::MODES_MAX;
use crate::pending::Asked;
use chat::{Replication, RoomName};
use chat::directory::Change;
use irc_proto::mode::{CHANNEL_MODES, ModeError, ModeKind, USER_MODES};
use node::Ask;
use node::door::{Query, RoomAsk, RoomView};
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "MODE", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    match line.params[0].starts_with('#') {
        true => of_room(turn, line),
        false => of_user(turn, line),
    }
}

fn of_room(turn: &mut Turn<'_>, line: &Line<'_>) {
    let shown = line.params[0];
    let Ok(room) = RoomName::parse(shown) else {
        turn.reply(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").finish();
        return;
    };
    if line.params.len() == 1 {
        turn.query(Query::Room(room), Asked::Modes { shown: shown.into() });
        return;
    }
    let mut changes: Vec<(bool, char, Option<Arc<str>>)> = Vec::new();
    let mut replicate: Option<Replication> = None;
    for change in CHANNEL_MODES.parse(&line.params[1..], MODES_MAX) {
        match change {
            Ok(it) if it.param.is_none() && CHANNEL_MODES.kind(it.letter) == Some(ModeKind::List) => {
                let asked = Asked::Masks { shown: shown.into(), letter: it.letter };
                turn.query(Query::Masks(room.clone(), it.letter), asked);
            }
            Ok(it) if it.letter == REPLICATION => match replication_of(it.add, it.param) {
                Ok(asked) => replicate = Some(asked),
                Err(raw) => bad_param(turn, shown, it.letter, raw),
            },
            Ok(it) => {
                let param: Option<Arc<str>> = match (it.param, CHANNEL_MODES.kind(it.letter)) {
                    (Some(mask), Some(ModeKind::List)) => {
                        match irc_proto::mask::normalise(mask, MASK_BYTES_MAX) {
                            Some(full) => Some(full.into()),
                            None => {
                                bad_param(turn, shown, it.letter, mask);
                                continue;
                            }
                        }
                    }
                    (param, _) => param.map(Into::into),
                };
                changes.push((it.add, it.letter, param));
            }
            Err(ModeError::Unknown(letter)) => unknown(turn, letter),
            Err(ModeError::MissingParam(letter)) => bad_param(turn, shown, letter, "*"),
        }
    }
    if !changes.is_empty() {
        let verb = RoomAsk::Modes(changes);
        turn.ask(Ask::Room { room: room.clone(), verb }, Asked::SetModes { room: room.clone() });
    }
    if let Some(to) = replicate {
        let verb = RoomAsk::Replicate(to);
        turn.ask(Ask::Room { room: room.clone(), verb }, Asked::SetModes { room });
    }
}

/// How a room is replicated; without it: by Raft.
pub(crate) const REPLICATION: char = 'R';

fn replication_of(is_set: bool, param: Option<&str>) -> Result<Replication, &str> {
    match param {
        Some(raw) if is_set => raw.parse().map_err(|_| raw),
        _ => Ok(Replication::Raft),
    }
}

/// Longest ban mask: some of them fit a MODE line.
const MASK_BYTES_MAX: usize = 200;

pub(crate) fn unknown(turn: &mut Turn<'_>, letter: char) {
    let letter = letter.to_string();
    turn.reply(ERR_UNKNOWNMODE).param(&letter).trailing("is unknown mode char to me").finish();
}

pub(crate) fn bad_param(turn: &mut Turn<'_>, shown: &str, letter: char, param: &str) {
    let mut reply = turn.reply(ERR_INVALIDMODEPARAM);
    reply.param(shown).param(&letter.to_string()).param(param);
    reply.trailing(match letter {
        REPLICATION => "A room is replicated by raft, primary-backup or gossip",
        _ => "This parameter means nothing for this mode",
    });
    reply.finish();
}

/// 324 and 329.
pub(crate) fn show(turn: &mut Turn<'_>, view: &RoomView) {
    let mut letters = format!("+{}", view.modes);
    for (letter, is_set) in [('k', view.key.is_some()), ('l', view.limit.is_some())] {
        if is_set && !letters.contains(letter) {
            letters.push(letter);
        }
    }
    if view.replication != Replication::Raft {
        letters.push(REPLICATION);
    }
    let limit = view.limit.map(|it| it.to_string());
    let mut reply = turn.reply(RPL_CHANNELMODEIS);
    reply.param(&view.shown).param(&letters);
    for letter in letters.chars() {
        match letter {
            'k' => _ = reply.param(view.key.as_deref().unwrap_or("*")),
            'l' => _ = reply.param(limit.as_deref().unwrap_or("*")),
            REPLICATION => _ = reply.param(view.replication.as_str()),
            _ => {}
        }
    }
    reply.finish();
    let created = view.created_at.ms() / 1000;
    turn.reply(RPL_CREATIONTIME).param(&view.shown).number(created).finish();
}

fn of_user(turn: &mut Turn<'_>, line: &Line<'_>) {
    let Some(session) = turn.conn().session().cloned() else {
        return;
    };
    if !irc_proto::casemap::eq(line.params[0], session.nick.as_str()) {
        let mut reply = turn.reply(ERR_USERSDONTMATCH);
        reply.trailing("Can't view or change modes of other users").finish();
        return;
    }
    let Phase::Registered { modes, .. } = &turn.conn().phase else {
        return;
    };
    let mut wanted = *modes;
    if line.params.len() == 1 {
        let flags = [
            ('i', wanted.invisible),
            ('o', session.operator.is_some()),
            ('w', wanted.wallops),
            ('B', wanted.bot),
        ];
        let letters: String = flags.iter().filter(|it| it.1).map(|it| it.0).collect();
        turn.reply(RPL_UMODEIS).param(&format!("+{letters}")).finish();
        return;
    }
    let mut has_unknown = false;
    let mut gives_up = false;
    for change in USER_MODES.parse(&line.params[1..], 0) {
        match change.map(|it| (it.letter, it.add)) {
            Ok(('i', add)) => wanted.invisible = add,
            Ok(('w', add)) => wanted.wallops = add,
            Ok(('B', add)) => wanted.bot = add,
            Ok(('o', false)) => gives_up = session.operator.is_some(),
            Ok(_) => {} // +o is OPER's.
            Err(_) => has_unknown = true,
        }
    }
    if has_unknown {
        turn.reply(ERR_UMODEUNKNOWNFLAG).trailing("Unknown MODE flag").finish();
    }
    if let Phase::Registered { modes, .. } = &mut turn.conn_mut().phase
        && *modes != wanted
    {
        *modes = wanted; // The next MODE in the pipeline builds on this one.
        turn.ask(Ask::Alter(Change::Modes(wanted)), Asked::UserModes);
    }
    if gives_up {
        turn.ask(Ask::Alter(Change::Operator(None)), Asked::UserModes);
    }
}
