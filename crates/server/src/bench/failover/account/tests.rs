use super::*;

const RUN: RunTag = RunTag(*b"abcd");

fn hear(account: &mut Account, client: usize, stamp: &Stamp, now_ns: u64) {
    let mut line = b":n!u@h PRIVMSG #r :".to_vec();
    stamp.write(&mut line, 100);
    account.line(client, &line, now_ns);
}

/// Three clients on three servers; client 2 falls.
fn account() -> (Account, impl Fn(usize) -> bool) {
    (Account::new(RUN, 3, 3), |client| client != 2)
}

#[test]
fn only_what_was_acknowledged_can_be_lost() {
    let (mut account, survived) = account();
    let acked = account.send(0, 0);
    let open = account.send(2, 0);
    hear(&mut account, 0, &acked, 10);
    hear(&mut account, 1, &open, 20);
    let outcome = account.outcome(&survived);
    assert_eq!((outcome.acked, outcome.lost, outcome.unanswered_by_fallen), (1, 1, 1));
    assert!(!account.is_settled(&survived));
    hear(&mut account, 1, &acked, 30);
    assert!(account.is_settled(&survived));
}

#[test]
fn answers_go_to_the_labelled_message_or_the_oldest() {
    let (mut account, survived) = account();
    let sent: Vec<Stamp> = (0..3).map(|_| account.send(1, 0)).collect();
    account.line(1, b"@label=3 :s FAIL PRIVMSG OUTCOME_UNKNOWN #r :?", 1);
    account.line(1, b":s FAIL PRIVMSG NO_MAJORITY #r :no", 1);
    hear(&mut account, 1, &sent[1], 2);
    hear(&mut account, 0, &sent[1], 2);
    hear(&mut account, 0, &sent[2], 2);
    let outcome = account.outcome(&survived);
    assert_eq!((outcome.unknown, outcome.refused, outcome.acked, outcome.faults()), (1, 1, 1, 0));
    hear(&mut account, 0, &sent[0], 3);
    let outcome = account.outcome(&survived);
    assert_eq!((outcome.refused_but_delivered, outcome.reordered), (1, 1));
}

#[test]
fn doubles_count_at_survivors_only() {
    let (mut account, survived) = account();
    let sent = account.send(0, 0);
    for client in [0, 1, 1, 2, 2] {
        hear(&mut account, client, &sent, 1);
    }
    assert_eq!(account.outcome(&survived).duplicated, 1);
}

#[test]
fn the_pause_is_the_longest_gap_after_the_blow() {
    let times = [0, 50, 60, 100, 400, 450];
    assert_eq!(longest_gap_ns(&times, 110, 500), 300);
    assert_eq!(longest_gap_ns(&times, 410, 500), 50);
    assert_eq!(longest_gap_ns(&times, 110, 9_000), 8_550);
    assert_eq!(longest_gap_ns(&[], 100, 600), 500);
}
