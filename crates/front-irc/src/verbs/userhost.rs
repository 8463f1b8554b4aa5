//! USERHOST: hosts of up to five nicks.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use chat::directory::Session;
use node::door::Query;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "USERHOST", params_min: 1, before_registration: false, run };

/// RFC 2812 section 4.8.
const NICKS_MAX: usize = 5;

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let nicks = line.params.iter().take(NICKS_MAX).map(|it| Arc::from(*it)).collect();
    turn.query(Query::Sessions(nicks), Asked::Userhost);
}

pub(crate) fn show(turn: &mut Turn<'_>, sessions: &[Arc<Session>]) {
    let word = |it: &Arc<Session>| {
        let operator = if it.operator.is_some() { "*" } else { "" };
        let away = if it.away.is_some() { '-' } else { '+' };
        format!("{}{operator}={away}{}@{}", it.nick, it.user, it.host)
    };
    let words: Vec<String> = sessions.iter().map(word).collect();
    turn.reply(RPL_USERHOST).trailing(&words.join(" ")).finish();
}
