//! A server that errs: whatever it does wrong is counted, or ends the run with a clear message.

use std::net::TcpListener;

use super::fake::{Flaw, start};
use super::{bench, number};

const FANOUT: &str = "fanout -n 4 --senders 1 --window 4 --seconds 0.5 --warmup 0.1";

/// Lost, duplicated, reordered. The flawed client is last; the observer of the sender is not it.
fn faults_of(flaw: Flaw) -> [f64; 3] {
    let report = bench(&format!("{FANOUT} --echo"), &start(flaw, 1)).expect("the load runs");
    assert!(report.faults > 0, "{}", report.json());
    ["lost", "duplicated", "reordered"].map(|name| number(&report, name))
}

fn error_of(line: &str, servers: &[std::net::SocketAddr]) -> String {
    format!("{:#}", bench(line, servers).expect_err("the load cannot run"))
}

#[test]
fn what_the_server_loses_is_lost() {
    let [lost, duplicated, reordered] = faults_of(Flaw::Loses);
    assert!(lost > 0.0 && duplicated == 0.0 && reordered == 0.0, "{lost} {duplicated} {reordered}");
}

#[test]
fn what_the_server_repeats_is_a_double() {
    let [lost, duplicated, reordered] = faults_of(Flaw::Repeats);
    assert!(lost == 0.0 && duplicated > 0.0 && reordered == 0.0, "{lost} {duplicated} {reordered}");
}

#[test]
fn what_the_server_swaps_is_out_of_order() {
    let [lost, duplicated, reordered] = faults_of(Flaw::Swaps);
    // The last message may be kept back for ever.
    assert!(lost <= 1.0 && duplicated == 0.0 && reordered > 0.0, "{lost} {duplicated} {reordered}");
}

#[test]
fn refused_and_unknown_messages_are_counted_and_do_not_end_the_load() {
    let line = "commit --in-flight 8 --seconds 0.4 --warmup 0.1";
    let report = bench(line, &start(Flaw::Fails, 1)).expect("the load runs");
    assert_eq!(report.faults, 0, "{}", report.json());
    assert!(
        number(&report, "refused") > 0.0 && number(&report, "unknown") > 0.0,
        "{}",
        report.json()
    );
}

#[test]
fn failover_tells_refused_from_unknown_by_label() {
    let report = bench("failover --seconds 1.2", &start(Flaw::Fails, 1)).expect("the load runs");
    assert_eq!(report.faults, 0, "{}", report.json());
    assert!(
        number(&report, "refused") > 0.0 && number(&report, "unknown") > 0.0,
        "{}",
        report.json()
    );
    let answered =
        ["acked", "refused", "unknown"].map(|name| number(&report, name)).iter().sum::<f64>();
    assert_eq!(answered, number(&report, "sent"), "{}", report.json());
}

#[test]
fn a_nick_in_use_is_no_obstacle() {
    let report = bench(FANOUT, &start(Flaw::HoldsNicks, 1)).expect("the load runs");
    assert_eq!(report.faults, 0);
}

#[test]
fn a_server_that_sends_everyone_away_is_quoted() {
    for line in [FANOUT, "connect --slots 3", "idle -n 3"] {
        let error = error_of(line, &start(Flaw::Bans, 1));
        assert!(error.contains("too many connections from your host"), "{line}: {error}");
    }
}

#[test]
fn a_server_that_is_not_there_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    for line in [FANOUT, "connect --slots 3"] {
        let error = error_of(line, &[address]);
        assert!(error.contains("refused"), "{line}: {error}");
    }
}

#[test]
fn a_load_that_stalls_ends_with_a_message() {
    let error =
        error_of(&FANOUT.replace("--seconds 0.5", "--seconds 30"), &start(Flaw::GoesSilent, 1));
    assert!(error.contains("no delivery for 1 s"), "{error}");
}

#[test]
fn a_pid_that_does_not_exist_is_reported() {
    let error = error_of("idle -n 1 --server-pid 2147483647", &start(Flaw::None, 1));
    assert!(error.contains("no such process"), "{error}");
}
