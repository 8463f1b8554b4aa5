//! `starling admin node add`: nothing has to be allowed beforehand, so it says how a node joins.
//!
//! A node becomes a member by asking the members its configuration names. What is worth checking before
//! its machine is set up is checked here: that its name and its address are nobody's yet.

use crate::cli::FAILED;
use crate::status::{HINT, Node};
use anyhow::anyhow;
use node::Status;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

const ANSWER_MAX: Duration = Duration::from_secs(5);

#[derive(clap::Args, Debug)]
pub(super) struct Add {
    /// A name that no other node has
    name: String,
    /// Where the other nodes shall reach it
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    #[command(flatten)]
    node: Node,
}

impl Add {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let asked = node::ask_status(self.node.contact()?, ANSWER_MAX);
        let status = asked.map_err(|why| anyhow!("{why}. Nothing was done\n{HINT}"))?;
        match configuration(&status, &self.name, &self.address) {
            Ok(text) => {
                writeln!(std::io::stdout(), "{text}")?;
                Ok(ExitCode::SUCCESS)
            }
            Err(why) => {
                eprintln!("starling: refused: {why}. Nothing was done");
                Ok(ExitCode::from(FAILED))
            }
        }
    }
}

/// What the new node is started with, or why that would not work.
fn configuration(status: &Status, name: &str, address: &str) -> Result<String, String> {
    if let Some(namesake) = status.nodes.iter().find(|it| it.name.eq_ignore_ascii_case(name)) {
        return Err(format!(
            "a node called {} is a member ({}, at {}); give the new one another name",
            namesake.name, namesake.health, namesake.address
        ));
    }
    if let Some(neighbour) = status.nodes.iter().find(|it| it.address == address) {
        return Err(format!(
            "{} is at {address}; each node needs an address of its own",
            neighbour.name
        ));
    }
    let join: Vec<String> = status.nodes.iter().map(|it| format!("{:?}", it.address)).collect();
    Ok(format!(
        "# Nothing has to be done in {network} beforehand: start a node with this, and it joins.\n\
         # About one group in {count} moves to it, a few at a time; watch it by `starling status --watch`.\n\
         [node]\nname = {name:?}\ndata_dir = \"/var/lib/starling\" # empty\n\n\
         [cluster]\nnetwork = {network:?}\naddress = {address:?}\njoin = [{join}]\n\n\
         [[listen]]\ndoor = \"irc\"\naddress = \"0.0.0.0:6667\"",
        network = status.network,
        count = status.nodes.len() + 1,
        join = join.join(", "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::status::NodeStatus;

    fn status() -> Status {
        let node = |number: u16| NodeStatus {
            name: format!("n{number}"),
            address: format!("10.0.0.{number}:7100"),
            health: "up".to_owned(),
            ..NodeStatus::default()
        };
        let nodes = vec![node(1), node(2)];
        Status { network: "Example".to_owned(), nodes, ..Status::default() }
    }

    #[test]
    fn what_is_printed_can_be_used_as_it_stands() {
        let text = configuration(&status(), "n3", "10.0.0.3:7100").expect("nobody is there");
        let file = crate::config::File { shown: "n3.toml", dir: "/".as_ref(), text: &text };
        let config = crate::config::parse(Some(file), []).unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(config.for_node().name, "n3");
        assert_eq!(config.for_node().network, "Example");
        assert_eq!(config.for_node().join, ["10.0.0.1:7100", "10.0.0.2:7100"]);
    }

    #[test]
    fn a_name_or_an_address_that_a_member_has_is_refused() {
        let refused = |name, address| configuration(&status(), name, address).expect_err("taken");
        assert!(refused("N2", "10.0.0.3:7100").contains("another name"));
        assert!(refused("n3", "10.0.0.2:7100").contains("address of its own"));
    }
}
