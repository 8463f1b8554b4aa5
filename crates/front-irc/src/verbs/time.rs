//! TIME.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;

pub(super) const SPEC: Spec =
    Spec { verb: "TIME", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, _line: &Line<'_>) {
    let context = turn.context();
    let now_ms = crate::context::wall_ms();
    let mut text = Vec::new();
    irc_proto::time::write(now_ms, &mut text);
    let text = String::from_utf8(text).expect("times are ASCII");
    turn.reply(RPL_TIME)
        .param(&context.info.name)
        .number(now_ms / 1000)
        .param("+0")
        .trailing(&text)
        .finish();
}
