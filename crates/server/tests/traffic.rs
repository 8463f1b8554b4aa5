//! The clients of the kill tests, together with their judge, find out what a cluster does wrong. The
//! cluster is a fake: its faults are known.

mod support;

use support::fake::{Fake, Flaw};
use support::judge::{Evidence, Fault, judge};
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
    let histories =
        nodes.map(|(number, node)| (format!("n{number}"), history(*node, ROOM, "reader")));
    evidence.histories = histories.collect();
    evidence
}

#[track_caller]
fn is_found(flaw: Flaw, is_it: impl Fn(&Fault) -> bool) {
    let faults = judge(&run(flaw)).expect_err("it is a bad run");
    assert!(faults.iter().any(is_it), "{faults:?}");
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
    is_found(Flaw::Forgets, |it| matches!(it, Fault::Missing(..)));
}

#[test]
fn a_cluster_that_doubles_is_found_out() {
    is_found(Flaw::Doubles, |it| matches!(it, Fault::Doubled(..)));
}

#[test]
fn a_cluster_that_does_what_it_refused_is_found_out() {
    is_found(Flaw::Resurrects, |it| matches!(it, Fault::Resurrected(..)));
}

#[test]
fn a_cluster_that_reorders_is_found_out() {
    is_found(Flaw::Reorders, |it| matches!(it, Fault::Reordered(..)));
}

#[test]
fn a_cluster_that_leaves_out_a_delivery_is_found_out() {
    is_found(Flaw::Mutes, |it| matches!(it, Fault::Gap(..)));
}

#[test]
fn a_cluster_whose_nodes_disagree_is_found_out() {
    is_found(Flaw::Disagrees, |it| matches!(it, Fault::Different(node, 0) if node == "n2"));
}
