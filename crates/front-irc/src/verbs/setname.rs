//! SETNAME: <https://ircv3.net/specs/extensions/setname>.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use crate::context::REALNAME_BYTES_MAX;
use crate::pending::Asked;
use chat::directory::Change;
use node::Ask;

pub(super) const SPEC: Spec =
    Spec { verb: "SETNAME", params_min: 1, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let realname = line.params[0];
    if realname.is_empty() || realname.len() > REALNAME_BYTES_MAX {
        let text = format!("Realname must have 1 to {REALNAME_BYTES_MAX} bytes; nothing was changed");
        turn.fail("SETNAME", "INVALID_REALNAME", &[], &text);
        return;
    }
    turn.ask(Ask::Alter(Change::Realname(realname.into())), Asked::Setname);
}
