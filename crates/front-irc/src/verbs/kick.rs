//! KICK: put somebody out of a room.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::context::KICK_BYTES_MAX;
use crate::pending::Asked;
use crate::turn::cut;
use chat::RoomName;
use node::Ask;
use node::door::RoomAsk;

pub(super) const SPEC: Spec =
    Spec { verb: "KICK", params_min: 2, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let Ok(room) = RoomName::parse(line.params[0]) else {
        let shown = line.params[0];
        turn.reply(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").finish();
        return;
    };
    let nick = line.params[1].split(',').next().unwrap_or("");
    let reason = cut(line.params.get(2).copied().unwrap_or(""), KICK_BYTES_MAX);
    let reason = if reason.is_empty() { turn.conn().nick().to_owned() } else { reason.to_owned() };
    let verb = RoomAsk::Kick { nick: nick.into(), reason: reason.into() };
    turn.ask(Ask::Room { room: room.clone(), verb }, Asked::Kick { room });
}
