//! TOPIC: show, set or clear.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use chat::RoomName;
use node::door::{Query, RoomAsk, RoomView};
use node::Ask;

pub(super) const SPEC: Spec =
    Spec { verb: "TOPIC", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let shown = line.params[0];
    let Ok(room) = RoomName::parse(shown) else {
        turn.reply(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").finish();
        return;
    };
    match line.params.get(1) {
        None => turn.query(Query::Room(room), Asked::Topic { shown: shown.into() }),
        Some(text) => {
            let verb = RoomAsk::Topic { text: (*text).into() };
            turn.ask(Ask::Room { room: room.clone(), verb }, Asked::SetTopic { room });
        }
    }
}

/// 332 and 333, or 331.
pub(crate) fn show(turn: &mut Turn<'_>, view: &RoomView) {
    match &view.topic {
        None => turn.reply(RPL_NOTOPIC).param(&view.shown).trailing("No topic is set").finish(),
        Some((text, set_by, at)) => {
            turn.reply(RPL_TOPIC).param(&view.shown).trailing(text).finish();
            turn.reply(RPL_TOPICWHOTIME)
                .param(&view.shown)
                .param(set_by)
                .number(at.ms() / 1000)
                .finish();
        }
    }
}
