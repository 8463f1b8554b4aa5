//! LINKS: the nodes of the network.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::pending::Asked;
use node::Status;
use node::door::Query;

pub(super) const SPEC: Spec =
    Spec { verb: "LINKS", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, _line: &Line<'_>) {
    turn.query(Query::Status, Asked::Links);
}

pub(crate) fn show(turn: &mut Turn<'_>, status: &Status) {
    for node in &status.nodes {
        let hops = u8::from(node.name != status.node);
        let text = format!("{hops} {} ({})", status.network, node.health);
        turn.reply(RPL_LINKS).param(&node.name).param(&status.node).trailing(&text).finish();
    }
    turn.reply(RPL_ENDOFLINKS).param("*").trailing("End of /LINKS list").finish();
}
