//! PART: leave rooms.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use chat::RoomName;
use node::Ask;
use node::door::RoomAsk;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "PART", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let reason: Arc<str> = line.params.get(1).copied().unwrap_or("").into();
    for shown in line.params[0].split(',').filter(|it| !it.is_empty()) {
        let Ok(room) = RoomName::parse(shown) else {
            turn.reply(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").finish();
            continue;
        };
        let verb = RoomAsk::Part { reason: reason.clone() };
        turn.ask(Ask::Room { room: room.clone(), verb }, Asked::Part { room });
    }
}
