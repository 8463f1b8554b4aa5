//! ADMIN.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;

pub(super) const SPEC: Spec =
    Spec { verb: "ADMIN", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, _line: &Line<'_>) {
    let server = turn.context().info.name.clone();
    let mut reply = turn.reply(ERR_NOADMININFO);
    reply.param(&server).trailing("No administrative info available").finish();
}
