//! Real processes: what operators order of nodes and groups, and nodes that find their way back.

mod support;

use node::Status;
use std::process::{Command, Output};
use std::time::Duration;
use support::client::SOON;
use support::cluster::{BOTH, CHAT, Cluster, DIRECTORY};
use support::traffic::Traffic;
use support::{alone, wait_for};

const ROOM: &str = "#movers";
const CLIENTS: usize = 10;
const SOME: usize = 150;
/// Groups move a few at a time, and a debug build is slow.
const MOVED: Duration = Duration::from_secs(90);

/// Asks this node.
fn admin(cluster: &Cluster, index: usize, words: &str) -> Output {
    let node = cluster.peers(index).to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command.arg("admin").args(words.split(' ')).args(["--node", &node]);
    command.output().expect("the program was built")
}

#[track_caller]
fn says(output: &Output, code: i32, words: &str) {
    let said = [&*output.stdout, &*output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

/// Waits until this node's status is as wanted.
#[track_caller]
fn until(cluster: &Cluster, index: usize, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
    wait_for(what, MOVED, || cluster.status(index).filter(&is_it))
}

fn health<'a>(status: &'a Status, name: &str) -> &'a str {
    let found = status.nodes.iter().find(|it| it.name == name);
    found.map_or("no member", |it| it.health.as_str())
}

/// Whether a node holds any group but those of which everybody holds a copy.
fn holds_groups(status: &Status, name: &str) -> bool {
    let mut placed = status.groups.iter().filter(|it| it.id != 0 && it.strategy != "gossip");
    placed.any(|it| it.replicas.iter().chain(&it.learners).any(|it| it == name))
}

#[test]
fn a_drained_node_is_emptied_under_traffic_and_then_removed_and_nothing_is_lost() {
    let _alone = alone();
    let mut cluster = Cluster::start(4);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    traffic.more(SOME);
    let name = cluster.name(1).to_owned();
    says(&admin(&cluster, 0, &format!("node remove {name}")), 1, "not drained and empty");
    says(&admin(&cluster, 0, "node drain nobody.test"), 1, "no member is called nobody.test");

    says(&admin(&cluster, 0, &format!("node drain {name}")), 0, "stays a member");
    says(&admin(&cluster, 2, &format!("node drain {name}")), 0, "nothing was done");
    let is_drained = |it: &Status| {
        health(it, &name) == "drained" && it.moves.is_empty() && !holds_groups(it, &name)
    };
    until(&cluster, 0, "the node to be empty", is_drained);
    let led = until(&cluster, 1, "it to answer", |_| true);
    assert!(led.groups.iter().all(|it| it.leader.as_deref() != Some(&*name)), "{led:?}");
    traffic.more(SOME);

    says(&admin(&cluster, 0, &format!("node undrain {name}")), 0, "back");
    until(&cluster, 0, "groups to come back", |it| {
        health(it, &name) == "up" && it.moves.is_empty() && holds_groups(it, &name)
    });
    traffic.more(SOME);
    says(&admin(&cluster, 0, &format!("node drain {name}")), 0, "");
    until(&cluster, 0, "the node to be empty again", is_drained);
    says(&admin(&cluster, 0, &format!("node remove {name}")), 0, "a member no longer");
    until(&cluster, 0, "three to be left", |it| it.nodes.len() == 3);
    // It learns that it was removed, and ends by itself.
    assert_eq!(cluster.wait_end(1), Some(3));
    assert!(cluster.log(1).contains("an operator removed this node"), "{}", cluster.log(1));
    cluster.forget(1);
    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= 4 * SOME, "{tally:?}");
}

#[test]
fn a_node_that_was_removed_while_it_was_down_ends_when_it_is_started_again() {
    let _alone = alone();
    let mut cluster = Cluster::start(4);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    traffic.more(SOME);
    let name = cluster.name(3).to_owned();
    cluster.terminate(3);
    cluster.wait_end(3);
    until(&cluster, 0, "its death to be known", |it| health(it, &name) == "down");
    says(&admin(&cluster, 0, &format!("node remove {name}")), 0, "a member no longer");
    until(&cluster, 0, "three to be left", |it| it.nodes.len() == 3);
    cluster.restart_as_it_was(3);
    assert_eq!(cluster.wait_end(3), Some(3));
    assert!(cluster.log(3).contains("an operator removed this node"), "{}", cluster.log(3));
    cluster.forget(3);
    traffic.more(SOME);
    traffic.finish(&cluster);
}

