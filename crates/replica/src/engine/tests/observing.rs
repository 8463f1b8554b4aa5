//! A node without a replica follows one, and its commands go there.

use super::*;
use crate::engine::observe::{ANSWER_MS, LOOK_AGAIN_MS};
use crate::lane::Seen;

const FOLLOWED: GroupId = GroupId(4);

fn alive(index: u64) -> Envelope {
    Envelope::Alive { group: FOLLOWED, index }
}

impl Node {
    /// To whom sections of the followed group went since it was last asked.
    fn proposed(&mut self) -> Vec<PeerId> {
        let sent = std::mem::take(&mut self.sent.0);
        let to = |(to, it)| matches!(it, Envelope::Propose(FOLLOWED, _)).then_some(to);
        sent.into_iter().filter_map(to).collect()
    }

    /// All of a state without commands, in one part.
    fn receive_state(&mut self, index: u64) -> Vec<String> {
        let state =
            GroupCheckpoint { applied: index, lanes: Seen::default(), ..Default::default() };
        let part = Bytes::from(postcard::to_stdvec(&state).expect("memory takes everything"));
        let (group, total) = (FOLLOWED, part.len() as u64);
        self.receive(LEADER, &Envelope::State { group, index, offset: 0, total, part })
    }
}

#[test]
fn what_is_submitted_before_the_state_is_here_is_offered_after_it_so_that_its_outcome_is_seen() {
    let mut node = Node::new(ME);
    node.engine.observe(FOLLOWED, &[LEADER]);
    node.engine.link(LEADER, true);
    node.engine.submit(FOLLOWED, 0, Bytes::from_static(b"x"));
    node.tick_after(0);
    node.receive(LEADER, &Envelope::Restart { group: FOLLOWED, index: 5 });
    node.engine.submit(FOLLOWED, 1, Bytes::from_static(b"y"));
    node.tick_after(25);
    assert_eq!(
        node.proposed(),
        [],
        "the state might contain it, and would not say what came of it"
    );
    assert_eq!(node.receive_state(5), ["install g4"]);
    assert_eq!(node.proposed(), [], "not restored yet");
    node.engine.installed(FOLLOWED);
    node.settle();
    assert_eq!(node.proposed(), [LEADER]);
    node.receive(LEADER, &Envelope::Restart { group: FOLLOWED, index: 9 });
    node.engine.submit(FOLLOWED, 2, Bytes::from_static(b"z"));
    node.settle();
    assert_eq!(node.proposed(), [], "the same when it has fallen behind");
}

#[test]
fn all_who_shall_have_a_replica_are_tried_in_turn_until_one_answers() {
    let mut node = Node::new(ME);
    let candidates = [LEADER, OTHER, 4];
    candidates.iter().for_each(|it| node.engine.link(*it, true));
    let mut tried = Vec::new();
    for _ in 0..4 {
        node.engine.observe(FOLLOWED, &candidates); // As the directory says again and again.
        node.tick_after(ANSWER_MS);
        tried.extend(node.engine.source(FOLLOWED));
    }
    assert_eq!(tried, [LEADER, OTHER, 4, LEADER]);
}

#[test]
fn what_waited_for_a_state_that_does_not_come_is_refused() {
    let mut node = Node::new(ME);
    node.engine.observe(FOLLOWED, &[LEADER]);
    node.engine.link(LEADER, true);
    node.tick_after(0);
    node.receive(LEADER, &Envelope::Restart { group: FOLLOWED, index: 5 });
    node.engine.submit(FOLLOWED, 0, Bytes::from_static(b"x"));
    assert_eq!(node.tick_after(GIVE_UP_ROUTED_MS), ["refused 0"], "nobody was offered it");
}

#[test]
fn who_wants_to_follow_a_replica_that_has_nothing_yet_is_answered_once_it_has() {
    let mut node = Node::routed(ME, Route::At(LEADER));
    assert_eq!(node.receive(OTHER, &Envelope::Observe { group: GROUP, after: 0 }), [""; 0]);
    assert_eq!(node.commit(1, Bytes::new()), ["wants state"]);
    node.engine.provide(GROUP, b"state");
    node.settle();
    let restart = Envelope::Restart { group: GROUP, index: 1 };
    assert_eq!(node.sent(), [(OTHER, format!("{restart:?}"))]);
    assert_eq!(node.commit(2, Bytes::new()), [""; 0], "once");
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
    let asked = Envelope::Observe { group: FOLLOWED, after: 0 };
    assert_eq!(node.sent(), [(LEADER, format!("{asked:?}"))], "it is asked for entries");
    node.receive(LEADER, &alive(0));
    assert_eq!(node.proposed(), [LEADER], "and then offered ours");

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
