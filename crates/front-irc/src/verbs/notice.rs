//! NOTICE: a message that programs must not answer; nor do we answer it with errors.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use chat::SayKind;

pub(super) const SPEC: Spec =
    Spec { verb: "NOTICE", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    crate::say::say(turn, line, SayKind::Notice);
}
