//! Names in a network that was parted: judged between, not within.

use checker::{Claim, ClaimOutcome, Evidence, Release, check};

fn claim(client: &str, begin_ms: u64, outcome: ClaimOutcome) -> Claim {
    let (client, nick, end_ms) = (client.into(), "smith".into(), begin_ms + 10);
    Claim { client, nick, begin_ms, end_ms, outcome }
}

fn release(client: &str, begin_ms: u64) -> Release {
    let (client, nick, end_ms) = (client.into(), "smith".into(), Some(begin_ms + 10));
    Release { client, nick, begin_ms, end_ms }
}

fn is_well(claims: &[Claim], releases: &[Release]) -> bool {
    let evidence = Evidence {
        claims: claims.to_vec(),
        releases: releases.to_vec(),
        partings: vec![(100, 200)],
        ..Evidence::default()
    };
    !check(&evidence).iter().any(|it| it.invariant == "names")
}

use ClaimOutcome::{Held, InUse};

#[test]
fn both_sides_of_a_parting_give_one_name_away() {
    assert!(is_well(&[claim("a", 110, Held), claim("b", 130, Held)], &[]));
    assert!(is_well(&[claim("a", 95, Held), claim("b", 130, Held)], &[]));
    assert!(is_well(&[claim("a", 50, Held), claim("b", 150, Held)], &[]));
}

#[test]
fn before_and_after_nobody_does() {
    assert!(!is_well(&[claim("a", 10, Held), claim("b", 50, Held)], &[]));
    assert!(!is_well(&[claim("a", 210, Held), claim("b", 250, Held)], &[]));
    assert!(is_well(&[claim("a", 210, Held), claim("b", 250, Held)], &[release("a", 230)]));
}

#[test]
fn who_had_a_name_in_the_parting_may_have_it_afterwards_until_they_give_it_back() {
    let had = [claim("a", 150, Held), claim("b", 210, InUse)];
    assert!(is_well(&had, &[]));
    assert!(is_well(&[claim("a", 150, Held), claim("b", 210, Held)], &[]));
    assert!(!is_well(&had, &[release("a", 180)]), "nobody has it");
    assert!(!is_well(&[claim("b", 210, InUse)], &[]), "nobody had it");
}
