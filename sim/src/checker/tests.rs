//! Each kind of bad history is caught, and a good one is not.

use super::{Evidence, Kept, Outcome, Sent, check};

fn sent(sender: &str, number: u64, outcome: Outcome) -> Sent {
    Sent { sender: sender.to_owned(), number, sent_ms: number, outcome, answered_ms: number + 1 }
}

fn history(messages: &[(&str, u64)]) -> Vec<Kept> {
    let kept = messages.iter().enumerate().map(|(at, (sender, number))| Kept {
        id: format!("{at:04}"),
        at_ms: at as u64,
        message: Some(((*sender).to_owned(), *number)),
        body: String::new(),
    });
    kept.collect()
}

/// Ann's first was acknowledged, her second refused, her third is unknown; Bob's was acknowledged.
fn evidence(messages: &[(&str, u64)]) -> Evidence {
    Evidence {
        sent: vec![
            sent("ann", 1, Outcome::Done),
            sent("ann", 2, Outcome::Refused),
            sent("ann", 3, Outcome::Unknown),
            sent("bob", 1, Outcome::Done),
        ],
        histories: ["n1", "n2"].map(|it| (it.to_owned(), history(messages))).into(),
        ..Evidence::default()
    }
}

fn violated(evidence: &Evidence) -> Vec<&'static str> {
    check(evidence).iter().map(|it| it.invariant).collect()
}

#[test]
fn good_histories_pass() {
    assert!(violated(&evidence(&[("ann", 1), ("bob", 1)])).is_empty());
    assert!(violated(&evidence(&[("bob", 1), ("ann", 1), ("ann", 3)])).is_empty());
}

#[test]
fn each_bad_history_is_caught() {
    let bad: &[(&str, &[(&str, u64)])] = &[
        ("acknowledged", &[("ann", 1)]),
        ("once", &[("ann", 1), ("bob", 1), ("ann", 1)]),
        ("order", &[("ann", 3), ("ann", 1), ("bob", 1)]),
        ("refused", &[("ann", 1), ("ann", 2), ("bob", 1)]),
        ("invented", &[("ann", 1), ("bob", 1), ("eve", 1)]),
    ];
    for (invariant, messages) in bad {
        assert_eq!(violated(&evidence(messages)), [*invariant]);
    }
}

#[test]
fn nodes_that_differ_are_caught() {
    let mut it = evidence(&[("ann", 1), ("bob", 1)]);
    it.histories[1].1 = history(&[("bob", 1), ("ann", 1)]);
    assert_eq!(violated(&it), ["equal"]);
}

#[test]
fn ids_that_run_backward_are_caught() {
    let mut it = evidence(&[("ann", 1), ("bob", 1)]);
    it.histories.iter_mut().for_each(|it| it.1.reverse());
    assert_eq!(violated(&it), ["ids"]);
}

#[test]
fn a_question_without_an_answer_is_caught() {
    let mut it = evidence(&[("ann", 1), ("bob", 1)]);
    it.sent[2].outcome = Outcome::Waiting;
    assert_eq!(violated(&it), ["answered"]);
}

#[test]
fn a_record_delivered_twice_is_caught() {
    let mut it = evidence(&[("ann", 1), ("bob", 1)]);
    it.delivered = vec![vec!["1".to_owned(), "2".to_owned(), "2".to_owned()]];
    assert_eq!(violated(&it), ["delivered"]);
}
