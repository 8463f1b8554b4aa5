use super::*;

const RUN: RunTag = RunTag(*b"abcd");

/// Clients 0, 1, 2 in room 0, of which 0 and 1 send; client 3 alone in rooms 1 and 2.
fn traffic() -> Traffic {
    let plan = Plan {
        rooms_of: vec![vec![0], vec![0], vec![0], vec![1, 2]],
        senders: vec![(0, 0, 2), (1, 0, 2), (3, 1, 3), (3, 2, 3)],
        room_names: vec!["#r0".into(), "#r1".into(), "#r2".into()],
        text_bytes: 100,
        is_echoed: true,
    };
    Traffic::new(RUN, &plan, Timed::Deliveries)
}

fn hear(traffic: &mut Traffic, client: usize, run: RunTag, sender: usize, sequence: u32) {
    let mut line = b":n!u@h PRIVMSG #r :".to_vec();
    Stamp { run, sender, sequence, sent_ns: 1 }.write(&mut line, 100);
    traffic.line(client, &line, 2);
}

#[test]
fn only_the_observer_acknowledges_and_only_once() {
    let mut traffic = traffic();
    hear(&mut traffic, 1, RUN, 0, 1);
    assert!(traffic.take_due().is_empty());
    hear(&mut traffic, 2, RUN, 0, 1);
    hear(&mut traffic, 2, RUN, 0, 1);
    assert_eq!(traffic.take_due(), [0]);
    assert_eq!((traffic.senders[0].acked, traffic.ledger.duplicated), (1, 1));
}

#[test]
fn every_sender_has_its_own_lane_at_every_receiver() {
    let mut traffic = traffic();
    for (client, sender) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 2), (3, 3)] {
        hear(&mut traffic, client, RUN, sender, 1);
    }
    assert_eq!((traffic.ledger.received, traffic.faults()), (8, 0));
}

#[test]
fn another_room_or_another_run_is_stray() {
    let mut traffic = traffic();
    hear(&mut traffic, 3, RUN, 0, 1);
    hear(&mut traffic, 0, RUN, 99, 1);
    hear(&mut traffic, 0, RunTag(*b"zzzz"), 0, 1);
    assert_eq!((traffic.ledger.received, traffic.stray), (0, 3));
}

#[test]
fn a_failure_frees_the_window_and_excuses_the_delivery() {
    let mut traffic = traffic();
    traffic.senders[2].in_flight = 1;
    traffic.senders[3].in_flight = 1;
    traffic.expected = 2;
    traffic.line(3, b":s FAIL PRIVMSG NO_MAJORITY #r2 :not now", 2);
    assert_eq!((traffic.take_due(), traffic.outstanding()), (vec![3], 1));
    traffic.line(3, b"FAIL PRIVMSG OUTCOME_UNKNOWN :who knows", 2);
    assert_eq!((traffic.refused, traffic.unknown, traffic.outstanding()), (1, 1, 0));
}
