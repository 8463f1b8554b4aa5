//! `starling admin node` and `starling admin group`: what operators order of the network's nodes and groups.

use super::{ANSWER_MAX, EXIT_CODES, UNKNOWN};
use crate::cli::FAILED;
use crate::status::{HINT, Node};
use node::admin::{ClusterAnswer, ClusterQuestion, ask_cluster};
use std::io::Write;
use std::process::ExitCode;

#[derive(clap::Subcommand, Debug)]
pub(super) enum NodeVerb {
    /// Say how a new node joins: by its configuration, which is printed for it
    #[command(after_help = EXIT_CODES)]
    Add(super::add::Add),
    /// Move leaderships, groups and clients off a node, which stays a member and runs on
    #[command(after_help = EXIT_CODES)]
    Drain(Named),
    /// Let clients, groups and leaderships come back to a drained node
    #[command(after_help = EXIT_CODES)]
    Undrain(Named),
    /// Take a dead node, or one that is drained and empty, out of the network for good
    #[command(after_help = EXIT_CODES)]
    Remove(Remove),
    /// Take a dead node out for good, and give all its places to a node that has joined
    #[command(after_help = EXIT_CODES)]
    Replace(Replace),
}

#[derive(clap::Subcommand, Debug)]
pub(super) enum GroupVerb {
    /// Let a group live on these nodes, whatever the ring says, until it is released
    #[command(after_help = EXIT_CODES)]
    Move(Move),
    /// Let a group that was moved live where the ring says
    #[command(after_help = EXIT_CODES)]
    Release(Release),
}

#[derive(clap::Args, Debug)]
pub(super) struct Named {
    /// The node's name, as `starling status` shows it
    name: String,
    #[command(flatten)]
    node: Node,
}

#[derive(clap::Args, Debug)]
pub(super) struct Remove {
    /// The node's name, as `starling status` shows it
    name: String,
    /// Even if the last copy of something, or a majority, is lost by it; says what was lost
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    node: Node,
}

#[derive(clap::Args, Debug)]
pub(super) struct Replace {
    /// Name of the dead node
    dead: String,
    /// Name of the node that takes its places
    by: String,
    /// Even if the last copy of something, or a majority, is lost by it; says what was lost
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    node: Node,
}

#[derive(clap::Args, Debug)]
pub(super) struct Move {
    /// The group's number, as `starling status` shows it
    group: u32,
    /// Names of the nodes, the one that should lead first
    #[arg(long, value_name = "NODE,NODE", value_delimiter = ',', required = true)]
    to: Vec<String>,
    #[command(flatten)]
    node: Node,
}

#[derive(clap::Args, Debug)]
pub(super) struct Release {
    /// The group's number, as `starling status` shows it
    group: u32,
    #[command(flatten)]
    node: Node,
}

pub(super) fn run_node(verb: NodeVerb) -> anyhow::Result<ExitCode> {
    let (node, question) = match verb {
        NodeVerb::Add(add) => return add.run(),
        NodeVerb::Drain(Named { name, node }) => (node, ClusterQuestion::Drain { name }),
        NodeVerb::Undrain(Named { name, node }) => (node, ClusterQuestion::Undrain { name }),
        NodeVerb::Remove(Remove { name, force, node }) => {
            (node, ClusterQuestion::Remove { name, force })
        }
        NodeVerb::Replace(Replace { dead, by, force, node }) => {
            (node, ClusterQuestion::Replace { dead, by, force })
        }
    };
    order(&node, &question)
}

pub(super) fn run_group(verb: GroupVerb) -> anyhow::Result<ExitCode> {
    let (node, question) = match verb {
        GroupVerb::Move(Move { group, to, node }) => (node, ClusterQuestion::Move { group, to }),
        GroupVerb::Release(Release { group, node }) => (node, ClusterQuestion::Release { group }),
    };
    order(&node, &question)
}

fn order(node: &Node, question: &ClusterQuestion) -> anyhow::Result<ExitCode> {
    let (code, lines) = match ask_cluster(node.contact()?, question, ANSWER_MAX) {
        Ok(answer) => outcome(&answer),
        Err(why) => (UNKNOWN, vec![unknown(&why.to_string()), HINT.to_owned()]),
    };
    for line in lines {
        match code {
            0 => writeln!(std::io::stdout(), "{line}")?,
            _ => eprintln!("starling: {line}"),
        }
    }
    Ok(ExitCode::from(code))
}

/// The exit code, and what there is to say.
fn outcome(answer: &ClusterAnswer) -> (u8, Vec<String>) {
    match answer {
        ClusterAnswer::Done(said) => (0, said.iter().map(|it| format!("done: {it}")).collect()),
        ClusterAnswer::Already(what) => (0, vec![format!("{what}; nothing was done")]),
        ClusterAnswer::Refused(why) => (FAILED, vec![format!("refused: {why}. Nothing was done")]),
        ClusterAnswer::Unknown(why) => (UNKNOWN, vec![unknown(why)]),
    }
}

fn unknown(why: &str) -> String {
    format!(
        "unknown: {why}. It may have been done, or may be yet. To look:\n  starling status\n\
         The same command again does no harm."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_whether_it_happened_and_the_words_what_follows() {
        let done = ClusterAnswer::Done(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(outcome(&done), (0, vec!["done: one".to_owned(), "done: two".to_owned()]));
        let (code, words) = outcome(&ClusterAnswer::Already("it is so".to_owned()));
        assert_eq!((code, &*words[0]), (0, "it is so; nothing was done"));
        let (code, words) = outcome(&ClusterAnswer::Refused("it burns".to_owned()));
        assert_eq!((code, &*words[0]), (1, "refused: it burns. Nothing was done"));
        let (code, words) = outcome(&ClusterAnswer::Unknown("it slept".to_owned()));
        assert!(code == 3 && words[0].contains("It may have been done"), "{words:?}");
    }
}
