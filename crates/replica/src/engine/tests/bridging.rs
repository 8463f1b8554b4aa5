//! A replica that has applied something already, and is given a state ahead of that.

use super::*;

const STATE_AT: u64 = 7;

fn entry(index: u64) -> Envelope {
    Envelope::Observed { group: GROUP, index, term: 1, data: Bytes::new() }
}

/// All of a state, and no history before it, have come from the leader; what happened then.
fn fetched(node: &mut Node) -> Vec<String> {
    node.engine.begin_fetch(GROUP, LEADER, STATE_AT, Some(Bytes::new()));
    let strategy = (STATE_AT, 1, Vec::new());
    let state = GroupCheckpoint { applied: STATE_AT, term: 1, strategy, ..Default::default() };
    let part = Bytes::from(postcard::to_stdvec(&state).expect("memory takes everything"));
    let total = part.len() as u64;
    let state = Envelope::State { group: GROUP, index: STATE_AT, offset: 0, total, part };
    assert_eq!(node.receive(LEADER, &state), [""; 0]);
    node.sent();
    let (next, records) = (None, Bytes::new());
    node.receive(LEADER, &Envelope::History { group: GROUP, upto: STATE_AT, next, records })
}

/// A replica that applied five entries, as an observer or before it fell behind.
fn replica() -> Node {
    let mut node = Node::new(ME);
    for index in 1..=5 {
        node.commit(index, Bytes::new());
    }
    node
}

#[test]
fn entries_between_what_is_applied_and_the_state_come_one_by_one_and_nobody_misses_one() {
    let mut node = replica();
    assert_eq!(fetched(&mut node), [""; 0], "the state does not take the place of ours");
    let asked = format!("{:?}", Envelope::Observe { group: GROUP, after: 5 });
    assert_eq!(node.sent(), [(LEADER, asked)]);

    assert_eq!(node.receive(OTHER, &entry(6)), [""; 0]);
    assert_eq!(node.engine.applied(GROUP), 5, "nobody else was asked");
    node.receive(LEADER, &entry(6));
    assert_eq!(node.receive(LEADER, &entry(7)), ["keep g3"]);
    assert_eq!(node.engine.applied(GROUP), STATE_AT);
    node.engine.installed(GROUP);
    assert!(node.engine.has_history(GROUP));
    assert_eq!(node.receive(LEADER, &entry(8)), [""; 0]);
    assert_eq!(node.engine.applied(GROUP), STATE_AT, "from here on the strategy says what is next");
}

#[test]
fn a_checkpoint_on_the_way_to_a_state_starts_where_ours_ends_so_that_a_crash_loses_nothing_between()
{
    let mut node = replica();
    fetched(&mut node);
    let starts_at = |node: &Node| {
        let checkpoint = node.engine.checkpoint(|_| Vec::new());
        let group = &checkpoint.groups[&GROUP.0];
        (group.strategy.0, group.applied)
    };
    for index in 6..=STATE_AT {
        let (start, applied) = starts_at(&node);
        assert!(start <= applied && applied == index - 1, "from {start} with {applied} applied");
        node.receive(LEADER, &entry(index));
    }
    assert_eq!(starts_at(&node), (STATE_AT, STATE_AT));
}

#[test]
fn where_the_entries_are_gone_or_do_not_come_the_state_takes_the_place_of_ours() {
    let mut node = replica();
    fetched(&mut node);
    let restart = Envelope::Restart { group: GROUP, index: 9 };
    assert_eq!(node.receive(OTHER, &restart), [""; 0]);
    assert_eq!(node.receive(LEADER, &restart), ["install g3"]);
    assert_eq!(node.engine.applied(GROUP), STATE_AT);

    let mut node = replica();
    fetched(&mut node);
    node.receive(LEADER, &entry(6));
    assert_eq!(node.tick_after(500), [""; 0]);
    assert_eq!(node.tick_after(600), ["install g3"]);
}

#[test]
fn without_anything_applied_the_state_is_taken_at_once() {
    let mut node = Node::new(ME);
    assert_eq!(fetched(&mut node), ["install g3"]);
}
