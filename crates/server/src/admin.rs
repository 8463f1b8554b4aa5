//! `starling admin`: what operators do to a running network from outside.
//!
//! Promise: the exit code says whether it was done, was not, or may have been, and every message says so
//! too, with what to do next.

mod add;
mod cluster;
mod show;

use crate::cli::FAILED;
use crate::status::{HINT, Node};
use chat::Replication;
use cluster::{GroupVerb, NodeVerb};
use node::AdminError;
use node::admin::{RoomAnswer, RoomQuestion, ask_room};
use node::status::RoomStatus;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// It may have been done, or may be yet; or nobody answered.
const UNKNOWN: u8 = 3;
/// A little longer than a node takes at most to say that it does not know.
const ANSWER_MAX: Duration = Duration::from_secs(13);

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or it was so already
  1  refused: it was not done and will not be; stderr says why
  2  the command line or the configuration cannot be used; nothing was tried
  3  unknown: nobody answered, or not in time; it may have been done. Look with
     `starling status` or `starling admin room show` before you try again (trying again
     does no harm)

Examples:
  starling admin room create '#ops' --replication gossip --node 127.0.0.1:7100
  starling admin room show '#ops' --config /etc/starling/n1.toml --json | jq .epoch
  starling admin room change '#ops' --replication primary-backup || echo \"code $?\"
  starling admin node drain n2.chat.example --node 127.0.0.1:7100
  starling admin node replace n2.chat.example n4.chat.example --node 127.0.0.1:7100
  starling admin group move 3 --to n1.chat.example,n3.chat.example --node 127.0.0.1:7100";

/// What to administrate.
#[derive(clap::Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Rooms
    #[command(after_help = EXIT_CODES)]
    Room {
        #[command(subcommand)]
        verb: Verb,
    },
    /// Nodes of the network
    #[command(after_help = EXIT_CODES)]
    Node {
        #[command(subcommand)]
        verb: NodeVerb,
    },
    /// Groups, in which rooms are replicated
    #[command(after_help = EXIT_CODES)]
    Group {
        #[command(subcommand)]
        verb: GroupVerb,
    },
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Make a room with nobody in it; whoever comes first becomes its operator
    #[command(after_help = EXIT_CODES)]
    Create(Chosen),
    /// Say how a room is replicated, and what is in it
    #[command(after_help = EXIT_CODES)]
    Show(Show),
    /// Replicate a room in another way, while people talk in it
    #[command(after_help = EXIT_CODES)]
    Change(Chosen),
}

#[derive(clap::Args, Debug)]
struct Chosen {
    /// The room, for example '#ops' (quoted: to most shells # begins a comment)
    name: String,
    /// raft, primary-backup or gossip; docs/replication.md says when to take which
    #[arg(long, value_name = "STRATEGY")]
    replication: Replication,
    /// Print JSON: how the room is then
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: Node,
}

#[derive(clap::Args, Debug)]
struct Show {
    /// The room, for example '#ops' (quoted: to most shells # begins a comment)
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: Node,
}

/// Asks and prints.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let verb = match args.what {
        What::Room { verb } => verb,
        What::Node { verb } => return cluster::run_node(verb),
        What::Group { verb } => return cluster::run_group(verb),
    };
    let (node, json, question) = match verb {
        Verb::Show(Show { name, json, node }) => (node, json, RoomQuestion::Show { name }),
        Verb::Create(Chosen { name, replication, json, node }) => {
            (node, json, RoomQuestion::Create { name, replication })
        }
        Verb::Change(Chosen { name, replication, json, node }) => {
            (node, json, RoomQuestion::Change { name, replication })
        }
    };
    let contact = node.contact()?;
    match ask_room(contact, &question, ANSWER_MAX) {
        Ok(answer) => tell(&question, &answer, json),
        Err(why) => Ok(unanswered(&question, &why)),
    }
}

fn tell(question: &RoomQuestion, answer: &RoomAnswer, json: bool) -> anyhow::Result<ExitCode> {
    let (code, room, words) = outcome(question, answer);
    if let Some(room) = room {
        let mut out = std::io::stdout().lock();
        match json {
            true => writeln!(out, "{}", serde_json::to_string_pretty(room)?)?,
            false => out.write_all(show::text(room).as_bytes())?,
        }
    }
    if let Some(words) = words {
        eprintln!("starling: {words}");
    }
    Ok(ExitCode::from(code))
}

