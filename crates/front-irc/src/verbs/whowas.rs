//! WHOWAS: who had a nick lately.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use chat::Stamp;
use chat::directory::Session;
use node::door::Query;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "WHOWAS", params_min: 0, before_registration: false, run };

/// Most answers.
const PAST_MAX: usize = 20;

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let Some(nick) = line.params.first().filter(|it| !it.is_empty()) else {
        turn.reply(ERR_NONICKNAMEGIVEN).trailing("No nickname given").finish();
        return;
    };
    let count = line.params.get(1).and_then(|it| it.parse().ok()).filter(|it| *it > 0);
    let nick: Arc<str> = (*nick).into();
    let limit = count.unwrap_or(PAST_MAX).min(PAST_MAX);
    turn.query(Query::Past { nick: nick.clone(), limit }, Asked::Whowas { nick });
}

pub(crate) fn show(turn: &mut Turn<'_>, nick: &str, past: &[(Arc<Session>, Stamp)]) {
    if past.is_empty() {
        let mut reply = turn.reply(ERR_WASNOSUCHNICK);
        reply.param(nick).trailing("There was no such nickname").finish();
    }
    for (it, ended) in past {
        let nick = it.nick.as_str();
        let mut reply = turn.reply(RPL_WHOWASUSER);
        reply.param(nick).param(&it.user).param(&it.host).param("*");
        reply.trailing(&it.realname).finish();
        let server = turn.shard.server_name(it.node);
        let mut when = Vec::new();
        irc_proto::time::write(ended.ms(), &mut when);
        let when = String::from_utf8(when).expect("times are ASCII");
        turn.reply(RPL_WHOISSERVER).param(nick).param(&server).trailing(&when).finish();
    }
    turn.reply(RPL_ENDOFWHOWAS).param(nick).trailing("End of WHOWAS").finish();
}
