//! Who comes in while the node is not ready, or no longer takes anybody.

use super::*;

#[test]
fn who_comes_early_waits_until_the_node_serves() {
    let rounds = Alone::starting().become_ready();
    let mut node = Alone::starting();
    for _ in 1..rounds {
        node.do_round();
    }
    node.ask(1, 5, register("alice"));
    node.ask(1, 6, join());
    assert_eq!(node.answers(), [""; 0]);
    node.do_round();
    assert_eq!(node.answers(), ["1.5 registered alice", "1.6 done"]);
}

#[test]
fn who_came_early_and_has_waited_long_enough_is_told_to_try_elsewhere() {
    let mut node = Alone::starting();
    node.ask(1, 5, register("alice"));
    node.ask(1, 6, join());
    node.wait(100);
    node.ask(2, 5, register("bob"));
    node.wait(800);
    node.core.turn_early_away();
    assert_eq!(node.answers(), [""; 0]);
    node.wait(1);
    node.core.turn_early_away();
    assert_eq!(node.answers(), ["1.5 refused: Unavailable", "1.6 refused: NoSession"]);
    node.become_ready();
    assert_eq!(node.answers(), ["2.5 refused: Unavailable"]);
    node.wait(10_000);
    node.ask(3, 5, register("carol"));
    assert!(node.core.early.is_empty(), "it need not wait");
    node.core.turn_early_away();
    node.commit();
    assert_eq!(node.answers(), ["3.5 registered carol"]);
}

#[test]
fn whoever_has_not_come_in_hears_so_at_once_even_while_the_node_is_not_ready() {
    let mut node = Alone::starting();
    node.ask(1, 5, Ask::Rename(nick("alice")));
    assert_eq!(node.answers(), ["1.5 refused: NoSession"]);
}

#[test]
fn who_comes_early_and_goes_again_is_nobody() {
    let mut node = Alone::starting();
    node.ask(1, 5, register("alice"));
    node.ask(1, 0, gone("Never mind"));
    assert!(node.core.conns.is_empty());
    node.ask(2, 0, gone("Never came"));
    assert!(node.core.conns.is_empty());
    node.wait(10_000);
    node.core.turn_early_away();
    node.become_ready();
    assert_eq!(node.core.directory.session_count(), 0);
}

#[test]
fn who_goes_while_coming_in_comes_in_and_goes() {
    let mut node = Alone::with(&[]);
    node.ask(1, 5, register("alice"));
    node.ask(1, 0, gone("Never mind"));
    node.commit();
    let expected = ["alice began", "1.5 registered alice", "alice ended: Never mind"];
    assert_eq!(node.said(), expected);
    assert!(node.core.conns.is_empty());
}

#[test]
fn a_node_that_leaves_takes_nobody_in_whether_it_was_ready_or_not() {
    let mut node = Alone::starting();
    node.ask(1, 5, register("alice"));
    node.core.leave();
    assert_eq!(node.answers(), ["1.5 refused: Leaving"]);

    let mut node = Alone::with(&["alice"]);
    node.core.leave();
    node.ask(2, 5, register("bob"));
    assert_eq!(node.answers(), ["2.5 refused: Leaving"]);
    node.ask(1, 1, join());
    node.commit();
    assert_eq!(node.answers(), ["1.1 done"], "who is here is served");
    assert!(matches!(node.core.unavailable(), Refused::Leaving));
}
