//! LIST, with the conditions of ELIST.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use irc_proto::elist::{ListFilter, Listed};
use super::mode::REPLICATION;
use chat::Replication;
use node::door::{Query, RoomLine};

pub(super) const SPEC: Spec =
    Spec { verb: "LIST", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let conditions = line.params.first().copied().unwrap_or("").into();
    turn.query(Query::Rooms, Asked::List { conditions });
}

pub(crate) fn show(turn: &mut Turn<'_>, conditions: &str, rooms: &[RoomLine]) {
    let filter = ListFilter::parse(conditions);
    let now_ms = crate::context::wall_ms();
    turn.reply(RPL_LISTSTART).param("Channel").trailing("Users  Name").finish();
    for it in rooms {
        let listed = Listed {
            name: &it.shown,
            users: it.occupants as u64,
            created_ms: it.created_at.ms(),
            topic_ms: it.topic_at.map(|it| it.ms()),
        };
        if filter.matches(&listed, now_ms) {
            let mut reply = turn.reply(RPL_LIST);
            reply.param(&it.shown).number(it.occupants as u64);
            match it.replication {
                Replication::Raft => reply.trailing(&it.topic),
                // As others show modes there.
                other => reply.trailing(format!("[+{REPLICATION} {other}] {}", it.topic).trim_end()),
            };
            reply.finish();
        }
    }
    turn.reply(RPL_LISTEND).trailing("End of /LIST").finish();
}
