//! How long a sender waits before it hears that nothing comes of its command.

use super::*;

#[test]
fn without_a_leader_what_was_never_offered_is_refused_in_time() {
    let mut node = Node::new(ME);
    node.submit(0..2);
    assert_eq!(node.tick_after(GIVE_UP_MS - 1), [""; 0]);
    assert_eq!(node.tick_after(1), ["refused 0", "refused 1"]);
    assert_eq!(node.tick_after(GIVE_UP_MS), [""; 0], "once");
}

#[test]
fn what_was_offered_before_the_leader_was_lost_is_unknown() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..1);
    node.route(Route::Nowhere);
    node.submit(1..2);
    assert_eq!(node.tick_after(GIVE_UP_MS), ["refused 1", "unknown 0"]);
    node.sent();
    node.submit(2..3);
    node.route(Route::At(LEADER));
    assert_eq!(node.sent(), [(LEADER, "propose 1:2".to_owned())]);
    node.receive(LEADER, &not_taken(GENERATION, true));
    node.submit(3..4);
    let again = [(LEADER, "propose 1:3".to_owned())];
    assert_eq!(node.sent(), again, "that was about the lane that was given up");
}

#[test]
fn with_a_leader_that_makes_no_progress_it_is_offered_again_and_given_up_late() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..1);
    node.sent();
    node.tick_after(OFFER_AGAIN_MS - 1);
    assert_eq!(node.sent(), []);
    let again = [(LEADER, "propose 1:0".to_owned())];
    node.tick_after(1);
    assert_eq!(node.sent(), again);
    node.tick_after(OFFER_AGAIN_MS - 1);
    assert_eq!(node.sent(), []);
    node.tick_after(1);
    assert_eq!(node.sent(), again);
    let left_ms = GIVE_UP_ROUTED_MS - 2 * OFFER_AGAIN_MS;
    assert_eq!(node.tick_after(left_ms - 1), [""; 0]);
    assert_eq!(node.tick_after(1), ["unknown 0"]);
}

#[test]
fn a_leader_without_a_majority_is_as_good_as_none_for_as_long_as_it_says_so() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..1);
    node.wait(GIVE_UP_MS);
    node.receive(LEADER, &not_taken(GENERATION, true));
    assert_eq!(node.tick_after(0), [""; 0], "it only did not take it");
    node.receive(LEADER, &not_taken(GENERATION, false));
    assert_eq!(node.tick_after(GIVE_UP_MS), [""; 0], "it said so too long ago");
    node.receive(LEADER, &not_taken(GENERATION, false));
    assert_eq!(node.tick_after(GIVE_UP_MS - 1), ["unknown 0"]);
    node.submit(1..2);
    assert_eq!(node.tick_after(GIVE_UP_MS), [""; 0], "that was about another lane");
}

#[test]
fn a_leader_that_cannot_reach_a_majority_gives_its_own_up_as_soon() {
    let mut node = Node::routed(ME, Route::Here);
    node.submit(0..1);
    node.script.borrow_mut().route = Route::Nowhere;
    assert_eq!(node.tick_after(GIVE_UP_MS - 1), [""; 0]);
    assert_eq!(node.tick_after(1), ["unknown 0"]);
}

#[test]
fn a_lane_that_is_full_takes_nothing_more() {
    let mut node = Node::new(ME);
    let command = Bytes::from(vec![0; 1 << 20]);
    for token in 0..17 {
        node.engine.submit(GROUP, token, command.clone());
    }
    assert_eq!(node.settle(), ["refused 16"]);
}
