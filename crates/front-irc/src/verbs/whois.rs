//! WHOIS.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use irc_proto::Cap;
use node::door::{PersonView, Query};
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "WHOIS", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    // With two parameters the first names a server; every server of ours knows the same.
    let Some(nick) = line.params.last().and_then(|it| it.split(',').next()).filter(|it| !it.is_empty())
    else {
        turn.reply(ERR_NONICKNAMEGIVEN).trailing("No nickname given").finish();
        return;
    };
    let nick: Arc<str> = nick.into();
    turn.query(Query::Person(nick.clone()), Asked::Whois { nick });
}

pub(crate) fn missing(turn: &mut Turn<'_>, nick: &str) {
    turn.reply(ERR_NOSUCHNICK).param(nick).trailing("No such nick/channel").finish();
    end(turn, nick);
}

fn end(turn: &mut Turn<'_>, nick: &str) {
    turn.reply(RPL_ENDOFWHOIS).param(nick).trailing("End of /WHOIS list").finish();
}

pub(crate) fn show(turn: &mut Turn<'_>, person: &PersonView) {
    let it = &person.session;
    let nick = it.nick.as_str();
    let context = turn.context();
    let mut reply = turn.reply(RPL_WHOISUSER);
    reply.param(nick).param(&it.user).param(&it.host).param("*").trailing(&it.realname).finish();
    channels(turn, person);
    let network = &context.info.network;
    turn.reply(RPL_WHOISSERVER).param(nick).param(&person.node).trailing(network).finish();
    if let Some(away) = &it.away {
        turn.reply(RPL_AWAY).param(nick).trailing(away).finish();
    }
    if it.operator.is_some() {
        turn.reply(RPL_WHOISOPERATOR).param(nick).trailing("is an IRC operator").finish();
    }
    if let Some(account) = &it.account {
        turn.reply(RPL_WHOISACCOUNT).param(nick).param(account).trailing("is logged in as").finish();
    }
    if it.modes.bot {
        let words = format!("is a bot on {network}");
        turn.reply(RPL_WHOISBOT).param(nick).trailing(&words).finish();
    }
    if it.is_secure {
        let mut reply = turn.reply(RPL_WHOISSECURE);
        reply.param(nick).trailing("is using a secure connection").finish();
    }
    // Only the shard that owns the connection knows how long it has been idle; others say 0.
    let idle_ms = turn.shard.sessions.get(&it.id).map_or(0, |slot| {
        turn.shard.now_ms.saturating_sub(turn.shard.conn(*slot).active_ms)
    });
    let mut reply = turn.reply(RPL_WHOISIDLE);
    reply.param(nick).number(idle_ms / 1000).number(it.since.ms() / 1000);
    reply.trailing("seconds idle, signon time").finish();
    end(turn, nick);
}

fn channels(turn: &mut Turn<'_>, person: &PersonView) {
    let is_multi = turn.has(Cap::MultiPrefix);
    let mut rooms = person.rooms.iter().peekable();
    while rooms.peek().is_some() {
        let mut reply = turn.reply(RPL_WHOISCHANNELS);
        reply.param(person.session.nick.as_str()).trailing("");
        let mut gap = "";
        while let Some((room, is_operator, is_voiced)) =
            rooms.next_if(|it| it.0.len() + 3 <= reply.room() || gap.is_empty())
        {
            reply.more(gap);
            if *is_operator {
                reply.more("@");
            }
            if *is_voiced && (is_multi || !is_operator) {
                reply.more("+");
            }
            reply.more(room);
            gap = " ";
        }
        reply.finish();
    }
}
