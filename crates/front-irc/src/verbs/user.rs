//! USER: user name and real name.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::conn::Phase;
use crate::context::{REALNAME_BYTES_MAX, USER_BYTES_MAX};
use crate::turn::cut;

pub(super) const SPEC: Spec =
    Spec { verb: "USER", params_min: 4, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let Phase::Registering(it) = &mut turn.conn_mut().phase else {
        turn.reply(ERR_ALREADYREGISTERED).trailing("You may not reregister").finish();
        return;
    };
    let is_letter = |it: &char| !it.is_control() && !it.is_whitespace() && !"!@:,*?".contains(*it);
    let user: String = line.params[0].chars().filter(is_letter).collect();
    // `~`: nobody but the client itself says so (there is no ident lookup).
    it.user = Some(format!("~{}", cut(&user, USER_BYTES_MAX - 1)).into());
    it.realname = cut(line.params[3], REALNAME_BYTES_MAX).into();
    crate::register::try_register(turn);
}
