//! NickServ and ChanServ: what clients without REGISTER expect to talk to. Nobody is behind them, and nobody
//! can be called so.

pub(crate) mod chan;
pub(crate) mod nick;

use crate::turn::Turn;

/// Somebody said this to a service.
pub(crate) fn hear(turn: &mut Turn<'_>, service: &str, text: &str) {
    let words: Vec<&str> = text.split_whitespace().collect();
    if service.eq_ignore_ascii_case(nick::NAME) {
        nick::hear(turn, &words);
    } else if service.eq_ignore_ascii_case(chan::NAME) {
        chan::hear(turn, &words);
    }
}

/// A line of a service's answer.
fn say(turn: &mut Turn<'_>, service: &str, text: &str) {
    let server = turn.context().info.name.clone();
    let to = turn.conn().nick().to_owned();
    let mut line = turn.bare();
    line.source_user(service, service, &server).verb("NOTICE").param(&to).trailing(text).finish();
}
