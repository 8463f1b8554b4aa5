//! PING: a sign of life is asked for. The PONG comes after the answers to what was said before.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;

pub(super) const SPEC: Spec =
    Spec { verb: "PING", params_min: 0, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let Some(token) = line.params.first().filter(|it| !it.is_empty()) else {
        turn.reply(ERR_NOORIGIN).trailing("No origin specified").finish();
        return;
    };
    if turn.conn().pending.is_empty() {
        pong(turn, token);
        return;
    }
    turn.wait(Asked::Ping { token: (*token).into() });
}

pub(crate) fn pong(turn: &mut Turn<'_>, token: &str) {
    let server = turn.context().info.name.clone();
    turn.server_line().verb("PONG").param(&server).trailing(token).finish();
}
