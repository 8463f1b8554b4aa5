//! The watch and the network find what they are there for: slips that could have been made.

use super::storms::{setup, storm};
use crate::planted::with_planted;
use crate::testnet::failure_of;

/// Each has to be found by one of so many seeds.
const SEEDS: u64 = 300;

/// By what it breaks: a run that only comes to a stop does not count.
fn is_found(plant: &'static str, symptoms: &[&str]) {
    let mut others = Vec::new();
    let is_it = |why: &String| symptoms.iter().any(|it| why.contains(it));
    for seed in 0..SEEDS {
        let failure = with_planted(plant, || failure_of(seed, &setup, &storm));
        match failure {
            Some(why) if is_it(&why) => return,
            why => others.extend(why),
        }
    }
    panic!("{plant} is not found, but: {others:#?}");
}

#[test]
fn a_commit_that_does_not_wait_for_backups_is_found() {
    is_found("ack-before-backup", &["is in sync and lacks", "serves with"]);
}

#[test]
fn a_promotion_from_outside_the_set_is_found() {
    is_found("promote-outside-in-sync", &["was not in sync and is promoted"]);
}

#[test]
fn a_backup_that_takes_entries_of_an_epoch_that_is_over_is_found() {
    is_found("stale-epoch-accepted", &["is in sync and lacks", "applies", "serves with", "ack in"]);
}

#[test]
fn a_primary_that_goes_on_after_a_restart_is_found() {
    is_found("primary-goes-on-after-restart", &["applies", "lacks"]);
}
