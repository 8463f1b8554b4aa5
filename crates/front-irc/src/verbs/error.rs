//! ERROR: servers say it; from a client it means nothing.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;


pub(super) const SPEC: Spec =
    Spec { verb: "ERROR", params_min: 0, before_registration: true, run };

fn run(_turn: &mut Turn<'_>, _line: &Line<'_>) {}
