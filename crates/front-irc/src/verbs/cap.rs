//! CAP: <https://ircv3.net/specs/extensions/capability-negotiation>.

use super::{Spec, resume};
use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::*;
use crate::conn::Phase;
use crate::outs::Class;
use irc_proto::caps::{CapRequest, list_texts, write_lines};
use irc_proto::Cap;

pub(super) const SPEC: Spec =
    Spec { verb: "CAP", params_min: 1, before_registration: true, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let subcommand = line.params[0].to_ascii_uppercase();
    match subcommand.as_str() {
        "LS" => list_offered(turn, line),
        "LIST" => {
            let is_302 = turn.conn().extra.as_ref().is_some_and(|it| it.is_302);
            let texts = list_texts(turn.shard.outs.caps(turn.slot), is_302, |_| None);
            write(turn, "LIST", &texts);
        }
        "REQ" => request(turn, line.params.get(1).copied().unwrap_or("")),
        "END" => {
            if let Phase::Registering(it) = &mut turn.conn_mut().phase {
                it.is_negotiating = false;
                crate::register::try_register(turn);
            }
        }
        _ => {
            let mut reply = turn.reply(ERR_INVALIDCAPCMD);
            reply.param(line.params[0]).trailing("Invalid CAP command").finish();
        }
    }
}

fn list_offered(turn: &mut Turn<'_>, line: &Line<'_>) {
    negotiate(turn);
    let is_302 =
        line.params.get(1).and_then(|it| it.parse::<u32>().ok()).is_some_and(|it| it >= 302);
    if is_302 {
        turn.conn_mut().extra().is_302 = true;
        // cap-notify comes with version 302 and cannot be refused.
        let out = turn.shard.outs.get_mut(turn.slot);
        out.caps = out.caps.with(Cap::CapNotify);
    }
    let context = turn.context();
    write(turn, "LS", &context.cap_list[usize::from(is_302)]);
}

fn request(turn: &mut Turn<'_>, words: &str) {
    negotiate(turn);
    match CapRequest::parse(words, turn.context().offered) {
        Ok(request) => {
            let out = turn.shard.outs.get_mut(turn.slot);
            out.caps = request.apply(out.caps);
            out.class = Class::of(out.caps);
            write(turn, "ACK", &[words]);
            if request.enable.has(Cap::Resume) {
                resume::keep(turn);
            }
            if request.enable.has(Cap::Members) {
                let line = turn.shard.members_line(turn.slot);
                turn.out().extend_from_slice(&line);
            }
        }
        Err(_not_offered) => write(turn, "NAK", &[words]),
    }
}

/// Registration waits for CAP END.
fn negotiate(turn: &mut Turn<'_>) {
    if let Phase::Registering(it) = &mut turn.conn_mut().phase {
        it.is_negotiating = true;
    }
}

fn write(turn: &mut Turn<'_>, subcommand: &str, texts: &[impl AsRef<str>]) {
    let context = turn.context();
    let nick = turn.conn().nick().to_owned();
    write_lines(turn.out(), &context.info.name, &nick, subcommand, texts);
}
