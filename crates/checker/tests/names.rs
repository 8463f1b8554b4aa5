//! Who may have held a nick, and who cannot have.

mod support;

use checker::ClaimOutcome::{Held, InUse, Refused, Unknown};
use checker::{Claim, Evidence, Release};
use support::{claim, passes, release, violated};

fn evidence(claims: &[Claim], releases: &[Release]) -> Evidence {
    Evidence { claims: claims.into(), releases: releases.into(), ..Evidence::default() }
}

#[track_caller]
fn is_fine(claims: &[Claim], releases: &[Release]) {
    passes(&evidence(claims, releases));
}

#[track_caller]
fn is_caught(claims: &[Claim], releases: &[Release]) {
    assert_eq!(violated(&evidence(claims, releases)), ["names"]);
}

#[test]
fn two_at_once_cannot_both_get_it() {
    is_caught(&[claim("a", 10, 30, Held), claim("b", 20, 40, Held)], &[]);
    is_fine(&[claim("a", 10, 30, Held), claim("b", 20, 40, InUse)], &[]);
    is_fine(&[claim("a", 10, 30, InUse), claim("b", 20, 40, Held)], &[]);
}

#[test]
fn it_is_in_use_only_while_somebody_holds_it() {
    is_caught(&[claim("a", 10, 20, InUse)], &[]);
    is_caught(&[claim("a", 10, 20, InUse), claim("b", 30, 40, Held)], &[]);
    is_caught(&[claim("a", 10, 20, Held), claim("a", 30, 40, InUse)], &[]);
    let given_back = [release("a", 30, Some(40))];
    is_caught(&[claim("a", 10, 20, Held), claim("b", 50, 60, InUse)], &given_back);
    is_fine(&[claim("a", 10, 20, Held), claim("b", 35, 60, InUse)], &given_back);
}

#[test]
fn it_is_free_once_it_was_let_go() {
    let claims = [claim("a", 10, 20, Held), claim("b", 50, 60, Held)];
    is_caught(&claims, &[]);
    is_fine(&claims, &[release("a", 30, Some(40))]);
    is_fine(&claims, &[release("a", 30, None)]);
    is_fine(&claims, &[release("a", 55, Some(90))]);
    is_caught(&claims, &[release("a", 61, None)]);
    is_caught(&claims, &[release("c", 30, None)]);
}

#[test]
fn one_who_died_may_hold_it_for_ever() {
    let died = [release("a", 30, None)];
    is_fine(&[claim("a", 10, 20, Held), claim("b", 50, 60, InUse)], &died);
    let both = [claim("a", 10, 20, Held), claim("b", 50, 60, Held), claim("c", 70, 80, InUse)];
    is_fine(&both, &died);
    let back = [claim("a", 10, 20, Held), claim("b", 50, 60, Held), claim("a", 70, 80, Held)];
    is_caught(&back, &died);
}

#[test]
fn an_unknown_claim_may_have_happened_or_not() {
    let unknown = claim("a", 10, 0, Unknown);
    is_fine(&[unknown.clone(), claim("b", 50, 60, Held)], &[]);
    is_fine(&[unknown.clone(), claim("b", 50, 60, InUse)], &[]);
    is_fine(&[claim("b", 50, 60, Held), unknown.clone()], &[release("b", 70, Some(80))]);
    let late = [unknown.clone(), claim("b", 50, 60, Held), claim("c", 90, 95, InUse)];
    is_fine(&late, &[release("b", 70, Some(80))]); // It came through very late.
    is_caught(&late[1..], &[release("b", 70, Some(80))]);
    let both = [unknown, claim("b", 50, 60, InUse), claim("c", 70, 80, Held)];
    is_caught(&both, &[]);
    is_caught(&[claim("a", 90, 0, Unknown), claim("b", 50, 60, InUse)], &[]);
}

#[test]
fn a_refusal_for_other_reasons_says_nothing() {
    is_fine(&[claim("a", 10, 20, Refused), claim("b", 30, 40, Held)], &[]);
    is_caught(&[claim("a", 10, 20, Refused), claim("b", 30, 40, InUse)], &[]);
}

#[test]
fn nicks_are_judged_one_by_one() {
    let other = Claim { nick: "lily".into(), ..claim("b", 50, 60, Held) };
    is_fine(&[claim("a", 10, 20, Held), other], &[]);
}

#[test]
fn a_long_race_is_decided() {
    let mut claims = Vec::new();
    let mut releases = Vec::new();
    for round in 0..300 {
        let at_ms = round * 100;
        for client in 0..5 {
            let outcome = if client == round % 5 { Held } else { InUse };
            let (begin_ms, end_ms) = (at_ms + client, at_ms + 40 + client);
            claims.push(claim(&format!("c{client}"), begin_ms, end_ms, outcome));
        }
        let died = (round % 7 != 0).then_some(at_ms + 80);
        releases.push(release(&format!("c{}", round % 5), at_ms + 60, died));
    }
    is_fine(&claims, &releases);
    claims.push(claim("late", 29_945, 29_950, Held));
    is_caught(&claims, &releases);
}
