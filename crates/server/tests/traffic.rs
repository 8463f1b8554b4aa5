//! The clients of the kill tests, together with their judge, find out what a cluster does wrong. The
//! cluster is a fake: its faults are known.

mod support;

use checker::{Evidence, History};
use support::fake::{Fake, Flaw};
use support::judge::judge;
use support::traffic::{Traffic, history};

const ROOM: &str = "#traffic";
const NODES: usize = 3;

/// Some traffic, one node that loses its clients, some more.
fn run(flaw: Flaw) -> Evidence {
    let fake = Fake::start(NODES, flaw);
    let mut traffic = Traffic::start(fake.nodes.clone(), ROOM, 6);
    traffic.more(150);
    fake.cut(0);
    traffic.more(150);
    let mut evidence = traffic.stop();
    let nodes = fake.nodes.iter().enumerate();
    let histories = nodes.map(|(number, node)| {
        let items = history(*node, ROOM, "reader");
        History { node: format!("n{number}").into(), place: ROOM.into(), items }
    });
    evidence.finals = histories.collect();
    evidence
}

#[track_caller]
fn is_found(flaw: Flaw, invariant: &str, names: &str) {
    let found = judge(&run(flaw)).expect_err("it is a bad run");
    let is_it = |it: &checker::Violation| it.invariant == invariant && it.story.contains(names);
    assert!(found.iter().any(is_it), "{found:?}");
}

#[test]
fn an_honest_cluster_passes_although_clients_are_cut_off() {
    let tally = judge(&run(Flaw::None)).expect("nothing is wrong with it");
    assert!(tally.echoed >= 300 && tally.refused == 0, "{tally:?}");
}

#[test]
fn refusing_is_honest() {
    let tally = judge(&run(Flaw::Refuses)).expect("nothing is wrong with it");
    assert!(tally.refused > 0, "{tally:?}");
}

#[test]
fn a_cluster_that_forgets_is_found_out() {
    is_found(Flaw::Forgets, "acknowledged", "");
}

#[test]
fn a_cluster_that_doubles_is_found_out() {
    is_found(Flaw::Doubles, "once", "");
}

#[test]
fn a_cluster_that_does_what_it_refused_is_found_out() {
    is_found(Flaw::Resurrects, "refused", "");
}

#[test]
fn a_cluster_that_reorders_is_found_out() {
    is_found(Flaw::Reorders, "order", "");
}

#[test]
fn a_cluster_that_leaves_out_a_delivery_is_found_out() {
    is_found(Flaw::Mutes, "missed", "");
}

#[test]
fn a_cluster_whose_nodes_disagree_is_found_out() {
    is_found(Flaw::Disagrees, "equal", "n0 and n2 differ in #traffic, behind 0 equal");
}
