//! Real processes, killed, paused and wiped under traffic: nothing acknowledged is lost, doubled or
//! reordered, and all nodes remember the same.

mod support;

use std::io;
use std::time::{Duration, Instant};
use support::client::{Client, SOON};
use support::cluster::Cluster;
use support::traffic::{Traffic, history};
use support::{alone, wait_for};

const ROOM: &str = "#survivors";
const CLIENTS: usize = 20;
/// Acknowledged messages that are enough traffic between two faults: a second or so.
const SOME: usize = 300;

#[test]
fn acknowledged_messages_survive_the_death_of_a_leader_of_a_follower_and_of_two_nodes() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);

    let busy = cluster.busy_group(0, || traffic.more(SOME));
    cluster.kill9(busy.leader);
    traffic.more(SOME);
    cluster.restart(busy.leader);
    cluster.wait_ready();

    let busy = cluster.busy_group(0, || traffic.more(SOME));
    cluster.kill9(busy.followers[0]);
    traffic.more(SOME);
    cluster.restart(busy.followers[0]);
    cluster.wait_ready();

    let busy = cluster.busy_group(0, || traffic.more(SOME));
    cluster.kill9(busy.leader);
    cluster.kill9(busy.followers[0]);
    cluster.restart(busy.followers[0]);
    cluster.restart(busy.leader);
    cluster.wait_ready();

    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= 6 * SOME, "{tally:?}");
}

#[test]
fn acknowledged_messages_survive_the_death_of_all_nodes_at_once() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    traffic.more(2 * SOME);
    for index in 0..3 {
        cluster.kill9(index);
    }
    for index in 0..3 {
        cluster.restart(index);
    }
    cluster.wait_ready();
    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= 3 * SOME, "{tally:?}");
}

#[test]
fn a_leader_that_was_paused_comes_back_to_others_truth() {
    let _alone = alone();
    let cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    let busy = cluster.busy_group(0, || traffic.more(SOME));
    cluster.pause(busy.leader);
    traffic.more(SOME);
    cluster.resume(busy.leader);
    traffic.more(SOME);
    let mut cluster = cluster;
    cluster.wait_ready();
    traffic.finish(&cluster);
}

#[test]
fn of_many_who_want_one_nick_exactly_one_gets_it() {
    let _alone = alone();
    let cluster = Cluster::start(3);
    for round in 0..3 {
        let winners = race(&cluster, &format!("racer{round}")).expect("every client is answered");
        assert_eq!(winners, 1, "in round {round}");
    }
}

/// How many of a hundred clients on all nodes get the nick; the others must be told that it is taken.
fn race(cluster: &Cluster, nick: &str) -> io::Result<usize> {
    const RACERS: usize = 100;
    let mut racers = Vec::new();
    for number in 0..RACERS {
        let mut racer = Client::connect(cluster.irc(number % cluster.len()))?;
        racer.negotiate(&format!("racer{number}"))?;
        racer.send("CAP END")?;
        racers.push(racer);
    }
    for racer in &mut racers {
        racer.send(&format!("NICK {nick}"))?;
    }
    let mut winners = 0;
    for racer in &mut racers {
        let answer = racer.wait(SOON, |it| it.verb != "NOTICE" && it.verb != "CAP")?;
        match answer.verb.as_str() {
            "001" => winners += 1,
            "433" => {}
            _ => panic!("neither let in nor told that the nick is taken: {answer:?}"),
        }
    }
    Ok(winners)
}

#[test]
fn a_node_that_lost_its_disk_comes_back_as_another_and_catches_up_under_traffic() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    traffic.more(SOME);
    let before = id_of(&cluster, 2).expect("it is a member");

    cluster.kill9(2);
    cluster.wipe(2);
    traffic.more(SOME);
    cluster.restart(2);
    traffic.more(SOME);
    let after = wait_for("the wiped node to be a member under another id", SOON * 3, || {
        id_of(&cluster, 2).filter(|it| *it != before)
    });
    cluster.wait_ready();
    traffic.more(SOME);

    let status = cluster.status(0).expect("it runs");
    let ids: Vec<&str> = status.nodes.iter().map(|it| it.id.as_str()).collect();
    assert!(ids.contains(&after.as_str()) && !ids.contains(&before.as_str()), "{ids:?}");
    traffic.finish(&cluster);
}

#[test]
fn the_founder_that_lost_its_log_rejoins_under_another_identity_and_founds_nothing() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    traffic.more(SOME);
    let id_of = |cluster: &Cluster| {
        let nodes = cluster.status(1)?.nodes;
        Some(nodes.into_iter().find(|it| it.name == cluster.name(0))?.id)
    };
    let before = id_of(&cluster).expect("it is a member");

    cluster.kill9(0);
    cluster.lose_log(0);
    cluster.restart_alone(0);
    let is_another = |cluster: &Cluster| id_of(cluster).filter(|it| *it != before);
    wait_for("it to be a member under another id", SOON * 3, || is_another(&cluster));
    // Once more, while it may still be on its way back.
    cluster.kill9(0);
    cluster.restart_alone(0);
    cluster.wait_ready();
    traffic.more(SOME);
    traffic.finish(&cluster);
}

/// The replica identity of a node, as the first node knows it.
fn id_of(cluster: &Cluster, index: usize) -> Option<String> {
    let status = cluster.status(0)?;
    let node = status.nodes.iter().find(|it| it.name == cluster.name(index))?;
    Some(node.id.clone())
}

#[test]
fn without_a_majority_a_room_can_be_read_and_says_that_it_cannot_be_written() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let traffic = Traffic::start(cluster.ircs(), ROOM, 3);
    let mut writer = cluster.client(0, "writer");
    writer.join(ROOM, SOON).expect("the room is open");
    traffic.more(30);
    traffic.finish(&cluster);
    let before = history(cluster.irc(0), ROOM, "reader");

    cluster.kill9(1);
    cluster.kill9(2);
    // The first one may still be on its way when the nodes die; the second finds no majority.
    for label in ["first", "second"] {
        let began = Instant::now();
        writer
            .send(&format!("@label={label} PRIVMSG {ROOM} :is anybody there?"))
            .expect("the node lives");
        let answer = writer.wait(SOON, |it| it.tag("label") == Some(label)).expect("an answer");
        assert_eq!(answer.verb, "FAIL", "{answer:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "answered after {:?}", began.elapsed());
    }
    let lines = writer.history(ROOM).expect("what is there can be read");
    assert_eq!(lines.iter().filter(|it| it.is("PRIVMSG")).count(), before.len());

    cluster.restart(1);
    cluster.restart(2);
    cluster.wait_ready();
    writer.send(&format!("@label=third PRIVMSG {ROOM} :welcome back")).expect("the node lives");
    let echo = writer.wait(SOON, |it| it.tag("label") == Some("third")).expect("an answer");
    assert_eq!(echo.verb, "PRIVMSG", "{echo:?}");
}

#[test]
fn a_node_that_is_asked_to_stop_tells_its_clients_and_stops_cleanly() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client(1, "guest");
    let mut other = cluster.client(0, "other");
    other.join(ROOM, SOON).expect("the room is open");
    cluster.terminate(1);
    assert_eq!(cluster.wait_end(1), Some(0));
    client.wait(SOON, |it| it.is("ERROR")).expect("it is told before it is cut off");
    other.send(&format!("PRIVMSG {ROOM} :still here")).expect("its node lives");
    other.hear("still here");
}
