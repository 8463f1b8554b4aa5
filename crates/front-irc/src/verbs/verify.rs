//! VERIFY: no account waits for it, because this version sends no codes.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;

pub(super) const SPEC: Spec =
    Spec { verb: "VERIFY", params_min: 2, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let account = line.params[0];
    if turn.conn().account().is_some() {
        let text = "You are logged in to an account already";
        return turn.fail("VERIFY", "ALREADY_AUTHENTICATED", &[account], text);
    }
    let text = "No account of this name waits for a code";
    turn.fail("VERIFY", "INVALID_CODE", &[account], text);
}
