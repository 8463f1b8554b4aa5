//! WHO, with <https://ircv3.net/specs/extensions/whox>.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::{Asked, WhoAsked};
use chat::RoomName;
use chat::directory::Session;
use irc_proto::Cap;
use irc_proto::who::{WhoField, WhoOptions};
use node::door::{PersonView, Query, RoomView};

pub(super) const SPEC: Spec =
    Spec { verb: "WHO", params_min: 0, before_registration: false, run };

/// Most people in one answer that is not about a room.
const PEOPLE_MAX: usize = 200;

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let mask = line.params.first().copied().unwrap_or("*");
    let option = line.params.get(1).copied().unwrap_or("");
    let asked = Asked::Who(Box::new(WhoAsked { mask: mask.into(), option: option.into() }));
    match RoomName::parse(mask) {
        Ok(room) => turn.query(Query::Room(room), asked),
        Err(_) => {
            let mask = if mask == "0" { "*".to_owned() } else { irc_proto::casemap::fold(mask) };
            turn.query(Query::Match { mask: mask.into(), limit: PEOPLE_MAX }, asked);
        }
    }
}

pub(crate) fn show_room(turn: &mut Turn<'_>, asked: &WhoAsked, view: Option<&RoomView>) {
    let is_operator = turn.conn().is_operator();
    for it in view.into_iter().flat_map(|it| &it.occupants) {
        let view = view.expect("there is one to take occupants from");
        if it.session.modes.invisible && !view.is_occupant && !is_operator {
            continue;
        }
        let server = turn.shard.server_name(it.session.node);
        let place = (&*view.shown, it.is_operator, it.is_voiced);
        show(turn, asked, &it.session, &server, place);
    }
    end(turn, &asked.mask);
}

pub(crate) fn show_people(turn: &mut Turn<'_>, asked: &WhoAsked, people: &[PersonView]) {
    for it in people {
        let place = it.rooms.first().map_or(("*", false, false), |(room, o, v)| (&**room, *o, *v));
        show(turn, asked, &it.session, &it.node, place);
    }
    end(turn, &asked.mask);
}

pub(crate) fn end(turn: &mut Turn<'_>, mask: &str) {
    turn.reply(RPL_ENDOFWHO).param(mask).trailing("End of WHO list").finish();
}

fn show(
    turn: &mut Turn<'_>,
    asked: &WhoAsked,
    session: &Session,
    server: &str,
    (room, is_operator, is_voiced): (&str, bool, bool),
) {
    let options = WhoOptions::parse(&asked.option);
    if options.operators_only && session.operator.is_none() {
        return;
    }
    let mut flags = String::from(if session.away.is_some() { "G" } else { "H" });
    if session.operator.is_some() {
        flags.push('*');
    }
    if is_operator {
        flags.push('@');
    }
    if is_voiced && (!is_operator || turn.has(Cap::MultiPrefix)) {
        flags.push('+');
    }
    if session.modes.bot {
        flags.push('B');
    }
    let Some(whox) = options.whox else {
        let mut reply = turn.reply(RPL_WHOREPLY);
        reply.param(room).param(&session.user).param(&session.host).param(server);
        reply.param(session.nick.as_str()).param(&flags);
        reply.trailing(&format!("0 {}", session.realname)).finish();
        return;
    };
    let mut reply = turn.reply(RPL_WHOSPCRPL);
    for field in whox.fields.iter() {
        match field {
            WhoField::Token => reply.param(whox.token),
            WhoField::Channel => reply.param(room),
            WhoField::User => reply.param(&session.user),
            WhoField::Ip => reply.param("255.255.255.255"),
            WhoField::Host => reply.param(&session.host),
            WhoField::Server => reply.param(server),
            WhoField::Nick => reply.param(session.nick.as_str()),
            WhoField::Flags => reply.param(&flags),
            WhoField::Hops | WhoField::Idle => reply.param("0"),
            WhoField::Account => reply.param(session.account.as_deref().unwrap_or("0")),
            WhoField::OpLevel => reply.param("n/a"),
            WhoField::RealName => reply.trailing(&session.realname),
        };
    }
    reply.finish();
}
