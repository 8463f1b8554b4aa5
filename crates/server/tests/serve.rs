//! One real node from its start to its end.

mod support;

use std::process::{Command, Output};
use support::client::Client;
use support::client::SOON;
use support::cluster::Cluster;
use support::wait_for;

fn starling(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command.args(arguments).output().expect("the program was built")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("we print UTF-8")
}

#[test]
fn a_node_says_when_it_is_ready_and_how_it_is() {
    let cluster = Cluster::start(1);
    let ready = format!("ready: irc on {}", cluster.irc(0));
    wait_for("the line in the log", SOON, || cluster.log(0).contains(&ready).then_some(()));

    let address = cluster.peers(0).to_string();
    let output = starling(&["status", "--node", &address]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("\ndirectory  raft"), "{}", text(&output.stdout));

    let config = cluster.config(0);
    let config = config.to_str().expect("our own path");
    let output = starling(&["status", "--config", config, "--json"]);
    let status: node::Status = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(status.node, cluster.name(0));
    assert_eq!(status.nodes[0].address, address);
    assert!(status.groups.iter().any(|it| it.id == 0));
}

#[test]
fn a_node_in_the_place_of_another_is_told_why_it_cannot_start() {
    let cluster = Cluster::start(1);
    let config = cluster.config(0);
    let config = config.to_str().expect("our own path");
    let output = starling(&["serve", "--config", config]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let last = text(&output.stderr).lines().last().unwrap_or_default();
    assert!(last.starts_with("starling: "), "{last}");
    assert!(cluster.status(0).is_some(), "the first one goes on");
}

#[test]
fn a_data_directory_of_another_node_is_refused() {
    let mut cluster = Cluster::start(1);
    cluster.terminate(0);
    assert_eq!(cluster.wait_end(0), Some(0));
    let config = cluster.config(0);
    let renamed = std::fs::read_to_string(&config).expect("it is there");
    // Only the name: the data directory's path contains it too, and has to stay.
    let ours = format!("name = \"{}\"", cluster.name(0));
    assert!(renamed.contains(&ours), "{renamed}");
    let renamed = renamed.replace(&ours, "name = \"other.test\"");
    std::fs::write(&config, renamed).expect("it is ours");
    let output = starling(&["serve", "--config", config.to_str().expect("our own path")]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let last = text(&output.stderr).lines().last().unwrap_or_default();
    assert!(last.starts_with("starling: data directory "), "{last}");
}

#[test]
fn a_data_directory_of_another_cluster_is_refused() {
    let theirs = Cluster::start(1);
    let mut ours = Cluster::start(1);
    ours.terminate(0);
    assert_eq!(ours.wait_end(0), Some(0));
    let config = ours.config(0);
    let told = std::fs::read_to_string(&config).expect("it is there");
    assert!(told.contains("join = []"), "{told}");
    let told = told.replace("join = []", &format!("join = [\"{}\"]", theirs.peers(0)));
    std::fs::write(&config, told).expect("it is ours");
    let output = starling(&["serve", "--config", config.to_str().expect("our own path")]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let last = text(&output.stderr).lines().last().unwrap_or_default();
    assert!(last.contains("it belongs to cluster"), "{last}");
}

#[test]
fn a_second_signal_stops_at_once() {
    const GUESTS: usize = 50; // Closed one after the other, which takes a while.
    let mut cluster = Cluster::start(1);
    let guests: Vec<Client> =
        (0..GUESTS).map(|it| cluster.client(0, &format!("guest{it}"))).collect();
    cluster.terminate(0);
    wait_for("the drain", SOON, || cluster.log(0).contains("SIGTERM: draining").then_some(()));
    cluster.terminate(0);
    assert_eq!(cluster.wait_end(0), Some(4));
    drop(guests);
}

#[test]
fn what_was_said_is_there_after_a_clean_stop() {
    let mut cluster = Cluster::start(1);
    let mut alice = cluster.client(0, "alice");
    alice.join("#memory", SOON).expect("the room is open");
    alice.send("PRIVMSG #memory :remember me").expect("the node lives");
    let echo = alice.hear("remember me");
    cluster.terminate(0);
    assert_eq!(cluster.wait_end(0), Some(0));
    cluster.restart(0);
    cluster.wait_ready();
    let mut bob = cluster.client(0, "bob");
    bob.join("#memory", SOON).expect("the room is open");
    let history = bob.history("#memory").expect("it can be read");
    let found = history.iter().find(|it| it.param(1) == "remember me").expect("it is remembered");
    assert_eq!(found.tag("msgid"), echo.tag("msgid"));
}
