//! What clients can say. One verb, one file, one row; a test compares the rows with the folder.

use crate::turn::Turn;
use irc_proto::Line;
use irc_proto::numeric::{ERR_NOTREGISTERED, ERR_UNKNOWNCOMMAND};

macro_rules! verbs {
    ($($file:ident),* $(,)?) => {
        $(pub(crate) mod $file;)*
        const TABLE: &[Spec] = &[$($file::SPEC),*];
    };
}

// Those said most often first: the table is searched from its beginning.
verbs! {
    privmsg, ping, pong, join, notice, tagmsg, nick, user, cap, quit, part, mode, who, names, topic,
    away, whois, chathistory, pass, resume, monitor, ison, userhost, kick, invite, list, motd, lusers,
    version, time, info, admin, help, links, stats, oper, kill, wallops, setname, whowas, error,
    authenticate, register, verify, ns, cs,
}

/// What is checked before a verb runs, so that no verb repeats it.
pub(crate) struct Spec {
    verb: &'static str,
    params_min: usize,
    /// Also allowed before registration is complete.
    before_registration: bool,
    run: fn(&mut Turn<'_>, &Line<'_>),
}

/// Runs one line.
pub(crate) fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let is_registered = turn.conn().is_registered();
    let Some(spec) = TABLE.iter().find(|it| line.is_verb(it.verb)) else {
        if is_registered {
            turn.reply(ERR_UNKNOWNCOMMAND).param(line.verb).trailing("Unknown command").finish();
        } else {
            not_registered(turn);
        }
        return;
    };
    if !is_registered && !spec.before_registration {
        not_registered(turn);
        return;
    }
    if line.params.len() < spec.params_min {
        turn.need_more(spec.verb);
        return;
    }
    if !matches!(spec.verb, "PING" | "PONG") {
        turn.conn_mut().active_ms = turn.shard.now_ms;
    }
    (spec.run)(turn, line);
}

fn not_registered(turn: &mut Turn<'_>) {
    turn.reply(ERR_NOTREGISTERED).trailing("You have not registered").finish();
}

#[cfg(test)]
mod tests {
    use super::TABLE;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_folder_is_a_row_of_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/verbs");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().path())
            .map(|it| it.file_stem().unwrap().to_string_lossy().to_uppercase())
            .collect();
        let rows: BTreeSet<String> = TABLE.iter().map(|it| it.verb.to_owned()).collect();
        assert_eq!(rows, files);
        assert_eq!(rows.len(), TABLE.len(), "a verb stands there twice");
    }
}
