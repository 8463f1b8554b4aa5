//! NICK: claim a nick, or take another one.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::conn::Phase;
use crate::pending::Asked;
use chat::Nick;
use node::Ask;

pub(super) const SPEC: Spec =
    Spec { verb: "NICK", params_min: 0, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let Some(raw) = line.params.first().filter(|it| !it.is_empty()) else {
        turn.reply(ERR_NONICKNAMEGIVEN).trailing("No nickname given").finish();
        return;
    };
    let Ok(nick) = Nick::parse(raw, turn.context().config.nick_length) else {
        turn.reply(ERR_ERRONEUSNICKNAME).param(raw).trailing("Erroneous nickname").finish();
        return;
    };
    match &mut turn.conn_mut().phase {
        Phase::Registering(it) => {
            it.nick = Some(nick);
            crate::register::try_register(turn);
        }
        Phase::Registered { .. } => turn.ask(Ask::Rename(nick), Asked::Rename),
    }
}
