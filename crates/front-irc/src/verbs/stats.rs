//! STATS: `u`, how long the node is up; `g`, its replicated groups; `o`, its
//! operator blocks. The last two are for operators.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use node::Status;
use node::door::Query;

pub(super) const SPEC: Spec =
    Spec { verb: "STATS", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    match line.params[0] {
        "u" => {
            let started_ms = turn.context().info.started_ms;
            let up_s = crate::context::wall_ms().saturating_sub(started_ms) / 1000;
            let (days, hours) = (up_s / 86_400, up_s / 3600 % 24);
            let text = format!("Server Up {days} days {hours}:{:02}:{:02}", up_s / 60 % 60, up_s % 60);
            turn.reply(RPL_STATSUPTIME).trailing(&text).finish();
        }
        "g" if turn.conn().is_operator() => return turn.query(Query::Status, Asked::Stats),
        "o" if turn.conn().is_operator() => {
            for it in &turn.context().config.operators {
                let mut reply = turn.reply(RPL_STATSOLINE);
                reply.param("O").param("*@*").param("*").trailing(&it.name).finish();
            }
        }
        "g" | "o" => {
            let text = "Permission Denied- You're not an IRC operator";
            turn.reply(ERR_NOPRIVILEGES).trailing(text).finish();
        }
        _ => {}
    }
    end(turn, line.params[0]);
}

fn end(turn: &mut Turn<'_>, letter: &str) {
    turn.reply(RPL_ENDOFSTATS).param(letter).trailing("End of /STATS report").finish();
}

pub(crate) fn show(turn: &mut Turn<'_>, status: &Status) {
    for it in &status.groups {
        let leader = it.leader.as_deref().unwrap_or("nobody");
        let text = format!(
            "group {} {} leader {leader} term {} applied {} lag {}",
            it.id, it.strategy, it.term, it.applied_index, it.lag
        );
        turn.reply(RPL_STATSDEBUG).trailing(&text).finish();
    }
    end(turn, "g");
}
