//! OPER: become a server operator. The hash is checked on another thread.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;

pub(super) const SPEC: Spec =
    Spec { verb: "OPER", params_min: 2, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let (name, password) = (line.params[0], line.params[1]);
    let context = turn.context();
    let Some(block) = context.config.operators.iter().find(|it| it.name == name) else {
        wrong(turn);
        return;
    };
    let label = turn.shard.capture.label.filter(|_| turn.shard.capture.is_on);
    let is_taken = context.checker.check(crate::checker::Job {
        conn: turn.conn().id,
        link: turn.shard.link.clone(),
        name: name.into(),
        secret: block.password.as_str().into(),
        attempt: password.into(),
        label,
    });
    if !is_taken {
        let mut reply = turn.reply(RPL_TRYAGAIN);
        reply.param("OPER").trailing("Please wait a while and try again.").finish();
        return;
    }
    turn.conn_mut().is_held = true;
    if label.is_some() {
        turn.shard.capture.asked += 1; // The label waits for the check.
    }
}

pub(crate) fn wrong(turn: &mut Turn<'_>) {
    turn.reply(ERR_PASSWDMISMATCH).trailing("Password incorrect").finish();
}

pub(crate) fn done(turn: &mut Turn<'_>) {
    turn.reply(RPL_YOUREOPER).trailing("You are now an IRC operator").finish();
}
