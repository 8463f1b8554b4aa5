//! Another node leads, or nobody that is known.

use super::*;

fn sent<const N: usize>(expected: [(PeerId, &str); N]) -> Vec<(PeerId, String)> {
    expected.map(|(to, it)| (to, it.to_owned())).to_vec()
}

#[test]
fn a_command_for_a_group_that_is_not_here_is_refused() {
    let mut node = Node::new(ME);
    node.engine.submit(GroupId(9), 7, Bytes::from_static(b"x"));
    assert!(!node.engine.is_settled());
    assert_eq!(node.settle(), ["refused 7"]);
    assert!(!node.engine.has_route(GroupId(9)) && !node.engine.is_serving(GroupId(9)));
}

#[test]
fn commands_are_proposed_to_the_leader_in_order_and_come_back_with_their_tokens() {
    let (mut node, mut leader) =
        (Node::routed(ME, Route::At(LEADER)), Node::routed(LEADER, Route::Here));
    assert!(node.engine.has_route(GROUP) && !node.engine.is_serving(GROUP));
    node.submit(10..12);
    node.submit(12..13);
    for section in node.sections() {
        leader.receive(ME, &Envelope::Propose(GROUP, section));
    }
    let entries = leader.script.borrow().offered.clone();
    assert_eq!(leader.offered(), ["1:10 1:11", "1:12"]);
    assert_eq!(node.commit(1, entries[0].clone()), ["apply 1:10 1:11 of 1 at 1 for [10, 11]"]);
    assert_eq!(node.commit(2, entries[1].clone()), ["apply 1:12 of 1 at 2 for [12]"]);
}

#[test]
fn without_a_leader_nothing_is_sent_until_there_is_one() {
    let mut node = Node::new(ME);
    node.engine.submit(GROUP, 0, Bytes::from_static(b"1:0"));
    assert!(!node.engine.has_route(GROUP) && !node.engine.is_settled());
    node.settle();
    assert_eq!(node.sent(), []);
    node.route(Route::At(LEADER));
    assert_eq!(node.sent(), sent([(LEADER, "propose 1:0")]));
}

#[test]
fn what_the_leader_did_not_take_is_offered_again_on_the_next_tick() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..1);
    node.sent();
    node.receive(LEADER, &not_taken(GENERATION + 1, true));
    node.submit(1..2);
    assert_eq!(node.sent(), sent([(LEADER, "propose 1:1")]), "that was about another lane");
    node.receive(LEADER, &not_taken(GENERATION, true));
    node.submit(2..3);
    assert_eq!(node.sent(), [], "held until the tick");
    node.tick_after(25);
    assert_eq!(node.sent(), sent([(LEADER, "propose 1:0 1:1 1:2")]));
}

#[test]
fn a_new_leader_is_offered_everything_that_was_not_applied() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..1);
    node.submit(1..2);
    assert_eq!(node.sent(), sent([(LEADER, "propose 1:0"), (LEADER, "propose 1:1")]));
    node.route(Route::At(OTHER));
    assert_eq!(node.sent(), sent([(OTHER, "propose 1:0 1:1")]));
    node.settle();
    node.tick_after(25);
    assert_eq!(node.sent(), [], "once");
}

#[test]
fn when_the_link_to_the_leader_breaks_and_comes_back_everything_is_offered_again() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..1);
    node.sent();
    node.engine.link(OTHER, true);
    node.engine.link(OTHER, false);
    node.settle();
    assert_eq!(node.sent(), [], "that was somebody else's");
    node.engine.link(LEADER, false);
    node.settle();
    assert_eq!(node.sent(), sent([(LEADER, "propose 1:0")]));
    let links = node.script.borrow().links.clone();
    assert_eq!(links, [(OTHER, true), (OTHER, false), (LEADER, false)]);
}

#[test]
fn a_section_for_somebody_else_is_passed_on_to_the_leader() {
    let mut other = Node::routed(OTHER, Route::At(ME));
    other.submit(0..1);
    let propose = Envelope::Propose(GROUP, other.sections()[0].clone());

    let mut node = Node::routed(ME, Route::At(LEADER));
    node.receive(OTHER, &propose);
    assert_eq!(node.sent(), sent([(LEADER, "propose 3:0")]));

    node.route(Route::At(OTHER));
    node.receive(OTHER, &propose);
    assert_eq!(
        node.sent(),
        sent([(OTHER, "not taken, lane 0")]),
        "not back to where it comes from"
    );

    node.route(Route::Nowhere);
    node.script.borrow_mut().leader = Some(LEADER);
    node.receive(OTHER, &propose);
    assert_eq!(node.sent(), sent([(OTHER, "not taken, lane 0")]), "its link to the leader is down");

    node.route(Route::Nowhere);
    node.receive(OTHER, &propose);
    assert_eq!(node.sent(), sent([(OTHER, "not taken, lane 0, cut off")]));
}

#[test]
fn a_section_of_ours_that_comes_back_is_not_passed_on_again() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..1);
    let ours = Envelope::Propose(GROUP, node.sections()[0].clone());
    node.receive(OTHER, &ours);
    assert_eq!(node.sent(), [], "held until the tick");
    node.tick_after(25);
    assert_eq!(node.sent(), sent([(LEADER, "propose 1:0")]));
}

#[test]
fn what_is_no_section_or_for_no_group_of_ours_changes_nothing() {
    let mut node = Node::routed(ME, Route::Here);
    node.receive(OTHER, &Envelope::Propose(GROUP, Bytes::from_static(b"short")));
    node.receive(
        OTHER,
        &Envelope::NotTaken { group: GroupId(9), generation: 0, can_commit: true, section: (0, 0) },
    );
    node.engine.receive(OTHER, Bytes::from_static(b"?"));
    assert_eq!((node.settle(), node.sent(), node.offered()), (vec![], vec![], vec![]));
}

#[test]
fn a_peers_strategy_and_node_are_heard() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.receive(LEADER, &Envelope::Strategy(GROUP, Bytes::from_static(b"vote")));
    assert_eq!(node.script.borrow().received, [(LEADER, Bytes::from_static(b"vote"))]);
    assert_eq!(node.receive(OTHER, &Envelope::Node("psst".into())), ["told psst by 3"]);
    node.engine.tell(OTHER, Bytes::from_static(b"aha"));
    node.settle();
    assert_eq!(node.sent(), sent([(OTHER, &format!("{:?}", Envelope::Node("aha".into())))]));
}
