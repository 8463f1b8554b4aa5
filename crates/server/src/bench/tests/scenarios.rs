//! A faithful server: every scenario runs, finds no faults and fills in its fields.

use std::process::{Command, Stdio};

use super::fake::{Flaw, start};
use super::{bench, number};

const SHORT: &str = "--seconds 0.4 --warmup 0.1";

#[test]
fn fanout_counts_each_delivery() {
    for load in ["", "--echo", "--rate 200"] {
        let line = format!("fanout -n 6 --senders 2 --window 4 {load} {SHORT}")
            .replace("--window 4 --rate", "--rate");
        let report = bench(&line, &start(Flaw::None, 1)).expect("the load runs");
        assert_eq!(report.faults, 0, "{}", report.json());
        assert!(number(&report, "msgs_per_s") > 50.0, "{}", report.json());
        assert!(number(&report, "latency_p50_ms") > 0.0);
    }
}

#[test]
fn rooms_spread_over_a_cluster_keep_apart() {
    let report = bench(&format!("rooms --rooms 4 -n 3 {SHORT}"), &start(Flaw::None, 3))
        .expect("the load runs");
    assert_eq!((report.faults, number(&report, "stray")), (0, 0.0), "{}", report.json());
    assert!(number(&report, "deliveries_per_s") > 50.0);
}

#[test]
fn claims_counts_what_is_granted_and_what_is_not_is_a_fault() {
    let line = format!("claims --in-flight 4 {SHORT}");
    let report = bench(&line, &start(Flaw::None, 2)).expect("the load runs");
    assert_eq!((report.faults, number(&report, "refused")), (0, 0.0), "{}", report.json());
    assert!(number(&report, "names_per_s") > 50.0, "{}", report.json());
    assert!(number(&report, "latency_p50_ms") > 0.0);

    let line = "claims --in-flight 4 --seconds 0.4 --warmup 0";
    let report = bench(line, &start(Flaw::Fails, 1)).expect("the load runs");
    assert_eq!((report.faults, number(&report, "refused")), (4, 4.0), "{}", report.json());
}

#[test]
fn commit_measures_every_level() {
    for rooms in ["", "--rooms 10", "--room #named"] {
        let line = format!("commit --in-flight 1,8 {rooms} {SHORT}");
        let report = bench(&line, &start(Flaw::None, 2)).expect("the load runs");
        assert_eq!((report.faults, report.levels.len()), (0, 2), "{}", report.json());
        for level in &report.levels {
            assert!(
                level.get("acks_per_s").is_some_and(|it| it.as_i64() > Some(50)),
                "{}",
                report.json()
            );
        }
    }
}

#[test]
fn commit_measures_strategies_side_by_side() {
    for rooms in ["", "--rooms 3", "--rooms 10"] {
        let line = format!("commit --in-flight 1,8 --replication raft,gossip {rooms} {SHORT}");
        let report = bench(&line, &start(Flaw::None, 2)).expect("the load runs");
        assert_eq!(report.faults, 0, "{}", report.json());
        let of = |name| report.levels.iter().map(move |it| it.get(name).expect("it is there"));
        let levels: Vec<_> = of("in_flight").filter_map(|it| it.as_i64()).collect();
        assert_eq!(levels, [1, 1, 8, 8]);
        let words = ["raft", "gossip", "raft", "gossip"];
        assert!(of("replication").map(|it| it.as_str()).eq(words.map(Some)));
        assert!(of("acks_per_s").all(|it| it.as_i64() > Some(50)), "{}", report.json());
    }
}

#[test]
fn a_server_that_lets_nobody_choose_says_so_instead_of_figures() {
    let why = bench(&format!("commit --replication gossip {SHORT}"), &start(Flaw::Fails, 1));
    let why = format!("{:#}", why.expect_err("it cannot"));
    assert!(why.contains("only Starling can") && why.contains("472"), "{why}");
    let both = bench("commit --room #r --replication raft,gossip", &start(Flaw::None, 1));
    assert!(format!("{:#}", both.expect_err("one room")).contains("one way at a time"));
}

#[test]
fn idle_reads_the_memory_of_the_process_it_is_given() {
    let line =
        format!("idle -n 20 --rooms 2 --settle 0.1 --hold 0.1 --server-pid {}", std::process::id());
    let report = bench(&line, &start(Flaw::None, 1)).expect("the load runs");
    assert!(number(&report, "server_rss_mib") > 0.0);
    assert!(report.fields.get("bytes_per_joined").is_some());
}

#[test]
fn connect_registers_again_and_again() {
    let report =
        bench(&format!("connect --slots 5 {SHORT}"), &start(Flaw::None, 1)).expect("the load runs");
    assert!(number(&report, "registrations_per_s") > 50.0, "{}", report.json());
    assert_eq!(number(&report, "failed"), 0.0);
}

#[test]
fn history_checks_the_pages_of_what_it_wrote() {
    let line = format!("history --connections 2 --fill 700 --page 50 {SHORT}");
    let report = bench(&line, &start(Flaw::None, 1)).expect("the load runs");
    assert_eq!(report.faults, 0, "{}", report.json());
    let (requests, messages) = (number(&report, "requests_per_s"), number(&report, "msgs_per_s"));
    assert!(requests > 10.0 && (messages / requests - 50.0).abs() < 0.5, "{}", report.json());
}

#[test]
fn failover_signals_only_its_victim_and_sees_no_pause_where_there_is_none() {
    for blow in ["--kill-pid", "--stop-pid"] {
        let mut victim =
            Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().expect("there is sleep");
        let line = format!("failover --seconds 1.2 {blow} {}", victim.id());
        let report = bench(&line, &start(Flaw::None, 2)).expect("the load runs");
        assert_eq!(
            (report.faults, number(&report, "servers_fallen")),
            (0, 0.0),
            "{}",
            report.json()
        );
        assert_eq!(number(&report, "acked"), number(&report, "sent"));
        assert!(number(&report, "write_pause_ms") < 1_000.0, "{}", report.json());
        let has_ended = victim.try_wait().expect("it is ours").is_some();
        assert_eq!(has_ended, blow == "--kill-pid");
        let _ = victim.kill();
        let _ = victim.wait();
    }
}
