//! HELP.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;

pub(super) const SPEC: Spec =
    Spec { verb: "HELP", params_min: 0, before_registration: false, run };

const INDEX: &[&str] = &[
    "This is a Starling server. What is said in a room is kept on several nodes.",
    "Rooms: JOIN PART TOPIC NAMES LIST INVITE KICK MODE",
    "Messages: PRIVMSG NOTICE TAGMSG CHATHISTORY",
    "People: NICK WHO WHOIS WHOWAS ISON USERHOST MONITOR AWAY SETNAME",
    "Accounts: REGISTER AUTHENTICATE, and NS HELP; rooms that belong to one: CS HELP",
    "Server: MOTD LUSERS VERSION TIME INFO ADMIN LINKS STATS",
    "HELP CMODE and HELP UMODE list the modes.",
];
const CHANNEL_MODES: &[&str] = &[
    "o nick  operator            v nick  voice",
    "b mask  ban                 e mask  exception from bans",
    "I mask  may come in when +i k key   needs a key",
    "l n     at most n people    i       by invitation only",
    "m       only voiced speak   n       only occupants speak",
    "s       not listed          t       only operators set the topic",
];
const USER_MODES: &[&str] =
    &["i  not found by strangers", "o  operator", "w  reads WALLOPS", "B  is a bot"];

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let subject = line.params.first().copied().unwrap_or("INDEX").to_ascii_uppercase();
    let lines = match subject.as_str() {
        "INDEX" => INDEX,
        "CMODE" | "CMODES" | "MODE" => CHANNEL_MODES,
        "UMODE" | "UMODES" => USER_MODES,
        _ => {
            let mut reply = turn.reply(ERR_HELPNOTFOUND);
            reply.param(&subject).trailing("No help available on this topic").finish();
            return;
        }
    };
    let (first, rest) = lines.split_first().expect("every topic has lines");
    turn.reply(RPL_HELPSTART).param(&subject).trailing(first).finish();
    for text in rest {
        turn.reply(RPL_HELPTXT).param(&subject).trailing(text).finish();
    }
    turn.reply(RPL_ENDOFHELP).param(&subject).trailing("End of /HELP").finish();
}
