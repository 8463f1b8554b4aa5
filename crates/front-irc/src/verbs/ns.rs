//! NS: what `PRIVMSG NickServ` says, in short.

use super::Spec;
use crate::services::nick;
use crate::turn::Turn;
use irc_proto::Line;

pub(super) const SPEC: Spec =
    Spec { verb: "NS", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let words: Vec<&str> = line.params.iter().flat_map(|it| it.split_whitespace()).collect();
    nick::hear(turn, &words);
}
