//! Real processes, whose people change how their room is replicated while everybody talks: nothing
//! acknowledged is lost, doubled or reordered, and all nodes remember the same.

mod support;

use support::alone;
use support::client::{Client, SOON};
use support::cluster::Cluster;
use support::traffic::Traffic;

const ROOM: &str = "#travellers";
const CLIENTS: usize = 12;
/// Acknowledged messages between two changes: some are always under way.
const SOME: usize = 150;

/// An operator of the room, on this node.
fn operator(cluster: &Cluster, index: usize, nick: &str) -> Client {
    let mut client =
        Client::register(cluster.irc(index), nick, SOON).expect("a node takes people in");
    client.join(ROOM, SOON).expect("the room is open");
    client
}

#[track_caller]
fn change(operator: &mut Client, modes: &str) {
    operator.send(&format!("MODE {ROOM} {modes}")).expect("it is connected");
    let is_it = |it: &support::client::Line| it.is("MODE") && modes.starts_with(it.param(1));
    operator.wait(SOON, is_it).expect("everybody in the room sees it");
}

/// The node that leads the one group of primary-backup with something to do.
fn primary(cluster: &Cluster) -> usize {
    let all = (0..cluster.len()).filter_map(|it| cluster.status(it)).flat_map(|it| it.groups);
    let led = all.filter(|it| it.strategy == "primary-backup" && it.leader.is_some());
    let busiest = led.max_by_key(|it| it.applied_index).expect("somebody knows who leads");
    cluster.index_of(&busiest.leader.expect("only those that are led"))
}

#[test]
fn a_room_changes_its_replication_again_and_again_under_traffic() {
    let _alone = alone();
    let cluster = Cluster::start(3);
    let mut operator = operator(&cluster, 0, "operator");
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    for _ in 0..3 {
        traffic.more(SOME);
        change(&mut operator, "+R primary-backup");
        traffic.more(SOME);
        change(&mut operator, "-R");
    }
    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= 7 * SOME, "{tally:?}");
}

#[test]
fn a_room_that_moved_survives_the_death_of_its_primary_and_moves_back() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let mut operators = [operator(&cluster, 0, "first"), operator(&cluster, 1, "second")].map(Some);
    let [Some(first), _] = &mut operators else { unreachable!("just made") };
    first.send(&format!("MODE {ROOM} +o second")).expect("it is connected");
    let traffic = Traffic::start(cluster.ircs(), ROOM, CLIENTS);
    traffic.more(SOME);
    change(first, "+R primary-backup");

    traffic.more(SOME);
    let primary = primary(&cluster);
    if let Some(lost) = operators.get_mut(primary) {
        *lost = None;
    }
    cluster.kill9(primary);
    traffic.more(SOME);
    let mut left = operators.into_iter().flatten();
    change(&mut left.next().expect("one of two nodes lives"), "-R");
    traffic.more(SOME);
    cluster.restart(primary);
    cluster.wait_ready();
    traffic.more(SOME);
    let tally = traffic.finish(&cluster);
    assert!(tally.echoed >= 5 * SOME, "{tally:?}");
}
