//! What the node answered, said in the words of the verb that asked.

use crate::accounts;
use crate::pending::{Asked, Target};
use crate::refusal;
use crate::register;
use crate::sasl;
use crate::services;
use crate::shard::Shard;
use crate::turn::Turn;
use crate::verbs::{
    away, chathistory, invite, ison, links, list, lusers, mode, monitor, names, oper, resume,
    stats, topic, userhost, who, whois, whowas,
};
use chat::{NodeId, SayKind, Stamp};
use irc_proto::numeric::*;
use node::Answer;
use node::door::{Query, View};
use std::sync::Arc;

pub(crate) fn answer(turn: &mut Turn<'_>, asked: Asked, answer: Answer) {
    match answer {
        Answer::Registered(session) => register::registered(turn, session),
        Answer::Token { session, token, rooms } => match asked {
            Asked::Resume => resume::attached(turn, session, &token, &rooms),
            _ => resume::kept(turn, &token),
        },
        Answer::Done => done(turn, &asked),
        Answer::Refused(whys) => {
            for why in &whys {
                refusal::refused(turn, &asked, why);
            }
        }
        Answer::Unknown => refusal::unknown(turn, &asked),
        Answer::LoggedIn { account, proof } => accounts::logged_in(turn, &asked, account, proof),
        Answer::Challenge(exchange) => sasl::challenge(turn, exchange),
        Answer::View(view) => show(turn, &asked, view),
    }
}

/// What has no line of its own when it happens.
fn done(turn: &mut Turn<'_>, asked: &Asked) {
    match asked {
        Asked::Away { is_away } => away::done(turn, *is_away),
        Asked::Operator => oper::done(turn),
        Asked::Account(asked) => accounts::done(turn, asked),
        Asked::Service { .. } => services::chan::say(turn, "That is done."),
        Asked::Invite { room, nick } => {
            let shown = turn.shard.shown(room.as_str());
            invite::done(turn, &shown, nick);
        }
        Asked::Say { kind: SayKind::Message, target: Target::Nick(nick) } => {
            turn.query(Query::Sessions(vec![nick.clone()]), Asked::AwayOf);
        }
        _ => {}
    }
}

fn show(turn: &mut Turn<'_>, asked: &Asked, view: View) {
    match (asked, view) {
        (Asked::Names { .. }, View::Room(Some(view))) => names::show(turn, &view),
        (Asked::Names { shown }, View::Room(None)) => names::end(turn, shown),
        (Asked::Topic { .. }, View::Room(Some(view))) => topic::show(turn, &view),
        (Asked::Modes { .. }, View::Room(Some(view))) => mode::show(turn, &view),
        (Asked::Topic { shown } | Asked::Modes { shown }, View::Room(None)) => {
            turn.reply(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").finish();
        }
        (Asked::Who(asked), View::Room(view)) => who::show_room(turn, asked, view.as_deref()),
        (Asked::Who(asked), View::People(people)) => who::show_people(turn, asked, &people),
        (Asked::Whois { .. }, View::Person(Some(person))) => whois::show(turn, &person),
        (Asked::Whois { nick }, View::Person(None)) => whois::missing(turn, nick),
        (Asked::Whowas { nick }, View::Past(past)) => whowas::show(turn, nick, &past),
        (Asked::AwayOf, View::Sessions(them)) => away::show(turn, &them),
        (Asked::Ison, View::Sessions(them)) => ison::show(turn, &them),
        (Asked::Userhost, View::Sessions(them)) => userhost::show(turn, &them),
        (Asked::Monitor { asked }, View::Sessions(them)) => monitor::show(turn, asked, &them),
        (Asked::List { conditions }, View::Rooms(rooms)) => list::show(turn, conditions, &rooms),
        (Asked::Masks { shown, letter }, View::Masks(masks)) => {
            show_masks(turn, shown, *letter, &masks);
        }
        (Asked::Account(asked), View::Sessions(them)) => {
            accounts::show_sessions(turn, asked, &them)
        }
        (Asked::Account(asked), View::Account(it)) => {
            accounts::show_account(turn, asked, it.as_deref());
        }
        (Asked::Service { room, what }, View::Ownership(it)) => {
            services::chan::show(turn, room, *what, it.as_deref());
        }
        (Asked::Lusers, View::Status(status)) => lusers::show(turn, Some(&status)),
        (Asked::Links, View::Status(status)) => links::show(turn, &status),
        (Asked::Stats, View::Status(status)) => stats::show(turn, &status),
        (Asked::Refresh, View::Status(status)) => {
            turn.shard.status = Some((turn.shard.now_ms, status));
        }
        (Asked::History(asked), View::History(records)) => chathistory::show(turn, asked, &records),
        (Asked::Targets, View::Targets(targets)) => chathistory::show_targets(turn, &targets),
        (asked, _) => {
            tracing::error!(verb = asked.verb(), "the node answered something else than was asked");
        }
    }
}

fn show_masks(
    turn: &mut Turn<'_>,
    shown: &str,
    letter: char,
    masks: &[(Arc<str>, Arc<str>, Stamp)],
) {
    let (code, end, name) = match letter {
        'e' => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST, "exception"),
        'I' => (RPL_INVEXLIST, RPL_ENDOFINVEXLIST, "invite exception"),
        _ => (RPL_BANLIST, RPL_ENDOFBANLIST, "ban"),
    };
    let shown = turn.shard.shown(shown);
    for (mask, set_by, at) in masks {
        let mut reply = turn.reply(code);
        reply.param(&shown).param(mask).param(set_by).number(at.ms() / 1000).finish();
    }
    turn.reply(end).param(&shown).trailing(&format!("End of channel {name} list")).finish();
}

impl Shard {
    /// How a room is written, as far as this shard knows.
    pub(crate) fn shown(&self, name: &str) -> String {
        let key = chat::fold(name);
        self.rooms.get(key.as_str()).map_or(name, |it| &it.shown).to_owned()
    }

    /// The name of a node.
    pub(crate) fn server_name(&self, id: NodeId) -> Arc<str> {
        if id == self.context.info.id {
            return self.context.info.name.clone();
        }
        let status = self.status.as_ref().map(|it| &it.1);
        let mut nodes = status.into_iter().flat_map(|it| &it.nodes);
        let is_it = |text: &str| u64::from_str_radix(text, 16) == Ok(id.0);
        let node = nodes.find(|it| is_it(&it.id));
        node.map_or_else(|| self.context.info.network.clone(), |it| it.name.as_str().into())
    }
}