/// The exit code, the room to be shown, and what there is to say beside it.
fn outcome<'a>(
    question: &RoomQuestion,
    answer: &'a RoomAnswer,
) -> (u8, Option<&'a RoomStatus>, Option<String>) {
    let name = name_of(question);
    match answer {
        RoomAnswer::Shown(room) | RoomAnswer::Done(room) => (0, Some(room), None),
        RoomAnswer::Already(room) => {
            let words =
                format!("{name} was replicated by {} before; nothing was done", room.replication);
            (0, Some(room), Some(words))
        }
        RoomAnswer::Exists(room) => {
            let words = format!(
                "refused: {name} is there already, replicated by {}; nothing was done. To change that:\n  \
                 starling admin room change '{name}' --replication {}",
                room.replication,
                wanted(question)
            );
            (FAILED, None, Some(words))
        }
        RoomAnswer::NoSuchRoom => {
            let words = format!(
                "refused: there is no room {name}; nothing was done. To make it:\n  \
                 starling admin room create '{name}' --replication {}",
                wanted(question)
            );
            (FAILED, None, Some(words))
        }
        RoomAnswer::Refused(why) => {
            (FAILED, None, Some(format!("refused: {why}. Nothing was done")))
        }
        RoomAnswer::Unknown(why) => (UNKNOWN, None, Some(unknown(name, why))),
    }
}

fn unanswered(question: &RoomQuestion, why: &AdminError) -> ExitCode {
    match question {
        RoomQuestion::Show { .. } => eprintln!("starling: {why}\n{HINT}"),
        _ => eprintln!("starling: {}\n{HINT}", unknown(name_of(question), &why.to_string())),
    }
    ExitCode::from(UNKNOWN)
}

fn unknown(name: &str, why: &str) -> String {
    format!(
        "unknown: {why}. It may have been done, or may be yet. To look:\n  starling admin room show '{name}'\n\
         The same command again does no harm."
    )
}

fn name_of(question: &RoomQuestion) -> &str {
    match question {
        RoomQuestion::Show { name }
        | RoomQuestion::Create { name, .. }
        | RoomQuestion::Change { name, .. } => name,
    }
}

fn wanted(question: &RoomQuestion) -> Replication {
    match question {
        RoomQuestion::Show { .. } => Replication::default(),
        RoomQuestion::Create { replication, .. } | RoomQuestion::Change { replication, .. } => {
            *replication
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_and_words(answer: RoomAnswer) -> (u8, String) {
        let (name, replication) = ("#ops".to_owned(), Replication::Gossip);
        let question = RoomQuestion::Create { name, replication };
        let (code, _, words) = outcome(&question, &answer);
        (code, words.unwrap_or_default())
    }

    fn room(replication: &str) -> Box<RoomStatus> {
        Box::new(RoomStatus { replication: replication.to_owned(), ..RoomStatus::default() })
    }

    #[test]
    fn the_exit_code_says_whether_it_happened_and_the_words_what_to_do() {
        assert_eq!(code_and_words(RoomAnswer::Done(room("gossip"))), (0, String::new()));
        let (code, words) = code_and_words(RoomAnswer::Already(room("gossip")));
        assert!(code == 0 && words.contains("nothing was done"), "{words}");
        let (code, words) = code_and_words(RoomAnswer::Exists(room("raft")));
        assert!(code == 1 && words.contains("room change '#ops' --replication gossip"), "{words}");
        let (code, words) = code_and_words(RoomAnswer::NoSuchRoom);
        assert!(code == 1 && words.contains("room create '#ops' --replication gossip"), "{words}");
        let (code, words) = code_and_words(RoomAnswer::Refused("it burns".to_owned()));
        assert_eq!((code, &*words), (1, "refused: it burns. Nothing was done"));
        let (code, words) = code_and_words(RoomAnswer::Unknown("it slept".to_owned()));
        assert!(code == 3 && words.contains("It may have been done"), "{words}");
    }
}
