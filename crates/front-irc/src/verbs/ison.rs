//! ISON: which of these nicks are there.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use chat::directory::Session;
use node::door::Query;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "ISON", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let nicks = line.params.iter().flat_map(|it| it.split(' ')).filter(|it| !it.is_empty());
    turn.query(Query::Sessions(nicks.map(Into::into).collect()), Asked::Ison);
}

pub(crate) fn show(turn: &mut Turn<'_>, sessions: &[Arc<Session>]) {
    let nicks: Vec<&str> = sessions.iter().map(|it| it.nick.as_str()).collect();
    turn.reply(RPL_ISON).trailing(&nicks.join(" ")).finish();
}
