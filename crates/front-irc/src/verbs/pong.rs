//! PONG: a sign of life. That it was read is all that counts.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;


pub(super) const SPEC: Spec =
    Spec { verb: "PONG", params_min: 0, before_registration: true, run };

fn run(_turn: &mut Turn<'_>, _line: &Line<'_>) {}
