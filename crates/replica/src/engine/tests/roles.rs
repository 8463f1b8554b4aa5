//! A replica is given up, or one begins: what becomes of this node's lane.

use super::*;
use crate::lane::{Section, Seen};

/// The commands of a section that are new to whoever has applied so much.
fn admitted(seen: &mut Seen, mut section: Bytes) -> usize {
    seen.admit(Section::take(&mut section).expect("a section")).1.len()
}

#[test]
fn a_lane_ends_with_the_replica_that_is_given_up_and_the_next_one_is_another() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    let mut seen = Seen::default();
    node.submit(0..1);
    let section = node.sections().remove(0);
    assert_eq!(admitted(&mut seen, section.clone()), 1);
    let mut leader = Node::routed(LEADER, Route::Here);
    leader.receive(ME, &Envelope::Propose(GROUP, section));
    let entry = leader.script.borrow().offered[0].clone();
    node.commit(1, entry);

    node.engine.drop_replica(GROUP);
    assert!(node.engine.ticket == 1 && node.engine.pending_bytes() > 0, "the log forgets it too");
    node.engine.link(LEADER, true);
    node.engine.observe(GROUP, &[LEADER]);
    node.tick_after(1_000);
    node.submit(1..2);
    assert_eq!(admitted(&mut seen, node.sections().remove(0)), 1, "it is no repeat");
}

#[test]
fn what_waits_when_a_replica_is_given_up_is_offered_again_by_whoever_follows() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    node.submit(0..2);
    let before = node.sections();
    node.engine.drop_replica(GROUP);
    assert_eq!(node.settle(), [""; 0], "nobody hears of it");
    node.engine.link(LEADER, true);
    node.engine.observe(GROUP, &[LEADER]);
    node.tick_after(500);
    let status = node.engine.status().remove(0);
    assert_eq!((status.role, status.waiting), ("observer", 2));
    let mut seen = Seen::default();
    let admitted: usize =
        before.into_iter().chain(node.sections()).map(|section| admitted(&mut seen, section)).sum();
    assert_eq!(admitted, 2, "and each happens once");
}

#[test]
fn an_observer_that_becomes_a_replica_keeps_what_waits_and_what_it_has_applied() {
    let mut node = Node::new(ME);
    let followed = GroupId(4);
    node.engine.observe(followed, &[LEADER]);
    node.engine.link(LEADER, true);
    node.tick_after(1_000);
    let data = Bytes::new();
    node.receive(LEADER, &Envelope::Observed { group: followed, index: 1, term: 1, data });
    node.engine.submit(followed, 0, Bytes::from_static(b"x"));
    node.settle();

    node.engine.add_replica(followed, Default::default(), StateAt::default()).expect("it is new");
    let status = node.engine.status().remove(1);
    assert_eq!((status.role, status.applied, status.waiting), ("learner", 1, 1));
    assert!(node.engine.groups[&followed].outbox.oldest_age_ms(node.now_ms).is_some());
    let section = node.engine.groups.get_mut(&followed).expect("it is here").outbox.next_section();
    assert!(section.is_some(), "it is offered again");
}

#[test]
fn where_the_log_begins_anew_so_does_the_history() {
    let mut node = Node::new(ME);
    let at = StateAt { index: 5, ..StateAt::default() };
    node.engine.add_replica(GroupId(4), Default::default(), at).expect("it is new");
    let group = &node.engine.groups[&GroupId(4)];
    assert_eq!((group.applied, group.kept), (5, 0));
}
