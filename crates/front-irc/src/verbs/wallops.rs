//! WALLOPS: an operator speaks to operators and to who has `+w`.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use node::Ask;

pub(super) const SPEC: Spec =
    Spec { verb: "WALLOPS", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    if !turn.conn().is_operator() {
        let text = "Permission Denied- You're not an IRC operator";
        turn.reply(ERR_NOPRIVILEGES).trailing(text).finish();
        return;
    }
    turn.ask(Ask::Wallops { text: line.params[0].into() }, Asked::Wallops);
}
