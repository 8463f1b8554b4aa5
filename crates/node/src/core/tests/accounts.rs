//! Logging in, and what an account's owner may do to it.

use super::*;
use crate::accounts::{AccountAsk, AccountRefused, Login};
use crate::door::Registration;
use chat::directory::{AccountRefusal, Change};
use std::net::IpAddr;

const PASSWORD: &str = "correct horse";

fn address() -> IpAddr {
    "192.0.2.1".parse().expect("an address")
}

fn register_account(name: &str) -> Ask {
    Ask::Account(AccountAsk::Register {
        name: nick(name),
        password: Some(PASSWORD.into()),
        certificate: None,
        email: None,
        address: address(),
    })
}

fn log_in_from(address: &str, account: &str, password: &str) -> Ask {
    let login = Login::Password { account: account.into(), password: password.into() };
    Ask::Account(AccountAsk::Login { login, address: address.parse().expect("an address") })
}

fn log_in(account: &str, password: &str) -> Ask {
    log_in_from("192.0.2.1", account, password)
}

fn drop_account(password: &str) -> Ask {
    Ask::Account(AccountAsk::Drop { password: password.into(), address: address() })
}

fn be(account: &str) -> Ask {
    Ask::Alter(Change::Account(Some(account.into())))
}

fn answer_to(node: &mut Alone, conn: u32, ask: Ask) -> String {
    node.said();
    node.ask(conn, 9, ask);
    node.commit();
    let mut answers = node.answers();
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

fn refused(why: AccountRefused) -> String {
    format!("refused: Account({why:?})")
}

#[test]
fn who_registered_an_account_may_log_in_to_it_and_nobody_else() {
    let mut node = Alone::with(&["alice"]);
    assert_eq!(answer_to(&mut node, 1, register_account("Alice")), "1.9 done");
    assert_eq!(answer_to(&mut node, 2, log_in("ALICE", PASSWORD)), "2.9 logged in as Alice");
    let wrong = refused(AccountRefused::WrongPassword);
    for (account, password) in [("alice", "wrong"), ("alice", ""), ("bob", PASSWORD), ("", "")] {
        let answer = answer_to(&mut node, 2, log_in(account, password));
        assert_eq!(answer, format!("2.9 {wrong}"), "{account}");
    }
    let taken = refused(AccountRefused::Because(AccountRefusal::NameTaken));
    assert_eq!(answer_to(&mut node, 2, register_account("alice")), format!("2.9 {taken}"));
    let bad = refused(AccountRefused::BadName);
    assert_eq!(answer_to(&mut node, 2, register_account("nickserv")), format!("2.9 {bad}"));
}

#[test]
fn of_two_who_register_one_name_at_once_the_log_decides() {
    let mut node = Alone::with(&[]);
    node.ask(1, 1, register_account("alice"));
    node.ask(2, 1, register_account("Alice"));
    node.commit();
    let taken = refused(AccountRefused::Because(AccountRefusal::NameTaken));
    assert_eq!(node.answers(), ["1.1 done".to_owned(), format!("2.1 {taken}")]);
}

#[test]
fn the_configuration_says_who_may_register() {
    let mut node = Alone::with(&["alice"]);
    node.core.config.accounts.before_connect = false;
    let only = refused(AccountRefused::OnlyOnceConnected);
    assert_eq!(answer_to(&mut node, 5, register_account("bob")), format!("5.9 {only}"));
    assert_eq!(answer_to(&mut node, 1, register_account("alice")), "1.9 done");
    node.core.config.accounts.registration = false;
    let closed = refused(AccountRefused::RegistrationClosed);
    assert_eq!(answer_to(&mut node, 1, register_account("other")), format!("1.9 {closed}"));
}

#[test]
fn a_reserved_nick_is_for_its_account() {
    let mut node = Alone::with(&["bob"]);
    assert_eq!(answer_to(&mut node, 1, register_account("alice")), "1.9 done");
    let reserved = "refused: NickReserved(Nick(\"alice\"))";
    assert_eq!(answer_to(&mut node, 2, register("alice")), format!("2.9 {reserved}"));
    assert_eq!(answer_to(&mut node, 1, Ask::Rename(nick("alice"))), format!("1.9 {reserved}"));
    let service = "1.9 refused: NickReserved(Nick(\"ChanServ\"))";
    assert_eq!(answer_to(&mut node, 1, Ask::Rename(nick("ChanServ"))), service);
    assert_eq!(answer_to(&mut node, 1, be("alice")), "1.9 done");
    assert_eq!(answer_to(&mut node, 1, Ask::Rename(nick("alice"))), "1.9 done");
}

#[test]
fn whoever_is_logged_in_when_an_account_is_dropped_is_logged_out() {
    let mut node = Alone::with(&["alice", "bob"]);
    assert_eq!(answer_to(&mut node, 1, register_account("alice")), "1.9 done");
    assert_eq!(answer_to(&mut node, 1, be("alice")), "1.9 done");
    assert_eq!(answer_to(&mut node, 2, be("alice")), "2.9 done");
    let wrong = refused(AccountRefused::WrongPassword);
    assert_eq!(answer_to(&mut node, 1, drop_account("wrong")), format!("1.9 {wrong}"));
    assert_eq!(answer_to(&mut node, 1, drop_account(PASSWORD)), "1.9 done");
    let is_logged_in = |node: &Alone| node.core.directory.sessions().any(|it| it.account.is_some());
    assert!(!is_logged_in(&node));
    let not = refused(AccountRefused::NotLoggedIn);
    assert_eq!(answer_to(&mut node, 1, drop_account(PASSWORD)), format!("1.9 {not}"));
    // Somebody whose login was under way meanwhile, before they came in and after.
    assert_eq!(answer_to(&mut node, 2, be("alice")), "2.9 done");
    let Ask::Register(it) = register("carol") else { unreachable!("it registers") };
    let carol = Registration { account: Some("alice".into()), ..it };
    assert_eq!(answer_to(&mut node, 3, Ask::Register(carol)), "3.9 registered carol");
    node.commit();
    assert!(!is_logged_in(&node));
    let taken = refused(AccountRefused::Because(AccountRefusal::NameTaken));
    assert_eq!(answer_to(&mut node, 3, register_account("alice")), format!("3.9 {taken}"));
}

#[test]
fn a_password_is_changed_by_whoever_knows_it() {
    let mut node = Alone::with(&["alice"]);
    answer_to(&mut node, 1, register_account("alice"));
    answer_to(&mut node, 1, be("alice"));
    let change = |old: &str, new: &str| {
        let (old, new) = (old.into(), new.into());
        Ask::Account(AccountAsk::SetPassword { old, new, address: address() })
    };
    let wrong = refused(AccountRefused::WrongPassword);
    assert_eq!(answer_to(&mut node, 1, change("wrong", "battery staple")), format!("1.9 {wrong}"));
    let unusable = refused(AccountRefused::UnusablePassword);
    assert_eq!(answer_to(&mut node, 1, change(PASSWORD, "short")), format!("1.9 {unusable}"));
    assert_eq!(answer_to(&mut node, 1, change(PASSWORD, "battery staple")), "1.9 done");
    assert_eq!(answer_to(&mut node, 1, log_in("alice", PASSWORD)), format!("1.9 {wrong}"));
    assert_eq!(
        answer_to(&mut node, 1, log_in("alice", "battery staple")),
        "1.9 logged in as alice"
    );
}

#[test]
fn guessing_gets_slower_by_account_from_anywhere_and_by_address_at_any_account() {
    let mut node = Alone::with(&["alice"]);
    answer_to(&mut node, 1, register_account("alice"));
    let wrong = refused(AccountRefused::WrongPassword);
    for host in 1..=10 {
        let ask = log_in_from(&format!("198.51.100.{host}"), "alice", "wrong");
        assert_eq!(answer_to(&mut node, 2, ask), format!("2.9 {wrong}"));
    }
    let soon = refused(AccountRefused::TooSoon { wait_s: 1 });
    assert_eq!(answer_to(&mut node, 2, log_in("alice", PASSWORD)), format!("2.9 {soon}"));
    node.wait(1_000);
    assert_eq!(answer_to(&mut node, 2, log_in("alice", PASSWORD)), "2.9 logged in as alice");
    assert_eq!(
        answer_to(&mut node, 2, log_in("alice", "wrong")),
        format!("2.9 {wrong}"),
        "forgiven"
    );

    for guess in 0..19 {
        let ask = log_in(&format!("victim{guess}"), "wrong");
        assert_eq!(answer_to(&mut node, 2, ask), format!("2.9 {wrong}"));
    }
    assert_eq!(answer_to(&mut node, 2, log_in("alice", PASSWORD)), format!("2.9 {soon}"));
    let elsewhere = log_in_from("203.0.113.1", "alice", PASSWORD);
    assert_eq!(answer_to(&mut node, 2, elsewhere), "2.9 logged in as alice");
}

#[test]
fn what_other_nodes_tell_of_guesses_counts_here() {
    let mut node = Alone::with(&["alice"]);
    answer_to(&mut node, 1, register_account("alice"));
    let mut there = crate::accounts::Throttle::default();
    let key = crate::accounts::Key::account("alice", node.core.identity.cluster);
    (0..10).for_each(|_| there.failed(key, 0));
    let report = there.report().into_iter().map(|(key, times)| (key.wire(), times)).collect();
    node.core.hear_guesses(report);
    let soon = refused(AccountRefused::TooSoon { wait_s: 1 });
    assert_eq!(answer_to(&mut node, 2, log_in("alice", PASSWORD)), format!("2.9 {soon}"));
}

#[test]
fn new_accounts_from_one_address_come_slower_and_slower() {
    let mut node = Alone::with(&[]);
    for number in 0..10 {
        let ask = register_account(&format!("guest{number}"));
        assert_eq!(answer_to(&mut node, 2, ask), "2.9 done");
    }
    let soon = refused(AccountRefused::TooSoon { wait_s: 10 });
    assert_eq!(answer_to(&mut node, 2, register_account("alice")), format!("2.9 {soon}"));
}

#[test]
fn scram_answers_everybody_alike_and_lets_nobody_in_without_a_proof() {
    let mut node = Alone::with(&["alice"]);
    answer_to(&mut node, 1, register_account("alice"));
    let first = Login::ScramFirst("n,,n=alice@phone,r=abc".into());
    let ask = |login| Ask::Account(AccountAsk::Login { login, address: address() });
    let answer = answer_to(&mut node, 2, ask(first));
    assert_eq!(answer, "2.9 challenge for alice");
    let nobody = Login::ScramFirst("n,,n=nobody,r=abc".into());
    assert_eq!(answer_to(&mut node, 2, ask(nobody)), "2.9 challenge for nobody");
    let malformed = refused(AccountRefused::Malformed);
    let none = Login::ScramFirst("hello".into());
    assert_eq!(answer_to(&mut node, 2, ask(none)), format!("2.9 {malformed}"));
    let exchange = {
        let hello = crate::accounts::Hello::parse("n,,n=alice,r=abc").expect("a message");
        hello.answer("alice", None, 1).expect("chance")
    };
    let message = format!(
        "c=biws,{},p={}",
        exchange.answer.split(',').next().unwrap_or(""),
        "A".repeat(43) + "="
    );
    let last = Login::ScramFinal { exchange: exchange.into(), message: message.into() };
    let wrong = refused(AccountRefused::WrongPassword);
    assert_eq!(answer_to(&mut node, 2, ask(last)), format!("2.9 {wrong}"));
}
