//! QUIT.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;


pub(super) const SPEC: Spec =
    Spec { verb: "QUIT", params_min: 0, before_registration: true, run };

/// Longest reason; a QUIT line with any source holds it.
const REASON_BYTES_MAX: usize = 250;

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let reason = crate::turn::cut(line.params.first().copied().unwrap_or(""), REASON_BYTES_MAX);
    let quit = match reason {
        "" => "Client quit".to_owned(),
        _ => format!("Quit: {reason}"),
    };
    turn.shard.close_with(turn.slot, &quit, &quit);
}
