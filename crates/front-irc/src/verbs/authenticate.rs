//! AUTHENTICATE: <https://ircv3.net/specs/extensions/sasl-3.2>.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;

pub(super) const SPEC: Spec =
    Spec { verb: "AUTHENTICATE", params_min: 1, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    crate::sasl::hear(turn, line.params[0]);
}
