//! What did not happen, or may not have: each refusal becomes its numeric, and what has none becomes
//! FAIL (or a NOTICE with the same words). The words say what happened, whether it may have taken
//! effect, and what to do.

use crate::accounts;
use crate::pending::Asked;
use crate::register;
use crate::services;
use crate::turn::Turn;
use crate::verbs::{chathistory, mode, resume, whois};
use chat::SayKind;
use chat::room::Refusal;
use irc_proto::numeric::*;
use node::door::Refused;

/// It did not happen and will not.
pub(crate) fn refused(turn: &mut Turn<'_>, asked: &Asked, why: &Refused) {
    if let Asked::Register = asked {
        return match why {
            Refused::NickInUse(nick) => register::nick_in_use(turn, nick),
            Refused::NickReserved(nick) => register::nick_reserved(turn, nick),
            Refused::Leaving => {
                register::failed(turn, "This server is leaving; connect to another")
            }
            Refused::Busy => {
                register::failed(turn, "This server is full at the moment; try again later")
            }
            _ => register::failed(
                turn,
                "The network cannot register anybody at the moment; try again later",
            ),
        };
    }
    if let Asked::Resume = asked {
        return resume::refused(turn, why);
    }
    if let Asked::Account(asked) = asked {
        return accounts::refused(turn, asked, why);
    }
    if let Asked::Service { room, .. } = asked {
        return services::chan::refused(turn, room, why);
    }
    let is_notice = matches!(asked, Asked::Say { kind: SayKind::Notice, .. });
    match why {
        // A notice is never answered with an error; that it was lost is worth knowing all the same.
        Refused::Room(_) | Refused::NoSuchNick(_) if is_notice => {}
        Refused::Room(refusal) => in_room(turn, asked, refusal),
        Refused::NickInUse(nick) => register::nick_in_use(turn, nick),
        Refused::NickReserved(nick) => register::nick_reserved(turn, nick),
        Refused::Account(_) => not_done(turn, asked, "it is not for this account"),
        Refused::NoSuchNick(nick) => match asked {
            Asked::Whois { .. } => whois::missing(turn, nick),
            _ => {
                let mut reply = turn.reply(ERR_NOSUCHNICK);
                reply.param(nick).trailing("No such nick/channel").finish();
            }
        },
        Refused::NoHistory => match asked {
            Asked::History(it) => chathistory::invalid_target(turn, &it.subcommand, &it.target),
            _ => not_done(turn, asked, "its history is not for you"),
        },
        Refused::Unavailable => not_done(
            turn,
            asked,
            "no majority of its servers can be reached now; it will not happen by itself, so try again later",
        ),
        Refused::Busy => not_done(turn, asked, "the server is at its limit; try again in a moment"),
        Refused::Leaving => {
            not_done(turn, asked, "this server is leaving; connect to another and try again")
        }
        Refused::NoSession => not_done(turn, asked, "your session has ended; connect again"),
    }
}

fn not_done(turn: &mut Turn<'_>, asked: &Asked, why: &str) {
    let verb = asked.verb();
    let context: Vec<&str> = asked.target().into_iter().collect();
    match asked {
        Asked::Say { .. } => {
            let text = format!("Your message was not sent: {why}");
            turn.fail(verb, "MESSAGE_REFUSED", &context, &text);
        }
        _ => turn.fail(verb, "NOT_DONE", &context, &format!("That was not done: {why}")),
    }
}

/// It may have happened, or may yet.
pub(crate) fn unknown(turn: &mut Turn<'_>, asked: &Asked) {
    if let Asked::Account(asked) = asked {
        return accounts::unknown(turn, asked);
    }
    let verb = asked.verb();
    let context: Vec<&str> = asked.target().into_iter().collect();
    match asked {
        Asked::Register | Asked::Resume => {
            register::failed(turn, "The network did not answer in time; connect again");
        }
        Asked::Say { .. } => turn.fail(
            verb,
            "MESSAGE_UNKNOWN",
            &context,
            "Your message may or may not have been delivered: the network did not answer in time; \
             look into the history before you send it again",
        ),
        _ => turn.fail(
            verb,
            "OUTCOME_UNKNOWN",
            &context,
            "That may or may not have been done: the network did not answer in time; \
             look before you try again",
        ),
    }
}

fn in_room(turn: &mut Turn<'_>, asked: &Asked, why: &Refusal) {
    let name = asked.target().unwrap_or("*").to_owned();
    let room = turn.shard.shown(&name);
    let mut say = |code: u16, words: &str| {
        turn.reply(code).param(&room).trailing(words).finish();
    };
    match why {
        Refusal::NoSuchRoom => say(ERR_NOSUCHCHANNEL, "No such channel"),
        Refusal::NotInRoom => say(ERR_NOTONCHANNEL, "You're not on that channel"),
        Refusal::AlreadyInRoom => {} // As everywhere, a second JOIN is passed over.
        Refusal::Banned => say(ERR_BANNEDFROMCHAN, "Cannot join channel (+b)"),
        Refusal::InviteOnly => say(ERR_INVITEONLYCHAN, "Cannot join channel (+i)"),
        Refusal::BadKey => say(ERR_BADCHANNELKEY, "Cannot join channel (+k)"),
        Refusal::RoomFull => say(ERR_CHANNELISFULL, "Cannot join channel (+l)"),
        Refusal::NotOperator => say(ERR_CHANOPRIVSNEEDED, "You're not channel operator"),
        Refusal::CannotSend => say(ERR_CANNOTSENDTOCHAN, "Cannot send to channel"),
        Refusal::KeySet => say(ERR_KEYSET, "Channel key already set"),
        Refusal::TargetNotInRoom(nick) => {
            let mut reply = turn.reply(ERR_USERNOTINCHANNEL);
            reply.param(nick).param(&room).trailing("They aren't on that channel").finish();
        }
        Refusal::TargetAlreadyInRoom(nick) => {
            let mut reply = turn.reply(ERR_USERONCHANNEL);
            reply.param(nick).param(&room).trailing("is already on channel").finish();
        }
        Refusal::ListFull(letter, _mask) => {
            let mut reply = turn.reply(ERR_BANLISTFULL);
            reply.param(&room).param(&letter.to_string()).trailing("Channel list is full").finish();
        }
        Refusal::BadModeParam(letter, param) => mode::bad_param(turn, &room, *letter, param),
        Refusal::UnknownMode(letter) => mode::unknown(turn, *letter),
        Refusal::NotLoggedIn
        | Refusal::Owned
        | Refusal::NotOwned
        | Refusal::NotOwner
        | Refusal::AccessFull => not_done(turn, asked, services::chan::why_not(why)),
        Refusal::SameReplication => not_done(turn, asked, "the room is replicated so already"),
        Refusal::IsMoving => {
            not_done(turn, asked, "the room is about to be replicated in another way")
        }
        // Its node asks again where the room lives; this is for when that took too long.
        Refusal::Moved { .. } | Refusal::NotHere { .. } => {
            not_done(turn, asked, "the room is moving; try again in a moment");
        }
    }
}
