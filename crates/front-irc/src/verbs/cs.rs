//! CS: what `PRIVMSG ChanServ` says, in short.

use super::Spec;
use crate::services::chan;
use crate::turn::Turn;
use irc_proto::Line;

pub(super) const SPEC: Spec =
    Spec { verb: "CS", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let words: Vec<&str> = line.params.iter().flat_map(|it| it.split_whitespace()).collect();
    chan::hear(turn, &words);
}
