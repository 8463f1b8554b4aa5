//! MONITOR: <https://ircv3.net/specs/extensions/monitor>.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::context::MONITOR_MAX;
use crate::pending::Asked;
use chat::directory::Session;
use chat::{Nick, fold};
use node::door::Query;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "MONITOR", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let targets = line.params.get(1).copied().unwrap_or("");
    match line.params[0] {
        "+" => add(turn, targets),
        "-" => {
            for nick in targets.split(',') {
                remove(turn, &fold(nick));
            }
        }
        "C" | "c" => {
            let all = turn.conn().extra.as_ref().map_or(Vec::new(), |it| it.monitored.clone());
            for nick in all {
                remove(turn, &nick);
            }
        }
        "L" | "l" => {
            let all = turn.conn().extra.as_ref().map_or(Vec::new(), |it| it.monitored.clone());
            write_list(turn, RPL_MONLIST, all.iter().map(|it| it.to_string()));
            turn.reply(RPL_ENDOFMONLIST).trailing("End of MONITOR list").finish();
        }
        "S" | "s" => {
            let all = turn.conn().extra.as_ref().map_or(Vec::new(), |it| it.monitored.clone());
            ask(turn, all);
        }
        _ => {}
    }
}

fn add(turn: &mut Turn<'_>, targets: &str) {
    let length_max = turn.context().config.nick_length;
    let mut added: Vec<Arc<str>> = Vec::new();
    for (place, nick) in targets.split(',').enumerate() {
        if Nick::parse(nick, length_max).is_err() {
            continue; // Nobody will ever have it.
        }
        let key: Arc<str> = fold(nick).into();
        let slot = turn.slot;
        let monitored = &mut turn.conn_mut().extra().monitored;
        if !monitored.contains(&key) {
            if monitored.len() >= MONITOR_MAX {
                let rest: Vec<&str> = targets.split(',').skip(place).collect();
                let mut reply = turn.reply(ERR_MONLISTFULL);
                reply.number(MONITOR_MAX as u64).param(&rest.join(","));
                reply.trailing("Monitor list is full").finish();
                break;
            }
            monitored.push(key.clone());
            turn.shard.monitors.entry(key).or_default().push(slot);
        }
        added.push(nick.into());
    }
    ask(turn, added);
}

fn remove(turn: &mut Turn<'_>, key: &str) {
    let slot = turn.slot;
    turn.conn_mut().extra().monitored.retain(|it| **it != *key);
    turn.shard.unwatch(slot, key);
}

fn ask(turn: &mut Turn<'_>, nicks: Vec<Arc<str>>) {
    if !nicks.is_empty() {
        turn.query(Query::Sessions(nicks.clone()), Asked::Monitor { asked: nicks });
    }
}

/// Who of those asked for is there, and who is not.
pub(crate) fn show(turn: &mut Turn<'_>, asked: &[Arc<str>], sessions: &[Arc<Session>]) {
    let online = sessions.iter().map(|it| format!("{}!{}@{}", it.nick, it.user, it.host));
    write_list(turn, RPL_MONONLINE, online);
    let is_online = |nick: &str| {
        sessions.iter().any(|it| irc_proto::casemap::eq(it.nick.as_str(), nick))
    };
    let offline = asked.iter().filter(|it| !is_online(it)).map(|it| it.to_string());
    write_list(turn, RPL_MONOFFLINE, offline);
}

fn write_list(turn: &mut Turn<'_>, code: u16, words: impl Iterator<Item = String>) {
    let mut words = words.peekable();
    while let Some(first) = words.next() {
        let mut reply = turn.reply(code);
        reply.trailing(&first);
        while let Some(word) = words.next_if(|it| it.len() < reply.room()) {
            reply.more(",").more(&word);
        }
        reply.finish();
    }
}
