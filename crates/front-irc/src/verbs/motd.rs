//! MOTD: message of the day.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;

pub(super) const SPEC: Spec =
    Spec { verb: "MOTD", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, _line: &Line<'_>) {
    show(turn);
}

pub(crate) fn show(turn: &mut Turn<'_>) {
    let context = turn.context();
    if context.config.motd.is_empty() {
        turn.reply(ERR_NOMOTD).trailing("MOTD File is missing").finish();
        return;
    }
    let title = format!("- {} Message of the day - ", context.info.name);
    turn.reply(RPL_MOTDSTART).trailing(&title).finish();
    for line in &context.config.motd {
        turn.reply(RPL_MOTD).trailing(&format!("- {line}")).finish();
    }
    turn.reply(RPL_ENDOFMOTD).trailing("End of /MOTD command.").finish();
}
