//! Groups that shall live elsewhere: some at a time go there.

use super::*;
use chat::directory::{DirectoryCommand, Roles};

const OTHER: NodeId = NodeId(8);

/// A node that founded 16 groups, and another one that has joined and never does anything.
fn with_another() -> Alone {
    let mut it = Alone::as_founder_of(16);
    it.become_ready();
    for _ in 0..10 {
        it.do_round();
    }
    assert!(it.core.status().moves.is_empty(), "all have come to where they were founded");
    it.core.propose(&DirectoryCommand::AddMember {
        id: OTHER,
        name: "b".into(),
        address: "b:1".into(),
        roles: Roles { directory: false, chat: true },
        replaces: None,
    });
    it.core.link(OTHER.0, true);
    it.commit();
    it
}

impl Alone {
    /// How many groups are on their way, and how many wait for them.
    fn moves(&self) -> (usize, usize) {
        let moves = self.core.status().moves;
        let of = |state: &str| moves.iter().filter(|it| it.state == state).count();
        (of("moving"), of("waiting"))
    }
}

#[test]
fn two_groups_move_at_a_time_and_one_that_is_stuck_holds_the_others_up_for_two_minutes_only() {
    let mut it = with_another();
    let total = {
        it.do_round();
        let (moving, waiting) = it.moves();
        moving + waiting
    };
    // About half of 16 places, each with the two groups that live there.
    assert!((8..=24).contains(&total), "{total} shall live elsewhere");
    for _ in 0..400 {
        it.do_round();
        assert_eq!(it.moves(), (2, total - 2), "the other node takes none in");
    }
    for _ in 0..120 {
        it.do_round();
    }
    assert_eq!(it.moves(), (4, total - 4));
}

#[test]
fn nothing_moves_to_a_node_that_is_drained_and_what_waits_for_it_waits_no_longer() {
    let mut it = with_another();
    it.do_round();
    assert!(it.moves().1 > 0);
    it.core.propose(&DirectoryCommand::Drain { id: OTHER, is_drained: true });
    it.commit();
    for _ in 0..20 {
        it.do_round();
    }
    assert_eq!(it.moves(), (0, 0), "those under way have come back");
}
