//! VERSION.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::context::VERSION;

pub(super) const SPEC: Spec =
    Spec { verb: "VERSION", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, _line: &Line<'_>) {
    let context = turn.context();
    let words = "Starling, a chat network on a replicated log";
    turn.reply(RPL_VERSION).param(VERSION).param(&context.info.name).trailing(words).finish();
    let nick = turn.conn().nick().to_owned();
    context.isupport.write(turn.out(), &context.info.name, &nick);
}
