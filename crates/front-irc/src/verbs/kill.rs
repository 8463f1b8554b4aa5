//! KILL: an operator ends a session.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use crate::turn::cut;
use node::Ask;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "KILL", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    if !turn.conn().is_operator() {
        let text = "Permission Denied- You're not an IRC operator";
        turn.reply(ERR_NOPRIVILEGES).trailing(text).finish();
        return;
    }
    let nick: Arc<str> = line.params[0].into();
    let reason = cut(line.params.get(1).copied().unwrap_or("No reason given"), 250).into();
    turn.ask(Ask::Kill { nick: nick.clone(), reason }, Asked::Kill { nick });
}
