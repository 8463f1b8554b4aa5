//! ChanServ: rooms that belong to an account. A row for each command.

use crate::pending::{Asked, ServiceAsked};
use crate::turn::Turn;
use chat::RoomName;
use chat::room::{Access, Ownership, Refusal};
use irc_proto::numeric::*;
use node::Ask;
use node::accounts::AccountRefused;
use node::door::{Query, Refused, RoomAsk};
use std::sync::Arc;

pub(crate) const NAME: &str = "ChanServ";

struct Spec {
    name: &'static str,
    /// As HELP shows it.
    usage: &'static str,
    words_min: usize,
    run: fn(&mut Turn<'_>, &RoomName, &[&str]),
}

const TABLE: &[Spec] = &[
    Spec {
        name: "REGISTER",
        usage: "REGISTER #room: make it your account's, for ever; you must be its operator",
        words_min: 1,
        run: register,
    },
    Spec { name: "OP", usage: "OP #room [nick]: make somebody operator", words_min: 1, run: op },
    Spec { name: "DEOP", usage: "DEOP #room [nick]: take that back", words_min: 1, run: deop },
    Spec {
        name: "ACCESS",
        usage: "ACCESS #room LIST | ADD account VOICE|OP|ADMIN | DEL account: who may what, always",
        words_min: 1,
        run: access,
    },
    Spec { name: "INFO", usage: "INFO #room: whose it is", words_min: 1, run: info },
    Spec {
        name: "DROP",
        usage: "DROP #room: let it be nobody's again; it then expires like others",
        words_min: 1,
        run: drop,
    },
];

pub(crate) fn hear(turn: &mut Turn<'_>, words: &[&str]) {
    let (name, rest) = words.split_first().map_or(("HELP", &[][..]), |(name, rest)| (*name, rest));
    if name.eq_ignore_ascii_case("HELP") {
        TABLE.iter().for_each(|spec| say(turn, spec.usage));
        return;
    }
    let Some(spec) = TABLE.iter().find(|it| it.name.eq_ignore_ascii_case(name)) else {
        return say(turn, "There is no such command; HELP shows those there are.");
    };
    if rest.len() < spec.words_min {
        return say(turn, spec.usage);
    }
    match RoomName::parse(rest[0]) {
        Ok(room) => (spec.run)(turn, &room, &rest[1..]),
        Err(_) => say(turn, "That is no room's name."),
    }
}

pub(crate) fn say(turn: &mut Turn<'_>, text: &str) {
    super::say(turn, NAME, text);
}

fn change(turn: &mut Turn<'_>, room: &RoomName, verb: RoomAsk) {
    let asked = Asked::Service { room: room.as_str().into(), what: ServiceAsked::Change };
    turn.ask(Ask::Room { room: room.clone(), verb }, asked);
}

fn register(turn: &mut Turn<'_>, room: &RoomName, _words: &[&str]) {
    change(turn, room, RoomAsk::Claim);
}

fn drop(turn: &mut Turn<'_>, room: &RoomName, _words: &[&str]) {
    change(turn, room, RoomAsk::Release);
}

fn op(turn: &mut Turn<'_>, room: &RoomName, words: &[&str]) {
    rank(turn, room, words, true);
}

fn deop(turn: &mut Turn<'_>, room: &RoomName, words: &[&str]) {
    rank(turn, room, words, false);
}

fn rank(turn: &mut Turn<'_>, room: &RoomName, words: &[&str], is_set: bool) {
    let own = || turn.conn().nick().to_owned();
    let nick = words.first().map_or_else(own, |it| (*it).to_owned());
    change(turn, room, RoomAsk::Modes(vec![(is_set, 'o', Some(nick.into()))]));
}

fn access(turn: &mut Turn<'_>, room: &RoomName, words: &[&str]) {
    let command = words.first().copied().unwrap_or("LIST").to_ascii_uppercase();
    match (command.as_str(), words.get(1..).unwrap_or_default()) {
        ("LIST", _) => look_up(turn, room, ServiceAsked::Access),
        ("ADD", [account, level, ..]) => match level_of(level) {
            Some(level) => grant(turn, room, account, Some(level)),
            None => say(turn, "A level is VOICE, OP or ADMIN."),
        },
        ("DEL", [account, ..]) => grant(turn, room, account, None),
        _ => say(turn, "ACCESS #room LIST | ADD account VOICE|OP|ADMIN | DEL account"),
    }
}

fn grant(turn: &mut Turn<'_>, room: &RoomName, account: &str, level: Option<Access>) {
    if chat::Nick::parse(account, chat::NICK_BYTES_MAX).is_err() {
        return say(turn, "No account can have this name.");
    }
    change(turn, room, RoomAsk::Access { account: account.into(), level });
}

fn level_of(word: &str) -> Option<Access> {
    match word.to_ascii_uppercase().as_str() {
        "VOICE" => Some(Access::Voice),
        "OP" => Some(Access::Operator),
        "ADMIN" => Some(Access::Admin),
        _ => None,
    }
}

fn info(turn: &mut Turn<'_>, room: &RoomName, _words: &[&str]) {
    look_up(turn, room, ServiceAsked::Info);
}

fn look_up(turn: &mut Turn<'_>, room: &RoomName, what: ServiceAsked) {
    let asked = Asked::Service { room: room.as_str().into(), what };
    turn.query(Query::Ownership(room.clone()), asked);
}

pub(crate) fn show(turn: &mut Turn<'_>, room: &str, what: ServiceAsked, it: Option<&Ownership>) {
    let shown = turn.shard.shown(room);
    let Some(it) = it else {
        return say(turn, &format!("{shown} is not registered."));
    };
    if what == ServiceAsked::Info {
        let mut since = Vec::new();
        irc_proto::time::write(it.since.ms(), &mut since);
        let since = String::from_utf8_lossy(&since);
        return say(turn, &format!("{shown} was registered by {} at {since}.", it.owner));
    }
    say(turn, &format!("{} OWNER", it.owner));
    for (account, level) in &it.access {
        let level = match level {
            Access::Voice => "VOICE",
            Access::Operator => "OP",
            Access::Admin => "ADMIN",
        };
        say(turn, &format!("{account} {level}"));
    }
    say(turn, &format!("End of the access list of {shown}."));
}

/// It was not done.
pub(crate) fn refused(turn: &mut Turn<'_>, room: &Arc<str>, why: &Refused) {
    let text = match why {
        Refused::Room(Refusal::NoSuchRoom) => "there is no such room",
        Refused::Room(Refusal::NotOperator) => "you are not its operator",
        Refused::Room(Refusal::TargetNotInRoom(_)) => "they are not in the room",
        Refused::Room(Refusal::Moved { .. } | Refusal::NotHere { .. }) => {
            "the room is moving; try again in a moment"
        }
        Refused::Room(why) => why_not(why),
        Refused::Account(AccountRefused::Because(_)) => "there is no such account",
        Refused::NoSuchNick(nick) => {
            let nick = nick.clone();
            return turn
                .reply(ERR_NOSUCHNICK)
                .param(&nick)
                .trailing("No such nick/channel")
                .finish();
        }
        Refused::Leaving => "this server is leaving; connect to another and try again",
        _ => "no majority of the room's servers can be reached now; try again later",
    };
    let shown = turn.shard.shown(room);
    say(turn, &format!("{shown}: that was not done: {text}."));
}

/// What has no numeric of its own.
pub(crate) fn why_not(why: &Refusal) -> &'static str {
    match why {
        Refusal::NotLoggedIn => "log in to an account first",
        Refusal::Owned => "the room is registered already",
        Refusal::NotOwned => "the room is not registered",
        Refusal::NotOwner => "the room is not yours",
        Refusal::AccessFull => "as many accounts have access as may have",
        _ => "the room does not allow it",
    }
}
