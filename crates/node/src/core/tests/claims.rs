//! A registry of the other side of a cut takes the place of this node's.

use super::*;
use chat::directory::{Change, DirectoryCommand, NewSession, Part};

/// Where names are kept by whoever is left, with these people in.
fn node(nicks: &[&str]) -> Alone {
    Alone::starting_with(Names::Bully).take_in(nicks)
}

fn newcomer(id: u64, name: &str) -> NewSession {
    NewSession {
        session: SessionId(id),
        nick: nick(name),
        user: "u".into(),
        host: "h".into(),
        realname: "r".into(),
        account: None,
        node: NodeId(8),
        is_secure: false,
    }
}

/// The registry of the others, who have these people since these times.
fn others(people: &[(&str, u64)]) -> Vec<u8> {
    let mut directory = Directory::split();
    for (number, (name, at_ms)) in people.iter().enumerate() {
        let new = newcomer(100 + number as u64, name);
        let outcome = directory.apply(Stamp::from_ms(*at_ms), DirectoryCommand::Register(new));
        assert_eq!(outcome.refused, None);
    }
    directory.snapshot_of(Part::Sessions)
}

fn heal(node: &mut Alone, state: &[u8]) -> Vec<String> {
    node.said();
    let names = node.core.groups.of_names();
    node.core.install(names, state, true);
    node.commit();
    node.said()
}

fn has(node: &Alone, name: &str) -> Option<SessionId> {
    node.core.directory.by_nick(name).map(|it| it.id)
}

const BEFORE: u64 = 1;
const LATER: u64 = 1 << 40;

#[test]
fn a_session_that_the_others_do_not_know_goes_on_as_if_nothing_had_been() {
    let mut node = node(&["alice"]);
    let alice = has(&node, "alice");
    assert_eq!(heal(&mut node, &others(&[("bob", BEFORE)])), ["bob began", "alice began"]);
    assert_eq!(has(&node, "alice"), alice);
    node.ask(1, 5, Ask::Rename(nick("alison")));
    node.commit();
    assert_eq!(node.said(), ["alice is alison now", "1.5 done"]);
}

#[test]
fn who_was_registered_later_gives_way_and_stays() {
    let mut node = node(&["alice"]);
    let alice = has(&node, "alice");
    let expected = ["alice began", "alice_1 began", "alice gave way as alice_1"];
    assert_eq!(heal(&mut node, &others(&[("alice", BEFORE)])), expected);
    assert_eq!(has(&node, "alice_1"), alice);
    node.ask(1, 5, join());
    node.commit();
    assert!(node.said().iter().any(|it| it.starts_with("alice_1 joins")));
}

#[test]
fn who_was_registered_earlier_keeps_the_name() {
    let mut node = node(&["alice"]);
    let alice = has(&node, "alice");
    let expected = ["alice began", "alice gave way as alice_1", "alice began"];
    assert_eq!(heal(&mut node, &others(&[("alice", LATER)])), expected);
    assert_eq!(has(&node, "alice"), alice);
    assert_eq!(has(&node, "alice_1"), Some(SessionId(100)));
}

#[test]
fn what_is_asked_before_the_claim_is_decided_waits() {
    let mut node = node(&["alice"]);
    node.said();
    let names = node.core.groups.of_names();
    node.core.install(names, &others(&[("alice", BEFORE)]), true);
    node.ask(1, 5, Ask::Rename(nick("alison")));
    assert!(node.answers().is_empty());
    node.commit();
    assert_eq!(node.answers(), ["1.5 done"]);
    assert!(has(&node, "alison").is_some());
}

#[test]
fn a_room_command_answered_while_the_claim_waits_leaves_nothing_in_flight() {
    let mut node = node(&["alice"]);
    node.said();
    node.ask(1, 5, join());
    let names = node.core.groups.of_names();
    node.core.install(names, &others(&[]), true);
    node.commit();
    assert!(node.answers().iter().any(|it| it.starts_with("1.5 ")));
    let conn = node.core.conns.values().next().expect("alice is connected");
    assert_eq!((conn.rooms_in_flight, conn.is_directory_busy), (0, false));
    node.ask(1, 6, gone("home"));
    node.commit();
    assert_eq!(has(&node, "alice"), None);
}

/// The registry as it is here now, as others have it.
fn as_now(node: &Alone) -> Vec<u8> {
    node.core.directory.snapshot_of(Part::Sessions)
}

