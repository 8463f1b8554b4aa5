//! This node leads.

use super::*;

/// A section as another node sends it, from its first command on.
fn section_of(origin: PeerId, tokens: std::ops::Range<u64>) -> Vec<Bytes> {
    let mut node = Node::routed(origin, Route::At(ME));
    for token in tokens {
        node.submit(token..token + 1);
    }
    node.sections()
}

fn propose(section: &Bytes) -> Envelope {
    Envelope::Propose(GROUP, section.clone())
}

#[test]
fn our_commands_become_an_entry_and_are_applied_with_their_tokens_once() {
    let mut node = Node::routed(ME, Route::Here);
    assert!(node.engine.is_serving(GROUP) && node.engine.has_route(GROUP));
    node.engine.submit(GROUP, 10, Bytes::from_static(b"a"));
    node.engine.submit(GROUP, 11, Bytes::from_static(b"b"));
    assert_eq!(node.settle(), [""; 0]);
    let entry = node.script.borrow().offered[0].clone();
    assert_eq!(node.offered(), ["a b"]);
    assert_eq!(node.commit(1, entry.clone()), ["apply a b of 1 at 1 for [10, 11]"]);
    assert_eq!(node.commit(1, entry.clone()), [""; 0], "the same entry");
    assert_eq!(node.commit(2, entry), [""; 0], "another entry with the same commands");
    assert_eq!(node.sent(), []);
}

#[test]
fn other_nodes_commands_are_applied_without_tokens_and_repeats_are_dropped() {
    let mut node = Node::routed(ME, Route::Here);
    let sections = section_of(OTHER, 0..2);
    for section in [&sections[0], &sections[0], &sections[1], &sections[0]] {
        node.receive(OTHER, &propose(section));
    }
    assert_eq!(node.sent(), [], "a repeat is taken already");
    let entries = node.script.borrow().offered.clone();
    assert_eq!(node.offered(), ["3:0", "3:1"]);
    assert_eq!(node.commit(1, entries[0].clone()), ["apply 3:0 of 3 at 1 for []"]);
    assert_eq!(node.commit(2, entries[1].clone()), ["apply 3:1 of 3 at 2 for []"]);
    node.receive(OTHER, &propose(&sections[0]));
    assert_eq!(
        (node.sent(), node.offered()),
        (vec![], vec![]),
        "what was applied is not offered again"
    );
}

#[test]
fn a_section_out_of_order_is_sent_back() {
    let mut node = Node::routed(ME, Route::Here);
    node.receive(OTHER, &propose(&section_of(OTHER, 0..2)[1]));
    assert_eq!(node.sent(), [(OTHER, "not taken, lane 0".to_owned())]);
    assert_eq!(node.offered(), [""; 0]);
}

#[test]
fn while_the_strategy_has_no_room_commands_wait_and_then_share_an_entry() {
    let mut node = Node::routed(ME, Route::Here);
    node.script.borrow_mut().room = 1;
    for token in 0..3 {
        node.submit(token..token + 1);
    }
    assert_eq!(node.offered(), ["1:0"]);
    node.script.borrow_mut().room = 1;
    node.tick_after(25);
    assert_eq!(node.offered(), ["1:1 1:2"]);
}

#[test]
fn what_the_strategy_refuses_is_offered_again_by_those_who_offered_it() {
    let mut node = Node::routed(ME, Route::Here);
    node.script.borrow_mut().takes = false;
    node.submit(0..1);
    node.receive(OTHER, &propose(&section_of(OTHER, 0..1)[0]));
    assert_eq!(node.sent(), [(OTHER, "not taken, lane 0".to_owned())]);
    node.script.borrow_mut().takes = true;
    node.submit(1..2);
    assert_eq!(node.offered(), [""; 0], "not before the next tick");
    node.tick_after(25);
    assert_eq!(node.offered(), ["1:0 1:1"]);
}

#[test]
fn commands_taken_under_an_earlier_leadership_are_sent_back_and_ours_are_offered_again() {
    let mut node = Node::routed(ME, Route::Here);
    node.submit(0..1);
    node.receive(OTHER, &propose(&section_of(OTHER, 0..1)[0]));
    assert_eq!(node.offered(), ["1:0", "3:0"]);
    node.route(Route::At(LEADER));
    let expected = [(OTHER, "not taken, lane 0"), (LEADER, "propose 1:0")];
    assert_eq!(node.sent(), expected.map(|(to, it)| (to, it.to_owned())));
    assert!(!node.engine.is_serving(GROUP) && node.engine.has_route(GROUP));
    node.route(Route::Here);
    assert_eq!(node.offered(), ["1:0"], "and what others offered waits until they do again");
}

#[test]
fn a_leader_that_is_elected_again_begins_anew() {
    let mut node = Node::routed(ME, Route::Here);
    node.submit(0..1);
    assert_eq!(node.offered(), ["1:0"]);
    node.route(Route::Here);
    assert_eq!(node.offered(), ["1:0"]);
}

#[test]
fn a_leader_without_a_majority_says_so_to_those_who_offered_and_to_those_who_offer() {
    let mut node = Node::routed(ME, Route::Here);
    let sections = section_of(OTHER, 0..2);
    node.receive(OTHER, &propose(&sections[0]));
    node.script.borrow_mut().route = Route::Nowhere; // It still leads.
    let without = [(OTHER, "not taken, lane 0, cut off".to_owned())];
    node.tick_after(25);
    assert_eq!(node.sent(), without);
    node.receive(OTHER, &propose(&sections[1]));
    assert_eq!(node.sent(), without);
    node.submit(0..1);
    node.tick_after(25);
    assert_eq!(node.sent(), [], "nobody waits for an answer any more");
}

#[test]
fn stamps_are_after_those_of_all_entries_seen() {
    let mut node = Node::routed(ME, Route::Here);
    let mut late = Intake::default();
    late.take(section_of(OTHER, 0..1)[0].clone(), &Default::default());
    let stamp = 5_000_000 << 16;
    node.commit(1, late.next_entry(|_| stamp).expect("a section waits"));
    node.submit(0..1);
    let entry = node.script.borrow().offered[0].clone();
    assert_eq!(read_entry(entry).expect("an entry").0, stamp + 1);
}

#[test]
fn entries_of_the_strategy_and_those_nobody_can_read_are_not_handed_out() {
    let mut node = Node::routed(ME, Route::Here);
    assert_eq!(node.commit(1, Bytes::new()), [""; 0]);
    assert_eq!(node.commit(2, Bytes::from_static(b"garbage")), [""; 0]);
    assert_eq!(node.engine.status()[0].applied, 2);
}

#[test]
fn a_peer_that_wants_the_state_is_answered_after_all_that_was_applied() {
    let mut node = Node::routed(ME, Route::Here);
    node.submit(0..1);
    let entry = node.script.borrow().offered[0].clone();
    node.script.borrow_mut().wants_state = true;
    assert_eq!(node.commit(1, entry), ["apply 1:0 of 1 at 1 for [0]", "wants state"]);
}
