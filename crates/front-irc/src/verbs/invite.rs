//! INVITE: ask somebody into a room.

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
    Spec { verb: "INVITE", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    if line.params.is_empty() {
        turn.reply(RPL_ENDOFINVITELIST).trailing("End of /INVITE list").finish();
        return;
    }
    if line.params.len() < 2 {
        turn.need_more("INVITE");
        return;
    }
    let shown = line.params[1];
    let Ok(room) = RoomName::parse(shown) else {
        turn.reply(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").finish();
        return;
    };
    let nick: Arc<str> = line.params[0].into();
    let verb = RoomAsk::Invite { nick: nick.clone() };
    turn.ask(Ask::Room { room: room.clone(), verb }, Asked::Invite { room, nick });
}

pub(crate) fn done(turn: &mut Turn<'_>, room: &str, nick: &str) {
    turn.reply(RPL_INVITING).param(nick).param(room).finish();
}
