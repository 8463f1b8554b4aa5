//! RESUME, our own, under the capability `starling/resume`: a session that outlives its connection.
//!
//! Who is registered and has the capability is told `:SERVER RESUME TOKEN :TOKEN`, and each time again when
//! the token is another one. Who has lost the connection says `RESUME TOKEN NUMBER` to any node in place of NICK
//! and USER; NUMBER is higher than all labels and numbers that it has used, and used up by this. The answer is the welcome, the rooms the session is
//! in as by JOIN, and `:SERVER RESUME ATTACHED :NICK`: from there on everything comes live. What came before is asked
//! for by CHATHISTORY. `FAIL RESUME INVALID_TOKEN`: there is no such session any more, and what was not
//! acknowledged may have happened or not.
//!
//! With the capability a label is a number from 1 on, higher than those before. A command that is sent again under
//! its number takes effect once, and one below a number that took effect there takes none: what was not answered is
//! sent again first, in its order. What was refused goes under a new number.

use super::Spec;
use crate::accounts::LOGINS_FAILED_MAX;
use crate::conn::Phase;
use crate::context::VERSION;
use crate::pending::Asked;
use crate::shard::number_of;
use crate::turn::Turn;
use chat::directory::Session;
use irc_proto::numeric::*;
use irc_proto::{Cap, Line};
use node::Ask;
use node::door::{Attachment, Refused, RoomView};
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "RESUME", params_min: 2, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    if turn.conn().is_registered() {
        turn.reply(ERR_ALREADYREGISTERED).trailing("You have a session already").finish();
        return;
    }
    let Some(number) = number_of(line.params[1]) else {
        let text = "The second parameter is a number higher than all that you have used";
        turn.fail("RESUME", "INVALID_NUMBER", &[], text);
        return;
    };
    if !turn.has(Cap::Resume) {
        turn.fail("RESUME", "NEED_CAPABILITY", &[], "Ask for the capability starling/resume first");
        return;
    }
    if !crate::register::knows_password(turn) {
        return;
    }
    let is_secure = turn.conn().stream.is_secure();
    let attachment = Attachment { token: line.params[0].into(), number, is_secure };
    let conn = turn.conn_mut();
    conn.is_known = true;
    conn.is_held = true;
    turn.ask(Ask::Attach(attachment), Asked::Resume);
}

/// The connection is as it was before; the client may begin a session on it.
pub(crate) fn refused(turn: &mut Turn<'_>, why: &Refused) {
    match why {
        Refused::NoSession => {
            let text = "There is no such session any more, or it went on elsewhere since: begin a new one. \
                        What was not acknowledged may have happened or not; the history tells";
            turn.fail("RESUME", "INVALID_TOKEN", &[], text);
            let failed = &mut turn.conn_mut().extra().logins_failed;
            *failed = failed.saturating_add(1);
            if *failed >= LOGINS_FAILED_MAX {
                turn.shard.close(turn.slot, "Too many tokens that open nothing");
            }
        }
        Refused::Leaving => {
            crate::register::failed(turn, "This server is leaving; connect to another");
        }
        _ => {
            let text = "The network cannot go on with any session at the moment; try again, or elsewhere";
            turn.fail("RESUME", "TEMPORARILY_UNAVAILABLE", &[], text);
        }
    }
}

/// Whoever has the capability and a session is given a token for it.
pub(crate) fn keep(turn: &mut Turn<'_>) {
    if turn.has(Cap::Resume) && turn.conn().is_registered() {
        turn.ask(Ask::Keep, Asked::Keep);
    }
}

/// The session has another token.
pub(crate) fn kept(turn: &mut Turn<'_>, token: &str) {
    turn.server_line().verb("RESUME").param("TOKEN").trailing(token).finish();
}

/// The session is on this connection now.
pub(crate) fn attached(turn: &mut Turn<'_>, session: Arc<Session>, token: &str, rooms: &[RoomView]) {
    let slot = turn.slot;
    turn.shard.sessions.insert(session.id, slot);
    let modes = session.modes;
    turn.conn_mut().phase = Phase::Registered { session: session.clone(), modes };
    let context = turn.context();
    let info = &context.info;
    let text = format!("Welcome back to the {} Network, {}", info.network, session.nick);
    turn.reply(RPL_WELCOME).trailing(&text).finish();
    let text = format!("Your host is {} now, running version {VERSION}", info.name);
    turn.reply(RPL_YOURHOST).trailing(&text).finish();
    context.isupport.write(turn.out(), &info.name, session.nick.as_str());
    kept(turn, token);
    for view in rooms {
        turn.shard.come_back_to(slot, &session, view);
    }
    let nick = session.nick.as_str();
    turn.server_line().verb("RESUME").param("ATTACHED").trailing(nick).finish();
}
