//! INFO.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;

pub(super) const SPEC: Spec =
    Spec { verb: "INFO", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, _line: &Line<'_>) {
    let context = turn.context();
    let lines = [
        format!("{}: a replicated chat network.", crate::context::VERSION),
        "Rooms live on several nodes at once and survive any one of them.".to_owned(),
        format!("This node, {}, is up since {}.", context.info.name, context.created),
    ];
    for line in lines {
        turn.reply(RPL_INFO).trailing(&line).finish();
    }
    turn.reply(RPL_ENDOFINFO).trailing("End of INFO list").finish();
}
