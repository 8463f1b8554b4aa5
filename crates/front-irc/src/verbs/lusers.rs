//! LUSERS: how many are there.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use node::Status;
use node::door::Query;

pub(super) const SPEC: Spec =
    Spec { verb: "LUSERS", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, _line: &Line<'_>) {
    turn.query(Query::Status, Asked::Lusers);
}

/// The figures as the node has them, or what this shard knows until it has heard of more.
pub(crate) fn show(turn: &mut Turn<'_>, status: Option<&Status>) {
    let own = turn.context().info.name.clone();
    let local = match status.and_then(|it| it.nodes.iter().find(|it| *it.name == *own)) {
        Some(node) => node.sessions as u64,
        None => turn.shard.sessions.len() as u64,
    };
    let all = status.map_or(local, |it| it.sessions as u64).max(local);
    let servers = status.map_or(1, |it| it.nodes.len().max(1)) as u64;
    let rooms = status.map_or(turn.shard.rooms.len(), |it| it.rooms) as u64;
    let text = format!("There are {all} users and 0 invisible on {servers} servers");
    turn.reply(RPL_LUSERCLIENT).trailing(&text).finish();
    turn.reply(RPL_LUSERCHANNELS).number(rooms).trailing("channels formed").finish();
    let text = format!("I have {local} clients and {} servers", servers - 1);
    turn.reply(RPL_LUSERME).trailing(&text).finish();
    for (code, word, users) in [(RPL_LOCALUSERS, "local", local), (RPL_GLOBALUSERS, "global", all)] {
        let text = format!("Current {word} users {users}, max {users}");
        turn.reply(code).number(users).number(users).trailing(&text).finish();
    }
}
