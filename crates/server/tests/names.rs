//! Real processes that keep names by Fast Bully: whoever is left goes on giving them away, each to one.

mod support;

use std::time::Duration;
use support::client::{Client, SOON};
use support::cluster::Cluster;
use support::{alone, wait_for};

const GRACE: Duration = Duration::from_secs(3);

fn start() -> Cluster {
    Cluster::start_alike(3, "directory = \"bully\"\n", "session_grace = \"3s\"\n")
}

/// Whether the node gives this name away now.
fn gives(cluster: &Cluster, index: usize, nick: &str) -> Option<Client> {
    Client::register(cluster.irc(index), nick, SOON).ok()
}

#[test]
fn names_are_given_away_down_to_one_node_each_to_one_and_those_of_the_dead_are_free_again() {
    let _alone = alone();
    let mut cluster = start();
    let alice = cluster.client(0, "alice");
    let dora = cluster.client(2, "dora");
    assert!(gives(&cluster, 2, "alice").is_none());

    cluster.kill9(2); // The highest name coordinates.
    let bob = cluster.client(0, "bob");
    assert!(gives(&cluster, 1, "alice").is_none() && gives(&cluster, 1, "bob").is_none());
    assert!(gives(&cluster, 1, "dora").is_none(), "hers is kept for a while");

    cluster.kill9(1);
    let carol = cluster.client(0, "carol");
    assert!(gives(&cluster, 0, "alice").is_none());
    let dora_again = wait_for("a name of the dead", 10 * GRACE, || gives(&cluster, 0, "dora"));

    cluster.restart(1);
    cluster.restart(2);
    cluster.wait_ready();
    for index in [1, 2] {
        for taken in ["alice", "bob", "carol", "dora"] {
            assert!(gives(&cluster, index, taken).is_none(), "{taken} on {index}");
        }
    }
    let all = wait_for("all to agree", SOON, || {
        let counts: Vec<usize> =
            (0..3).map(|it| cluster.status(it).map_or(0, |it| it.sessions)).collect();
        (counts[0] == counts[1] && counts[1] == counts[2]).then_some(counts[0])
    });
    assert_eq!(all, 4);
    drop((alice, bob, carol, dora, dora_again));
}

#[test]
fn a_node_that_starts_alone_after_all_were_down_knows_the_names_it_gives() {
    let _alone = alone();
    let mut cluster = start();
    for index in 0..3 {
        cluster.kill9(index);
    }
    cluster.restart(1);
    let mut alice =
        wait_for("the only node", Duration::from_secs(30), || gives(&cluster, 1, "alice"));
    assert!(gives(&cluster, 1, "ALICE").is_none());
    alice.send("NICK alison").expect("it is connected");
    alice.wait(SOON, |it| it.is("NICK")).expect("the only node decides");
    cluster.restart(0);
    cluster.restart(2);
    cluster.wait_ready();
    assert!(gives(&cluster, 2, "alison").is_none());
    assert!(gives(&cluster, 0, "alice").is_some());
}

#[test]
fn who_was_paused_while_others_went_on_keeps_its_clients_and_their_names() {
    let _alone = alone();
    let mut cluster = start();
    let mut cora = cluster.client(2, "cora");
    cluster.pause(2);
    let bob = cluster.client(0, "bob");
    cluster.resume(2);
    cluster.wait_ready();
    cora.send("NICK corinna").expect("it is connected");
    cora.wait(SOON, |it| it.is("NICK")).expect("her node is one of them again");
    assert!(gives(&cluster, 0, "corinna").is_none());
    assert!(gives(&cluster, 2, "bob").is_none());
    drop(bob);
}

#[test]
fn a_node_that_would_keep_names_another_way_is_refused_with_both_ways_named() {
    let _alone = alone();
    let mut cluster = start();
    cluster.kill9(2);
    cluster.restart_as(2, "directory = \"raft\"");
    assert_ne!(cluster.wait_end(2), Some(0));
    let log = cluster.log(2);
    assert!(log.contains("\"bully\"") && log.contains("\"raft\""), "{log}");
}

/// Two sides that do not see each other: whoever is not on one of them stands still.
#[test]
fn of_two_who_were_given_one_name_behind_each_others_backs_the_earlier_keeps_it() {
    const ROOM: &str = "#harbour";
    let _alone = alone();
    let mut cluster = Cluster::start_alike(3, "directory = \"bully\"\n", "");

    cluster.pause(0);
    cluster.pause(1);
    let mut earlier = wait_for("one node alone", SOON, || gives(&cluster, 2, "zoe"));

    cluster.pause(2);
    cluster.resume(0);
    cluster.resume(1);
    let mut later = wait_for("the other two", SOON, || gives(&cluster, 0, "zoe"));
    later.join(ROOM, SOON).expect("two of three are a majority of the room's replicas");

    cluster.resume(2);
    let renamed = later.wait(SOON, |it| it.is("NICK")).expect("one of them gives way");
    assert_eq!((&*renamed.source, renamed.param(0)), ("zoe!~zoe@127.0.0.1", "zoe_1"));
    let told = later.wait(SOON, |it| it.is("NOTICE")).expect("and is told why");
    assert!(told.param(1).contains("zoe was registered twice"), "{told:?}");

    cluster.wait_ready();
    later.send(&format!("PRIVMSG {ROOM} :still here")).expect("it is connected");
    let heard = later.wait(SOON, |it| it.is("PRIVMSG")).expect("it is in the room");
    assert!(heard.source.starts_with("zoe_1!"), "{heard:?}");
    earlier.send("WHOIS zoe_1").expect("it is connected");
    earlier.wait(SOON, |it| it.is("311")).expect("both are known everywhere");
    later.send("PRIVMSG zoe :it is yours").expect("it is connected");
    earlier.wait(SOON, |it| it.is("PRIVMSG") && it.param(0) == "zoe").expect("the name is hers");
    for index in 0..3 {
        assert!(
            gives(&cluster, index, "zoe").is_none() && gives(&cluster, index, "zoe_1").is_none()
        );
    }
}
