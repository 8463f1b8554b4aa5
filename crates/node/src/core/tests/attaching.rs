//! Sessions that go on on another connection.

use super::*;
use crate::door::Attachment;

/// Alice and Bob in a room; Alice keeps her session, and this is its token.
fn alice_keeps() -> (Alone, Arc<str>) {
    let mut node = Alone::with(&["alice", "bob"]);
    for conn in [1, 2] {
        node.ask(conn, 1, join());
        node.commit();
    }
    node.said();
    node.ask(1, 2, Ask::Keep);
    node.commit();
    let token = node.token();
    (node, token)
}

fn attach(token: &str, number: u64) -> Ask {
    Ask::Attach(Attachment { token: token.into(), number, is_secure: false })
}

impl Alone {
    /// Of the only answer that there is.
    fn token(&mut self) -> Arc<str> {
        self.core.flush();
        let tokens = self.deliveries.try_iter().flatten().filter_map(|it| match it {
            Delivery::Answer { answer: Answer::Token { token, .. }, .. } => Some(token),
            _ => None,
        });
        let tokens: Vec<_> = tokens.collect();
        assert_eq!(tokens.len(), 1);
        tokens[0].clone()
    }

    fn goes_on(&mut self, conn: u32, token: &str, number: u64) -> Vec<String> {
        self.said();
        self.ask(conn, 7, attach(token, number));
        self.commit();
        self.said()
    }
}

#[test]
fn a_kept_session_outlives_its_connection_and_nobody_sees_it_leave() {
    let (mut node, token) = alice_keeps();
    node.ask(1, 0, gone("lost"));
    node.commit();
    assert_eq!(node.said(), [""; 0]);
    assert_eq!(node.goes_on(3, &token, 4), ["3.7 goes on as alice in [\"#r\"]"]);
    node.ask(2, 8, say("hello"));
    node.commit();
    assert_eq!(node.said(), ["bob says hello", "2.8 done"]);
    node.ask(3, 8, say("hello yourself"));
    node.commit();
    assert_eq!(node.said(), ["alice says hello yourself", "3.8 done"]);
}

#[test]
fn who_goes_on_while_the_old_connection_seems_to_live_ends_that_one() {
    let (mut node, token) = alice_keeps();
    let seen = node.goes_on(3, &token, 4);
    assert_eq!(seen, ["one is detached", "3.7 goes on as alice in [\"#r\"]"]);
    node.ask(1, 9, say("from the old one"));
    node.ask(1, 0, gone("closed by the door"));
    node.commit();
    assert_eq!(node.said(), ["1.9 refused: NoSession"]);
    assert!(node.core.directory.by_nick("alice").is_some());
}

#[test]
fn a_token_opens_nothing_once_the_next_is_known_and_others_nothing_at_all() {
    let (mut node, token) = alice_keeps();
    node.ask(3, 7, attach(&token, 4));
    node.commit();
    let next = node.token();
    assert_ne!(next, token);
    node.ask(3, 8, say("here"));
    node.commit();
    let (session, secret) = token.split_once('-').expect("a token has two parts");
    let turned: String = secret.chars().rev().collect();
    for wrong in [
        &*token,
        "",
        "-",
        session,
        &format!("{session}-{turned}"),
        &format!("{}-{secret}", "f".repeat(16)),
        &"x".repeat(70_000),
        "äöüäöüäöüäöüäöüä-ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß",
    ] {
        assert_eq!(node.goes_on(4, wrong, 4), ["4.7 refused: NoSession"], "{wrong:.40}");
    }
    let seen = node.goes_on(4, &next, 4);
    assert_eq!(seen, ["one is detached", "4.7 goes on as alice in [\"#r\"]"]);
}

