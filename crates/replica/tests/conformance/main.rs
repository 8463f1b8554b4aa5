//! What every strategy must keep: real engines, logs and histories on simulated disks, joined by a
//! network in memory, in virtual time.
//!
//! A strategy is a row of [`ROWS`] and passes every test here. What strategies may differ in is a field
//! of the row, and no test asks which strategy it has. At its end each test heals everything and lets
//! `cluster::judge` compare what senders were told with what the replicas hold.
//!
//! With the feature `failpoints`, `FAILPOINTS='no-dedupe=return'` plants a bug for the suite to find.
//!
//! All choices follow from a seed but one: the raft library draws its election timeouts from the
//! system's entropy. Nothing here depends on what it draws.

mod append;
mod catch_up;
mod cluster;
mod damage;
mod exactly_once;
mod fencing;
mod forks;
mod hand_over;
mod history;
mod order;
mod pressure;
mod refusal;
mod restart;
mod row;

use row::{ROWS, Row};
use std::env;
use std::sync::Once;

/// Runs a test for each strategy, or for the one that `STARLING_STRATEGY` names, and says for which.
fn each(test: impl Fn(&'static Row)) {
    static PLANTED: Once = Once::new();
    if cfg!(feature = "failpoints") {
        PLANTED.call_once(|| std::mem::forget(fail::FailScenario::setup())); // Until the process ends.
    }
    let only = env::var("STARLING_STRATEGY").ok();
    for row in ROWS.iter().filter(|it| only.as_ref().is_none_or(|only| it.kind.name() == only)) {
        eprintln!("strategy: {} on {}", row.kind.name(), row.replicas);
        test(row);
    }
}

/// Runs a test for each strategy with `count` seeds, or with those that `STARLING_SEED` (first) and
/// `STARLING_SEEDS` (how many) ask for.
fn each_seed(count: u64, test: impl Fn(&'static Row, u64)) {
    each(|row| each_numbered(count, |seed| test(row, seed)));
}

/// The same for one strategy.
fn each_numbered(count: u64, test: impl Fn(u64)) {
    let variable = |name| env::var(name).ok().map(|it| it.parse().expect("a number"));
    let first = variable("STARLING_SEED");
    let count = variable("STARLING_SEEDS").unwrap_or(if first.is_some() { 1 } else { count });
    let first = first.unwrap_or_default();
    (first..first + count).for_each(test);
}
