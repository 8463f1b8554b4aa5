//! What a replica's strategy hears, what it has written, and what is said of it.

use super::*;

fn write(node: &mut Node, append: Append) {
    node.script.borrow_mut().appends.push(append);
    node.engine.touched.insert(GROUP);
    node.settle();
}

#[test]
fn a_strategy_hears_of_ticks_and_of_the_syncs_it_waits_for() {
    let mut node = Node::new(ME);
    node.tick_after(25);
    assert_eq!(node.script.borrow().ticks, 1);
    node.engine.synced(0);
    assert_eq!(node.script.borrow().synced, [0; 0], "nothing of it was written");
    for term in 1..=2 {
        write(&mut node, Append::HardState { group: GROUP, term, vote: 0, commit: 0 });
    }
    for ticket in [1, 1, 2, 2, 3] {
        node.engine.synced(ticket);
    }
    assert_eq!(node.script.borrow().synced, [1, 2]);
}

#[test]
fn what_it_wants_written_goes_to_the_log() {
    let mut node = Node::new(ME);
    assert_eq!(node.engine.pending_bytes(), 0);
    write(&mut node, Append::HardState { group: GROUP, term: 1, vote: 0, commit: 0 });
    assert!(node.engine.pending_bytes() > 8);
    node.engine.sync_log();
    assert_eq!((node.engine.pending_bytes(), node.engine.fatal()), (0, None));
}

#[test]
fn a_log_that_takes_nothing_in_is_the_end() {
    let mut node = Node::new(ME);
    let (index, term, kind, body, context) = (7, 1, 0, Bytes::new(), Bytes::new());
    write(&mut node, Append::Entry { group: GROUP, index, term, kind, body, context });
    let why = node.engine.fatal().expect("its entries would have a gap");
    assert!(why.starts_with("the log takes nothing in: "), "{why}");
}

#[test]
fn it_is_told_where_replicas_shall_be_and_to_step_down() {
    let mut node = Node::new(ME);
    node.engine.want(GROUP, &[ME, OTHER]);
    node.engine.step_down();
    assert_eq!(node.script.borrow().wanted, [ME, OTHER]);
    assert!(node.script.borrow().has_stepped_down);
}

#[test]
fn its_part_in_the_group_is_told() {
    let mut node = Node::new(ME);
    node.submit(0..2);
    let role = |node: &Node| node.engine.status()[0].role;
    assert_eq!((role(&node), node.engine.status()[0].waiting), ("learner", 2));
    node.script.borrow_mut().voters = vec![ME, LEADER];
    node.script.borrow_mut().leader = Some(LEADER);
    assert_eq!(role(&node), "voter");
    node.script.borrow_mut().leader = Some(ME);
    assert_eq!(role(&node), "leader");
}

#[test]
fn history_counts_as_kept_up_to_the_first_entry_that_did_not_come_this_way() {
    let mut node = Node::new(ME);
    for index in [1, 2, 4, 5] {
        node.commit(index, Bytes::new());
    }
    assert_eq!(node.engine.groups[&GROUP].kept, 2);
}