#[test]
fn what_a_session_became_on_its_side_it_is_on_the_other() {
    let mut node = node(&["alice"]);
    let alice = has(&node, "alice");
    let before = as_now(&node);
    node.ask(1, 4, Ask::Rename(nick("alison")));
    node.commit();
    node.ask(1, 5, Ask::Alter(Change::Away(Some("lunch".into()))));
    node.commit();
    let said = heal(&mut node, &before);
    assert_eq!(said[..2], ["alison is alice now", "alice is alison now"]);
    assert_eq!(has(&node, "alison"), alice);
    let session = node.core.directory.by_nick("alison").expect("it is in");
    assert_eq!(session.away.as_ref().map(|it| &***it), Some("lunch"));
    node.ask(1, 6, Ask::Rename(nick("alice")));
    node.commit();
    assert!(node.said().contains(&"1.6 done".to_owned()));
}

#[test]
fn of_two_who_took_one_nick_the_earlier_registered_has_it_and_the_later_what_it_had() {
    let mut node = node(&["alice"]);
    let alice = has(&node, "alice");
    // Somebody registered under the name that alice takes here.
    let registry = |at_ms| {
        let all = node.core.directory.snapshot_of(Part::Sessions);
        let mut there = Directory::split().with(Part::Sessions, &all).expect("our own snapshot");
        let new = newcomer(100, "alison");
        there.apply(Stamp::from_ms(at_ms), DirectoryCommand::Register(new));
        there.snapshot_of(Part::Sessions)
    };
    let there = registry(LATER);
    node.ask(1, 4, Ask::Rename(nick("alison")));
    node.commit();
    let said = heal(&mut node, &there);
    assert!(said.contains(&"alison gave way as alison_1".to_owned()), "{said:?}");
    assert_eq!(has(&node, "alison"), alice);
    assert_eq!(has(&node, "alison_1"), Some(SessionId(100)));
}

#[test]
fn who_only_lags_behind_restates_nothing() {
    let mut node = node(&["alice"]);
    let before = as_now(&node);
    node.ask(1, 4, Ask::Rename(nick("alison")));
    node.commit();
    node.said();
    let names = node.core.groups.of_names();
    node.core.install(names, &before, false);
    node.commit();
    assert!(has(&node, "alice").is_some() && has(&node, "alison").is_none());
}

#[test]
fn who_ended_while_this_node_lagged_behind_does_not_come_back() {
    let mut node = node(&["alice", "bob"]);
    node.said();
    let names = node.core.groups.of_names();
    node.core.install(names, &others(&[]), false);
    node.commit();
    let mut said = node.said();
    said.sort(); // By their ids, which are drawn.
    assert_eq!(said, ["alice ended: Session ended", "bob ended: Session ended"]);
    assert!(node.core.conn_of.is_empty());
    assert_eq!((has(&node, "alice"), has(&node, "bob")), (None, None));
}

#[test]
fn sessions_without_a_connection_here_are_over() {
    let mut node = node(&["alice", "bob"]);
    node.ask(2, 9, gone("home"));
    let said = heal(&mut node, &others(&[]));
    assert!(said.contains(&"bob ended: Session ended".to_owned()), "{said:?}");
    assert_eq!(has(&node, "bob"), None);
    assert!(has(&node, "alice").is_some());
}

#[test]
fn members_and_their_groups_are_not_touched() {
    let mut node = node(&["alice"]);
    let before: Vec<NodeId> = node.core.directory.members().map(|it| it.id).collect();
    heal(&mut node, &others(&[("bob", BEFORE)]));
    let after: Vec<NodeId> = node.core.directory.members().map(|it| it.id).collect();
    assert_eq!(before, after);
    assert!(node.core.directory.founded().is_some());
}

#[test]
fn the_configured_priority_is_in_the_directory_and_ranks() {
    let mut node = node(&[]);
    node.core.config.priority = 4;
    node.wait(3_000);
    node.core.tick();
    node.commit();
    assert_eq!(node.core.directory.priority(node.core.me), 4);
    node.core.propose(&DirectoryCommand::AddMember {
        id: NodeId(8),
        name: "z".into(),
        address: "z:1".into(),
        roles: chat::directory::Roles { directory: true, chat: true },
        replaces: None,
    });
    node.commit();
    assert_eq!(node.core.name_keepers(), [8, node.core.me.0]);
}

#[test]
fn whose_people_left_on_this_side_is_gone_at_once() {
    let mut node = node(&["alice", "bob"]);
    let names = node.core.groups.of_names();
    let of_the_others = node.core.directory.snapshot_of(node.core.groups.part_of(names));
    node.ask(1, 0, gone("home"));
    node.commit();
    assert_eq!(heal(&mut node, &of_the_others), ["alice began", "alice ended: Connection closed"]);
    assert!(has(&node, "alice").is_none() && has(&node, "bob").is_some());
}
