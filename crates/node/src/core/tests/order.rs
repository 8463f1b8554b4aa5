//! Requests of one connection take effect in their order.

use super::*;

#[test]
fn room_commands_follow_each_other_without_waiting_and_are_answered_after_what_they_did() {
    let mut node = Alone::with(&["alice"]);
    node.said();
    for (tag, ask) in [(1, join()), (2, say("one")), (3, say("two"))] {
        node.ask(1, tag, ask);
    }
    assert_eq!(node.core.conns[&conn_id(1)].rooms_in_flight, 3);
    assert_eq!(node.said(), [""; 0], "nothing is done before it is on disk");
    node.commit();
    let expected = [
        "alice joins as Some Body",
        "1.1 done",
        "alice says one",
        "1.2 done",
        "alice says two",
        "1.3 done",
    ];
    assert_eq!(node.said(), expected);
    let conn = &node.core.conns[&conn_id(1)];
    assert_eq!((conn.number, conn.rooms_in_flight), (3, 0));
}

#[test]
fn a_new_nick_waits_for_what_was_said_under_the_old_one_and_what_comes_after_waits_for_it() {
    let mut node = Alone::with(&["alice"]);
    node.ask(1, 1, join());
    node.commit();
    node.said();
    node.ask(1, 2, say("old"));
    node.ask(1, 3, Ask::Rename(nick("carol")));
    node.ask(1, 4, say("new"));
    node.ask(1, 5, Ask::Query(Query::Status));
    node.commit();
    let expected = [
        "alice says old",
        "1.2 done",
        "alice is carol now",
        "1.3 done",
        "carol says new",
        "1.4 done",
        "1.5 view",
    ];
    assert_eq!(node.said(), expected);
}

#[test]
fn a_look_up_waits_for_what_was_asked_before_it() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(1, 1, join());
    node.ask(1, 2, Ask::Query(Query::Rooms));
    node.ask(2, 1, Ask::Query(Query::Rooms));
    assert_eq!(node.answers(), ["2.1 view"], "others do not wait");
    node.commit();
    assert_eq!(node.answers(), ["1.1 done", "1.2 view"]);
}

#[test]
fn when_the_socket_goes_what_it_sent_before_still_happens() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.ask(2, 1, join());
    node.ask(1, 1, join());
    node.ask(1, 2, say("bye"));
    node.ask(1, 0, gone("Reset"));
    node.commit();
    let said = node.said();
    let end = said.iter().position(|it| it == "alice ended: Reset").expect("her session ends");
    let bye = said.iter().position(|it| it == "alice says bye").expect("it was sent before");
    assert!(bye < end, "{said:?}");
    assert!(!node.core.conns.contains_key(&conn_id(1)));
    assert_eq!(node.core.conn_of.len(), 1);
}

#[test]
fn who_floods_while_nothing_moves_is_told_busy_but_may_still_go() {
    let mut node = Alone::with(&["alice"]);
    node.ask(1, 0, Ask::Rename(nick("carol")));
    for tag in 1..=1_024 {
        node.ask(1, tag, Ask::Query(Query::Status));
    }
    assert_eq!(node.answers(), [""; 0]);
    node.ask(1, 1_025, Ask::Query(Query::Status));
    assert_eq!(node.answers(), ["1.1025 refused: Busy"]);
    node.ask(1, 0, gone("Flood"));
    node.commit();
    let said = node.said();
    assert_eq!(said.len(), 1_027);
    assert_eq!(said[1_026], "carol ended: Flood");
}
