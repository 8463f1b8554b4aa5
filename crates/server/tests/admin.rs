//! `starling admin` against real nodes: what is asked from outside happens, and the exit code says so.

mod support;

use serde_json::Value;
use std::process::{Command, Output};
use support::alone;
use support::client::SOON;
use support::cluster::Cluster;

/// Asks this node.
fn admin(cluster: &Cluster, index: usize, words: &str) -> Output {
    let node = cluster.peers(index).to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command.args(["admin", "room"]).args(words.split(' ')).args(["--node", &node]);
    command.output().expect("the program was built")
}

#[track_caller]
fn says(output: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

/// How a room is, as `show --json` says on this node.
fn shown(cluster: &Cluster, index: usize, name: &str) -> Value {
    let output = admin(cluster, index, &format!("show {name} --json"));
    says(&output, 0, "");
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

#[test]
fn a_room_is_made_shown_and_changed_from_outside() {
    let _alone = alone();
    let cluster = Cluster::start(1);
    says(&admin(&cluster, 0, "show #ops"), 1, "there is no room #ops");
    says(&admin(&cluster, 0, "show ops"), 1, "is no room's name");
    says(&admin(&cluster, 0, "change #ops --replication raft"), 1, "room create '#ops'");

    says(&admin(&cluster, 0, "create #Ops --replication primary-backup"), 0, "");
    says(&admin(&cluster, 0, "create #ops --replication primary-backup"), 0, "nothing was done");
    let words = "admin room change '#ops' --replication raft";
    says(&admin(&cluster, 0, "create #ops --replication raft"), 1, words);

    let mut alice = cluster.client(0, "alice");
    alice.join("#ops", SOON).expect("the room is open");
    alice.send("TOPIC #ops :who is on call").expect("it is connected");
    alice.wait(SOON, |it| it.is("TOPIC")).expect("the first to come may");
    let room = shown(&cluster, 0, "#ops");
    assert_eq!(room["name"], "#Ops");
    assert_eq!(room["replication"], "primary-backup");
    assert_eq!(room["epoch"], 1);
    assert_eq!(room["occupants"], 1);
    assert_eq!(room["topic"], "who is on call");
    assert_eq!(room["leader"], cluster.name(0));
    assert_eq!(room["in_sync"][0], cluster.name(0));
    assert!(room["messages"].as_u64() >= Some(2), "{room}");

    says(&admin(&cluster, 0, "change #ops --replication raft"), 0, "");
    let seen = alice.wait(SOON, |it| it.is("MODE") && it.param(1) == "-R");
    seen.expect("who is in the room is told");
    let room = shown(&cluster, 0, "#ops");
    assert_eq!((&room["replication"], &room["epoch"]), (&"raft".into(), &2.into()));
    assert_eq!((&room["occupants"], &room["group"]), (&1.into(), &room["home"]));
    let status = cluster.status(0).expect("it runs");
    assert_eq!(status.rooms_by_strategy.get("raft"), Some(&1), "{status:?}");
}

#[test]
fn a_node_that_keeps_no_replica_of_a_room_makes_and_changes_it_too() {
    let _alone = alone();
    let cluster = Cluster::start(4);
    for index in 0..cluster.len() {
        let name = format!("#made-on-{index}");
        says(&admin(&cluster, index, &format!("create {name} --replication raft")), 0, "");
        assert_eq!(shown(&cluster, index, &name)["epoch"], 0);
        let change = format!("change {name} --replication primary-backup");
        says(&admin(&cluster, index, &change), 0, "");
        assert_eq!(shown(&cluster, index, &name)["replicas"].as_array().map(Vec::len), Some(2));
    }
}
