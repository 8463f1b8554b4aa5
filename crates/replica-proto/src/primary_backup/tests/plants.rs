//! The watch and the network find what they are there for: slips that could have been made.

use super::storms::{setup, storm};
use crate::planted::with_planted;
use crate::testnet::find_failure;

/// Each has to be found by one of so many seeds.
const SEEDS: u64 = 300;

fn is_found(plant: &'static str, symptoms: &[&str]) {
    let found = with_planted(plant, || find_failure(SEEDS, setup, storm));
    let (seed, why) = found.unwrap_or_else(|| panic!("{plant} is not found"));
    let is_known = symptoms.iter().any(|it| why.contains(it));
    assert!(is_known, "{plant} shows by seed {seed} as: {why}");
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