#[test]
fn a_dead_node_is_replaced_by_a_new_one_in_one_command() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    traffic.more(SOME);
    let dead = cluster.name(2).to_owned();
    cluster.kill9(2);
    let new = cluster.add(BOTH);
    let name = cluster.name(new).to_owned();
    until(&cluster, 0, "the death and the new node to be known", |it| {
        health(it, &dead) == "down" && health(it, &name) == "up"
    });
    says(&admin(&cluster, 0, &format!("node replace {name} {dead}")), 1, "is not down");
    says(&admin(&cluster, 0, &format!("node replace {dead} {name}")), 0, "takes the places of");
    until(&cluster, 0, "the new node to hold all", |it| {
        let is_whole = it.groups.iter().all(|it| {
            it.strategy != "raft" || (it.replicas.len() == 3 && it.replicas.contains(&name))
        });
        it.nodes.len() == 3 && it.moves.is_empty() && is_whole
    });
    cluster.forget(2);
    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= 2 * SOME, "{tally:?}");
}

#[test]
fn what_would_lose_a_majority_is_refused_with_the_reason() {
    let _alone = alone();
    let mut cluster = Cluster::start(1);
    let second = cluster.add(BOTH);
    cluster.wait_ready();
    let name = cluster.name(second).to_owned();
    says(&admin(&cluster, 0, &format!("group move 1 --to {name}")), 0, "1 copy there instead of 3");
    until(&cluster, 0, "the group to move", |it| {
        let moved = it.groups.iter().find(|it| it.id == 1);
        it.moves.is_empty() && moved.is_some_and(|it| it.replicas == [name.clone()])
    });
    let last = format!("the last copy of group 1 (0 rooms) is on {name}");
    says(&admin(&cluster, 0, &format!("node remove {name}")), 1, &last);
    says(&admin(&cluster, 0, "group move 17 --to n1.test"), 1, "lives where group 1 does");
    says(&admin(&cluster, 0, "group move 99 --to n1.test"), 1, "there is no group 99");
    says(&admin(&cluster, 0, "group release 1"), 0, "goes to where the ring says");
    says(&admin(&cluster, 0, "group release 1"), 0, "nothing was done");
    until(&cluster, 0, "the group to come back", |it| {
        let moved = it.groups.iter().find(|it| it.id == 1);
        it.moves.is_empty() && moved.is_some_and(|it| it.replicas.len() == 2)
    });
}

#[test]
fn a_node_that_knows_no_member_with_the_directory_is_told_by_one_without() {
    let _alone = alone();
    let mut cluster = Cluster::empty("");
    let founder = cluster.add(DIRECTORY);
    let (witness, lost) = (cluster.add(CHAT), cluster.add(CHAT));
    until(&cluster, lost, "all to be members", |it| {
        it.is_ready && it.nodes.len() == 3 && it.nodes.iter().all(|it| it.health == "up")
    });
    cluster.kill9(lost);
    // While it is away the directory moves to nodes that it has never heard of.
    for _ in 0..3 {
        cluster.add(DIRECTORY);
    }
    until(&cluster, founder, "the directory to have four voters", |it| {
        it.groups.iter().any(|it| it.id == 0 && it.replicas.len() == 4)
    });
    let name = cluster.name(founder).to_owned();
    cluster.kill9(founder);
    until(&cluster, witness, "the founder's death to be known", |it| health(it, &name) == "down");
    let removed = wait_for("the founder to be removed", MOVED, || {
        let output = admin(&cluster, witness, &format!("node remove {name}"));
        output.status.success().then_some(output)
    });
    says(&removed, 0, "a member no longer");

    cluster.restart_as_it_was(lost);
    until(&cluster, lost, "it to be a member like the others", |it| {
        it.is_ready && it.nodes.len() == 5 && it.nodes.iter().all(|it| it.health == "up")
    });
    let log = cluster.log(lost);
    assert!(log.contains("told who is a member now"), "it found its way without asking: {log}");
    let mut client = cluster.client(lost, "finder");
    client.join(ROOM, SOON).expect("the room is open");
}

#[test]
fn leaderships_spread_over_all_nodes_while_people_talk() {
    let _alone = alone();
    let cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    let led_by = |status: &Status, name: &str| {
        let raft = status.groups.iter().filter(|it| it.id != 0 && it.strategy == "raft");
        raft.filter(|it| it.leader.as_deref() == Some(name)).count()
    };
    // 16 groups on three nodes: five or six for each.
    until(&cluster, 0, "every node to lead its share", |it| {
        (0..cluster.len()).all(|index| (4..=7).contains(&led_by(it, cluster.name(index))))
    });
    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= SOME && tally.refused == 0, "{tally:?}");
    eprintln!("the longest write took {} ms", tally.longest_ms);
}