#[test]
fn what_was_numbered_takes_effect_once_on_whichever_connection() {
    let (mut node, token) = alice_keeps();
    let numbered = |node: &mut Alone, conn, number, text: &str| {
        node.core.receive_inbound(Inbound::Requests(vec![Request {
            conn: conn_id(conn),
            tag: number,
            number,
            ask: say(text),
        }]));
    };
    node.ask(1, 5, say("zero, which the node numbers"));
    node.commit();
    node.said();
    numbered(&mut node, 1, 10, "one");
    numbered(&mut node, 1, 11, "two");
    node.commit();
    assert_eq!(node.said(), ["alice says one", "1.10 done", "alice says two", "1.11 done"]);
    node.goes_on(3, &token, 13);
    for (number, text) in [(11, "two"), (12, "three")] {
        numbered(&mut node, 3, number, text);
    }
    node.ask(3, 99, say("four, which the node numbers"));
    node.commit();
    let seen = node.said();
    let expected = [
        "3.11 done",
        "alice says three",
        "3.12 done",
        "alice says four, which the node numbers",
        "3.99 done",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn nobody_waits_for_a_session_longer_than_the_grace() {
    let (mut node, token) = alice_keeps();
    node.ask(1, 0, gone("lost"));
    node.commit();
    for _ in 0..59_000 / cluster::DUTY_MS {
        node.do_round();
    }
    assert_eq!(node.said(), [""; 0]);
    for _ in 0..4_000 / cluster::DUTY_MS {
        node.do_round();
    }
    assert_eq!(node.said(), ["alice ended: Connection closed"]);
    assert_eq!(node.goes_on(3, &token, 4), ["3.7 refused: NoSession"]);
}

#[test]
fn who_says_goodbye_ends_a_kept_session_at_once() {
    let (mut node, token) = alice_keeps();
    node.ask(1, 9, Ask::End { reason: "home".into() });
    node.commit();
    assert_eq!(node.said(), ["alice ended: home", "1.9 done"]);
    assert_eq!(node.goes_on(3, &token, 4), ["3.7 refused: NoSession"]);
}

#[test]
fn a_connection_that_has_a_session_does_not_get_another() {
    let (mut node, token) = alice_keeps();
    assert_eq!(node.goes_on(2, &token, 4), ["2.7 refused: NoSession"]);
}

#[test]
fn whose_connection_is_gone_before_the_answer_can_still_go_on() {
    let (mut node, token) = alice_keeps();
    node.ask(1, 0, gone("lost"));
    node.commit();
    node.ask(3, 7, attach(&token, 4));
    node.ask(3, 0, gone("lost, too"));
    node.commit();
    node.said();
    assert!(node.core.conn_of.len() == 1 && node.core.followed.len() == 1, "bob's alone");
    assert_eq!(node.goes_on(4, &token, 4), ["4.7 goes on as alice in [\"#r\"]"]);
}

#[test]
fn who_is_refused_leaves_nothing_behind() {
    let (mut node, _token) = alice_keeps();
    assert_eq!(node.goes_on(9, "x", 1), ["9.7 refused: NoSession"]);
    node.ask(9, 0, gone("closed"));
    assert_eq!(node.core.conns.len(), 2, "alice's and bob's");
}

#[test]
fn of_one_household_so_many_sessions_are_kept_without_a_connection_and_the_oldest_end() {
    let nicks: Vec<String> = (0..66).map(|it| format!("guest{it}")).collect();
    let nicks: Vec<&str> = nicks.iter().map(String::as_str).collect();
    let mut node = Alone::with(&nicks);
    for conn in 1..=66 {
        node.ask(conn, 1, Ask::Keep);
        node.commit();
        node.ask(conn, 0, gone("lost"));
        node.commit();
    }
    let is_in = |it: &&str| node.core.directory.by_nick(it).is_some();
    let kept: Vec<&str> = nicks.iter().copied().filter(|it| is_in(it)).collect();
    assert_eq!(kept, nicks[2..]);
    node.do_round();
    assert_eq!(node.core.left.values().map(|it| it.len()).sum::<usize>(), 64);
}
