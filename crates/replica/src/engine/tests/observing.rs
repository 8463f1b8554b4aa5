//! A node without a replica follows one, and its commands go there.

use super::*;

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
