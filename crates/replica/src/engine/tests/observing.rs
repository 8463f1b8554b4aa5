//! A node without a replica follows one, and its commands go there.

use super::*;
use crate::engine::observe::{ANSWER_MS, LOOK_AGAIN_MS};

const FOLLOWED: GroupId = GroupId(4);

fn alive(index: u64) -> Envelope {
    Envelope::Alive { group: FOLLOWED, index }
}

#[test]
fn commands_of_an_observer_go_to_its_source_and_wait_while_it_has_none() {
    let mut node = Node::new(ME);
    node.engine.observe(FOLLOWED, &[LEADER, OTHER]);
    node.engine.submit(FOLLOWED, 0, Bytes::from_static(b"x"));
    node.settle();
    assert_eq!((node.engine.source(FOLLOWED), node.engine.source(GROUP)), (None, None));
    assert!(!node.engine.has_route(FOLLOWED));

    node.engine.link(LEADER, true);
    node.tick_after(0);
    assert_eq!(node.engine.source(FOLLOWED), Some(LEADER));
    let to: Vec<_> =
        node.sent.0.iter().map(|(to, it)| (*to, matches!(it, Envelope::Propose(..)))).collect();
    assert_eq!(to, [(LEADER, false), (LEADER, true)], "it is asked for entries, and offered ours");

    node.engine.link(LEADER, true);
    assert!(node.engine.has_route(FOLLOWED) && !node.engine.is_serving(FOLLOWED));
    node.engine.link(LEADER, false);
    assert!(!node.engine.has_route(FOLLOWED));
    assert_eq!(node.engine.status()[1].role, "observer");
}

#[test]
fn an_observers_command_that_gets_no_answer_is_given_up_late_as_at_a_leader() {
    let mut node = Node::new(ME);
    node.engine.observe(FOLLOWED, &[LEADER]);
    node.engine.link(LEADER, true);
    node.tick_after(0);
    node.engine.submit(FOLLOWED, 0, Bytes::from_static(b"x"));
    let mut said = Vec::new();
    for _ in 0..GIVE_UP_ROUTED_MS / 1_000 {
        assert_eq!(said, [""; 0]);
        node.receive(LEADER, &alive(0));
        said = node.tick_after(1_000);
    }
    assert_eq!(said, ["unknown 0"]);
}

#[test]
fn who_waits_to_follow_us_and_is_gone_is_not_told_when_the_state_is_ready() {
    let mut node = Node::routed(ME, Route::Here);
    node.commit(1, Bytes::new());
    for peer in [LEADER, OTHER] {
        let asked = Envelope::Observe { group: GROUP, after: 0 };
        assert_eq!(node.receive(peer, &asked), ["wants state"]);
    }
    node.engine.link(LEADER, false);
    node.engine.provide(GROUP, b"state");
    node.settle();
    let restart = Envelope::Restart { group: GROUP, index: 1 };
    assert_eq!(node.sent(), [(OTHER, format!("{restart:?}"))]);
}

fn observed(index: u64) -> Envelope {
    Envelope::Observed { group: FOLLOWED, index, term: 1, data: Bytes::new() }
}

#[test]
fn what_a_source_still_sends_of_an_earlier_following_does_not_end_the_new_one() {
    let mut node = Node::new(ME);
    node.engine.observe(FOLLOWED, &[LEADER]);
    node.engine.link(LEADER, true);
    node.tick_after(0);
    for index in 9..12 {
        node.receive(LEADER, &observed(index));
        node.receive(LEADER, &alive(index));
        assert_eq!(node.engine.source(FOLLOWED), Some(LEADER));
    }
    node.sent.0.clear();
    node.receive(LEADER, &Envelope::Restart { group: FOLLOWED, index: 12 });
    let asks = |it: &Envelope| matches!(it, Envelope::FetchState { index: 12, .. });
    assert!(node.sent.0.iter().any(|(to, it)| *to == LEADER && asks(it)));
}

#[test]
fn a_gap_behind_the_answer_is_noticed_and_one_before_it_not_waited_for_long() {
    let mut node = Node::new(ME);
    node.engine.observe(FOLLOWED, &[LEADER]);
    node.engine.link(LEADER, true);
    node.tick_after(0);
    node.receive(LEADER, &observed(1));
    node.receive(LEADER, &observed(3));
    assert_eq!(node.engine.source(FOLLOWED), None);

    node.tick_after(LOOK_AGAIN_MS);
    node.sent.0.clear();
    for index in 4..10 {
        node.receive(LEADER, &observed(index));
        node.tick_after(ANSWER_MS / 4);
    }
    let asks = |it: &Envelope| matches!(it, Envelope::Observe { after: 1, .. });
    assert!(node.sent.0.iter().any(|(_, it)| asks(it)), "it asks again");
}
