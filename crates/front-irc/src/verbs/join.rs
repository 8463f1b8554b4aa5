//! JOIN: come into rooms; `JOIN 0` leaves all.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::conn::Conn;
use crate::context::ROOMS_MAX;
use crate::pending::Asked;
use chat::RoomName;
use node::Ask;
use node::door::RoomAsk;

pub(super) const SPEC: Spec =
    Spec { verb: "JOIN", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    if line.params[0] == "0" {
        for room in turn.conn().rooms.clone() {
            let asked = Asked::Part { room: room.clone() };
            turn.ask(Ask::Room { room, verb: RoomAsk::Part { reason: "".into() } }, asked);
        }
        return;
    }
    let mut keys = line.params.get(1).copied().unwrap_or("").split(',');
    let mut count = rooms_in_and_asked_for(turn.conn());
    // As many as fit a line.
    for shown in line.params[0].split(',').filter(|it| !it.is_empty()) {
        let key = keys.next().filter(|it| !it.is_empty());
        let Ok(room) = RoomName::parse(shown) else {
            turn.reply(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").finish();
            continue;
        };
        if count >= ROOMS_MAX {
            let mut reply = turn.reply(ERR_TOOMANYCHANNELS);
            reply.param(shown).trailing("You have joined too many channels").finish();
            continue;
        }
        count += 1;
        let verb = RoomAsk::Join { shown: shown.into(), key: key.map(Into::into) };
        turn.ask(Ask::Room { room: room.clone(), verb }, Asked::Join { room });
    }
}

/// Joins without an answer count too, or a pipeline of them would pass the limit.
fn rooms_in_and_asked_for(conn: &Conn) -> usize {
    let is_coming = |asked: &Asked| match asked {
        Asked::Join { room } => !conn.rooms.contains(room),
        _ => false,
    };
    conn.rooms.len() + conn.pending.iter().filter(|it| is_coming(&it.asked)).count()
}
