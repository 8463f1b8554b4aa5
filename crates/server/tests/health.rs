//! Real processes that stand still, or are started anew one after the other: nothing of the dead stays
//! behind on any node, and nobody who writes notices more than a pause.

mod support;

use node::status::NodeStatus;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use support::client::{Client, SOON};
use support::cluster::Cluster;
use support::traffic::Traffic;
use support::{alone, wait_for};

const ROOM: &str = "#haunted";
const CLIENTS: usize = 12;
const SOME: usize = 200;
/// After the grace, no later than this may anything of a dead node's people be seen anywhere.
const GHOSTS_MAX: Duration = Duration::from_secs(5);

/// How `seen` is, as node `by` has it.
fn health(cluster: &Cluster, by: usize, seen: usize) -> Option<String> {
    let nodes = cluster.status(by)?.nodes;
    let is_it = |it: &NodeStatus| it.name == cluster.name(seen);
    Some(nodes.into_iter().find(is_it)?.health)
}

/// Who is in the room, as this client's node shows.
fn names(client: &mut Client) -> BTreeSet<String> {
    client.send(&format!("NAMES {ROOM}")).expect("it is connected");
    let mut all = BTreeSet::new();
    loop {
        let line = client.wait(SOON, |it| it.is("353") || it.is("366")).expect("an answer");
        if line.is("366") {
            return all;
        }
        all.extend(line.param(3).split(' ').map(|it| it.trim_start_matches('@').to_owned()));
    }
}

/// Whether somebody has the nick, as this client's node knows.
fn is_known(client: &mut Client, nick: &str) -> bool {
    client.send(&format!("WHOIS {nick}")).expect("it is connected");
    let mut is_known = true;
    loop {
        let line = client.wait(SOON, |it| it.is("401") || it.is("318")).expect("an answer");
        match line.is("401") {
            true => is_known = false,
            false => return is_known,
        }
    }
}

fn occupant(cluster: &Cluster, index: usize, nick: &str) -> Client {
    let mut client = cluster.client(index, nick);
    client.join(ROOM, SOON).expect("the room is open");
    client
}

#[test]
fn nobody_who_was_on_a_node_that_stands_still_haunts_the_others_or_itself_when_it_goes_on() {
    const GRACE: Duration = Duration::from_secs(4);
    let _alone = alone();
    let mut cluster = Cluster::start_with(3, "session_grace = \"4s\"\n");
    let mut witnesses: Vec<Client> =
        (0..2).map(|it| occupant(&cluster, it, &format!("witness{it}"))).collect();
    let mut sleeper = occupant(&cluster, 2, "sleeper");
    for witness in &mut witnesses {
        wait_for("the sleeper to come in", SOON, || {
            names(witness).contains("sleeper").then_some(())
        });
    }

    cluster.pause(2);
    wait_for("the death to be noticed", SOON, || {
        health(&cluster, 0, 2).filter(|it| it == "down" || it == "gone")
    });
    let dead = Instant::now();
    for witness in &mut witnesses {
        wait_for("the sleeper to be gone", GRACE + GHOSTS_MAX, || {
            let is_gone = !names(witness).contains("sleeper") && !is_known(witness, "sleeper");
            is_gone.then_some(())
        });
    }
    let gone = dead.elapsed();
    eprintln!("gone everywhere {gone:?} after the death was noticed, with {GRACE:?} of grace");
    assert!(gone < GRACE + GHOSTS_MAX, "{gone:?}");
    // The name is free for somebody else.
    let _heir = occupant(&cluster, 0, "sleeper");

    cluster.resume(2);
    let told = sleeper.wait(SOON, |it| it.is("ERROR")).expect("it is told before it is cut off");
    assert!(told.param(0).contains("cut off from the network; please reconnect"), "{told:?}");
    cluster.wait_ready();
    let mut late = occupant(&cluster, 2, "late");
    let expected: BTreeSet<String> =
        ["witness0", "witness1", "sleeper", "late"].map(str::to_owned).into();
    for client in witnesses.iter_mut().chain([&mut late]) {
        wait_for("all nodes to show the same", SOON, || (names(client) == expected).then_some(()));
    }
}

#[test]
fn who_was_taken_for_dead_within_the_grace_sends_its_clients_away_and_takes_them_in_again() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let mut witness = occupant(&cluster, 0, "witness");
    let mut sleeper = occupant(&cluster, 2, "sleeper");
    cluster.pause(2);
    wait_for("the death to be noticed", SOON, || health(&cluster, 0, 2).filter(|it| it == "down"));
    cluster.resume(2);
    let told = sleeper.wait(SOON, |it| it.is("ERROR")).expect("it is told before it is cut off");
    assert!(told.param(0).contains("please reconnect"), "{told:?}");
    wait_for("nobody to be there twice", SOON, || {
        (!names(&mut witness).contains("sleeper")).then_some(())
    });
    cluster.wait_ready();
    let mut again = occupant(&cluster, 2, "sleeper");
    assert!(names(&mut again).contains("witness"));
}

#[test]
fn all_nodes_are_started_anew_in_turn_under_load_and_nothing_is_lost() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    for index in 0..3 {
        traffic.more(SOME);
        cluster.terminate(index);
        assert_eq!(cluster.wait_end(index), Some(0));
        traffic.more(SOME);
        cluster.restart(index);
        cluster.wait_ready();
    }
    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= 7 * SOME, "{tally:?}");
    eprintln!("the longest write took {} ms", tally.longest_ms);
}
