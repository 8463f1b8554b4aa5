//! AWAY: gone for a while, or back.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::context::AWAY_BYTES_MAX;
use crate::pending::Asked;
use crate::turn::cut;
use chat::directory::{Change, Session};
use node::Ask;
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "AWAY", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let text = cut(line.params.first().copied().unwrap_or(""), AWAY_BYTES_MAX);
    let away: Option<Arc<str>> = (!text.is_empty()).then(|| text.into());
    let is_away = away.is_some();
    turn.ask(Ask::Alter(Change::Away(away)), Asked::Away { is_away });
}

pub(crate) fn done(turn: &mut Turn<'_>, is_away: bool) {
    match is_away {
        true => turn.reply(RPL_NOWAWAY).trailing("You have been marked as being away").finish(),
        false => {
            turn.reply(RPL_UNAWAY).trailing("You are no longer marked as being away").finish();
        }
    }
}

/// 301 for each who is away, after they were written to.
pub(crate) fn show(turn: &mut Turn<'_>, sessions: &[Arc<Session>]) {
    for session in sessions {
        if let Some(away) = &session.away {
            turn.reply(RPL_AWAY).param(session.nick.as_str()).trailing(away).finish();
        }
    }
}
