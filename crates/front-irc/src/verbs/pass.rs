//! PASS: the password of the listener.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::conn::Phase;

pub(super) const SPEC: Spec =
    Spec { verb: "PASS", params_min: 1, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    match &mut turn.conn_mut().phase {
        Phase::Registering(it) => it.password = Some(line.params[0].into()),
        Phase::Registered { .. } => {
            turn.reply(ERR_ALREADYREGISTERED).trailing("You may not reregister").finish();
        }
    }
}
