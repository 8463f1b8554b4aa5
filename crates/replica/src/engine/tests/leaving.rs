//! A replica that is elsewhere now.

use super::super::*;
use super::{GROUP, LEADER, ME, Node, OTHER};
use crate::store::disk::SimDisk;
use crate::store::history::HistoryOptions;
use crate::store::log::LogOptions;
use crate::strategy::Start;
use std::sync::Arc;

const G: GroupId = GroupId(3);

fn engine() -> Engine {
    let options = LogOptions { segment_bytes: 1 << 16, inline: true, ..LogOptions::default() };
    let (log, _) = Log::open(Arc::new(SimDisk::new()), options, Box::new(|_| {})).unwrap();
    let (history, _) = History::open(Arc::new(SimDisk::new()), HistoryOptions::default()).unwrap();
    let (log, history) = (Rc::new(RefCell::new(log)), Rc::new(RefCell::new(history)));
    Engine::new(1, 1, log, history, |_| Kind::Raft)
}

#[test]
fn who_gives_a_replica_up_follows_from_what_it_has_applied() {
    let mut engine = engine();
    let at = StateAt { index: 7, term: 2, ..StateAt::default() };
    engine.add_replica(G, Start::default(), at).unwrap();
    engine.drop_replica(G);
    engine.observe(G, &[2, 3]);
    engine.link(2, true);
    engine.set_now(10_000);
    engine.tick();
    // From 0 it would be given a state, and clients here would miss the messages up to that.
    let asks =
        |it: &(PeerId, Envelope)| matches!(it, (2, Envelope::Observe { group: G, after: 7 }));
    assert!(engine.sends.iter().any(asks), "{} sent", engine.sends.len());
}

/// A replica of term 1 that nobody leads.
fn forgotten() -> Node {
    let mut node = Node::new(ME);
    node.engine.link(LEADER, true);
    node.settle();
    node.sent();
    node
}

#[test]
fn who_is_led_by_nobody_asks_those_who_are_up_and_believes_a_leader() {
    let mut node = forgotten();
    node.engine.ask_whether_of(GROUP, &[ME, LEADER, OTHER]);
    node.settle();
    assert_eq!(node.sent(), [(LEADER, format!("{:?}", Envelope::AmIOf { group: GROUP }))]);
    assert!(!node.engine.is_let_go(GROUP));
    node.receive(LEADER, &Envelope::YouAreNot { group: GROUP, term: 1 });
    assert!(node.engine.is_let_go(GROUP));
}

#[test]
fn who_has_heard_of_a_later_term_or_of_a_leader_was_taken_in_again() {
    let mut node = forgotten();
    node.receive(LEADER, &Envelope::YouAreNot { group: GROUP, term: 1 });
    node.script.borrow_mut().term = 2;
    assert!(!node.engine.is_let_go(GROUP));
    node.script.borrow_mut().term = 1;
    node.script.borrow_mut().leader = Some(OTHER);
    assert!(!node.engine.is_let_go(GROUP));
}

#[test]
fn who_speaks_to_a_replica_again_has_taken_it_in_again() {
    let mut node = forgotten();
    node.receive(LEADER, &Envelope::YouAreNot { group: GROUP, term: 1 });
    let word = Envelope::Strategy(GROUP, Bytes::from_static(b"word"));
    node.receive(OTHER, &word);
    assert!(node.engine.is_let_go(GROUP), "another's word says nothing of that");
    node.receive(LEADER, &word);
    assert!(!node.engine.is_let_go(GROUP));
}

#[test]
fn only_a_leader_that_can_commit_says_who_is_not_of_the_group() {
    let asked = Envelope::AmIOf { group: GROUP };
    let told = |route, leader, voters: &[PeerId]| {
        let mut node = Node::new(ME);
        node.route(route);
        node.script.borrow_mut().leader = leader;
        node.script.borrow_mut().voters = voters.to_vec();
        node.sent();
        node.receive(OTHER, &asked);
        node.sent().len()
    };
    assert_eq!(told(Route::Here, Some(ME), &[ME, LEADER]), 1);
    assert_eq!(told(Route::Here, Some(ME), &[ME, OTHER]), 0, "it is one");
    assert_eq!(told(Route::Nowhere, Some(ME), &[ME, LEADER]), 0, "it cannot commit");
    assert_eq!(told(Route::At(LEADER), Some(LEADER), &[ME, LEADER]), 0, "it does not lead");
}
