//! Many runs, and how a failed one is told.

use super::{Net, Node};
use std::env;
use std::fmt::Debug;
use std::str::FromStr;

/// What a test does with a fresh network.
pub(crate) trait Run<N: Node>: Fn(&mut Net<N>) -> Result<(), String> {}
impl<N: Node, F: Fn(&mut Net<N>) -> Result<(), String>> Run<N> for F {}

/// Runs `count` seeds, or those that `STARLING_SEED` (first) and `STARLING_SEEDS` (how many) ask for.
///
/// # Panics
/// With the seed and what happened last, when a run fails.
pub(crate) fn run_seeds<N: Node>(count: u64, setup: impl Fn(u64) -> N::Setup, run: impl Run<N>) {
    let first = variable("STARLING_SEED");
    let count = variable("STARLING_SEEDS").unwrap_or(if first.is_some() { 1 } else { count });
    for seed in first.unwrap_or(0)..first.unwrap_or(0) + count {
        run_seed(seed, &setup, &run);
    }
}

/// Runs one seed; on failure again, with its story.
///
/// # Panics
/// When the run fails.
pub(crate) fn run_seed<N: Node>(seed: u64, setup: &impl Fn(u64) -> N::Setup, run: &impl Run<N>) {
    if run(&mut Net::new(seed, setup(seed), false)).is_ok() {
        return;
    }
    let mut net = Net::new(seed, setup(seed), true);
    let why = run(&mut net).expect_err("one seed is one run");
    let lines: usize = variable("STARLING_STORY").unwrap_or(60);
    panic!("STARLING_SEED={seed}: {why}\n{}", net.story.last(lines));
}

/// Why this seed's run fails, if it does.
pub(crate) fn failure_of<N: Node>(
    seed: u64,
    setup: &impl Fn(u64) -> N::Setup,
    run: &impl Run<N>,
) -> Option<String> {
    run(&mut Net::new(seed, setup(seed), false)).err()
}

/// The first seed below `count` whose run fails, and why.
pub(crate) fn find_failure<N: Node>(
    count: u64,
    setup: impl Fn(u64) -> N::Setup,
    run: impl Run<N>,
) -> Option<(u64, String)> {
    (0..count).find_map(|seed| Some((seed, failure_of(seed, &setup, &run)?)))
}

fn variable<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|why| panic!("{name}={text}: {why:?}")))
}
