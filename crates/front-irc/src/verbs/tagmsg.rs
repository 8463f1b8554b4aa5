//! TAGMSG: client-only tags without text, <https://ircv3.net/specs/extensions/message-tags>.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use chat::SayKind;
use irc_proto::Cap;
use irc_proto::numeric::ERR_UNKNOWNCOMMAND;

pub(super) const SPEC: Spec =
    Spec { verb: "TAGMSG", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    if !turn.has(Cap::MessageTags) {
        turn.reply(ERR_UNKNOWNCOMMAND).param(line.verb).trailing("Unknown command").finish();
        return;
    }
    crate::say::say(turn, line, SayKind::Tags);
}
