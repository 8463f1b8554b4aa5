//! PRIVMSG, NOTICE and TAGMSG: the same but for their names.

use crate::context::TARGETS_MAX;
use crate::pending::{Asked, Target};
use crate::services;
use crate::turn::Turn;
use chat::{RoomName, SayKind};
use irc_proto::numeric::*;
use irc_proto::{Cap, Line};
use node::Ask;
use node::door::RoomAsk;
use std::sync::Arc;

pub(crate) fn say(turn: &mut Turn<'_>, line: &Line<'_>, kind: SayKind) {
    let Some(targets) = line.params.first().filter(|it| !it.is_empty()) else {
        return no_recipient(turn, kind);
    };
    let text = line.params.get(1).copied().unwrap_or("");
    if text.is_empty() && kind != SayKind::Tags {
        if kind == SayKind::Message {
            turn.reply(ERR_NOTEXTTOSEND).trailing("No text to send").finish();
        }
        return;
    }
    let tags: Vec<(Arc<str>, Arc<str>)> = match turn.has(Cap::MessageTags) && !line.tags.is_empty()
    {
        true => line.tags.client_only().map(|it| (it.key.into(), it.value().into())).collect(),
        false => Vec::new(),
    };
    if kind == SayKind::Tags && tags.is_empty() {
        return; // Nothing that anybody could be told.
    }
    let text: Arc<str> = text.into();
    for (place, target) in targets.split(',').filter(|it| !it.is_empty()).enumerate() {
        if place == TARGETS_MAX {
            turn.reply(ERR_TOOMANYTARGETS).param(target).trailing("Too many targets").finish();
            return;
        }
        send(turn, kind, target, text.clone(), tags.clone());
    }
}

fn send(
    turn: &mut Turn<'_>,
    kind: SayKind,
    target: &str,
    text: Arc<str>,
    tags: Vec<(Arc<str>, Arc<str>)>,
) {
    let (status, name) = match target.strip_prefix(['@', '+']) {
        Some(name) if name.starts_with('#') => (target.chars().next(), name),
        _ => (None, target),
    };
    if !name.starts_with('#') {
        if node::accounts::is_service(name) {
            if kind == SayKind::Message {
                services::hear(turn, name, &text);
            }
            return;
        }
        let nick: Arc<str> = name.into();
        let asked = Asked::Say { kind, target: Target::Nick(nick.clone()) };
        turn.ask(Ask::Direct { nick, kind, text, tags }, asked);
        return;
    }
    let Ok(room) = RoomName::parse(name) else {
        if kind == SayKind::Message {
            turn.reply(ERR_NOSUCHCHANNEL).param(name).trailing("No such channel").finish();
        }
        return;
    };
    let asked = Asked::Say { kind, target: Target::Room(room.clone()) };
    turn.ask(Ask::Room { room, verb: RoomAsk::Say { kind, text, tags, status } }, asked);
}

fn no_recipient(turn: &mut Turn<'_>, kind: SayKind) {
    let verb = match kind {
        SayKind::Message => "PRIVMSG",
        SayKind::Tags => "TAGMSG",
        SayKind::Notice => return, // A notice is never answered.
    };
    turn.reply(ERR_NORECIPIENT).trailing(&format!("No recipient given ({verb})")).finish();
}
