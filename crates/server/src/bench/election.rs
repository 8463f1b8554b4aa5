//! `election`: what an election costs by Fast Bully and by the classic algorithm it descends from, in messages
//! and in time, by the number of nodes.
//!
//! Simulated, from a seed: the coordinator of a settled network dies, its links break, and each of the
//! others notices a moment later. No node runs and no socket is opened.

mod contest;

use anyhow::{Context, Result};
use replica_proto::bully::classic::Classic;
use replica_proto::bully::{Bully, PeerId};

use super::progress::Progress;
use super::report::{Fields, Report};
use super::setup::at_least_one;
use contest::{Elector, Outcome, hold};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Nodes, the one that dies included.
    #[arg(long, value_delimiter = ',', default_value = "3,5,10,50",
          value_parser = clap::value_parser!(u64).range(3..=500))]
    nodes: Vec<u64>,
    /// Elections for each number of nodes.
    #[arg(long, default_value_t = 100, value_parser = at_least_one)]
    trials: usize,
    /// The first election's seed; the others' follow.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(args: &Args, progress: &Progress) -> Result<Report> {
    let mut report = Report::default();
    progress.phase("electing", args.nodes.len());
    for (done, nodes) in args.nodes.iter().enumerate() {
        let fast = Sum::of::<Bully>(*nodes, args)?;
        let classic = Sum::of::<Classic>(*nodes, args)?;
        let mut level = Fields::default();
        level.put("nodes", *nodes);
        fast.put(&mut level, FAST);
        classic.put(&mut level, CLASSIC);
        report.levels.push(level);
        progress.at(done + 1);
    }
    report.fields.put("trials", args.trials);
    report.fields.put("seed", args.seed);
    Ok(report)
}

const FAST: [&str; 4] =
    ["fast_messages_mean", "fast_messages_max", "fast_settled_mean_ms", "fast_settled_max_ms"];
const CLASSIC: [&str; 4] = [
    "classic_messages_mean",
    "classic_messages_max",
    "classic_settled_mean_ms",
    "classic_settled_max_ms",
];

/// Of all elections with so many nodes.
struct Sum(Vec<Outcome>);

impl Sum {
    fn of<E: Elector>(nodes: PeerId, args: &Args) -> Result<Sum> {
        let seeds = (args.seed..).take(args.trials);
        let outcomes = seeds.map(|seed| {
            hold::<E>(nodes, seed).with_context(|| format!("{nodes} nodes with seed {seed}"))
        });
        Ok(Sum(outcomes.collect::<Result<_>>()?))
    }

    fn put(&self, fields: &mut Fields, [mean, max, mean_ms, max_ms]: [&'static str; 4]) {
        let average = |of: fn(&Outcome) -> u64| {
            self.0.iter().map(of).sum::<u64>() as f64 / self.0.len() as f64
        };
        fields.put_number(mean, average(|it| it.messages), 1);
        fields.put(max, self.0.iter().map(|it| it.messages).max());
        fields.put_number(mean_ms, average(|it| it.settled_us) / 1_000.0, 1);
        let slowest_us = self.0.iter().map(|it| it.settled_us).max();
        fields.put_number(max_ms, slowest_us.map(|it| it as f64 / 1_000.0), 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(nodes: &[u64]) -> Args {
        Args { nodes: nodes.to_vec(), trials: 40, seed: 0 }
    }

    #[test]
    fn fast_bully_needs_fewer_messages_than_the_classic_algorithm() {
        let sum = |held: Sum| held.0.iter().map(|it| it.messages).sum::<u64>();
        for nodes in [3, 5, 10, 50] {
            let fast = sum(Sum::of::<Bully>(nodes, &args(&[])).expect("they settle"));
            let classic = sum(Sum::of::<Classic>(nodes, &args(&[])).expect("they settle"));
            assert!(fast < classic, "{nodes} nodes: {fast} and {classic}");
        }
    }

    #[test]
    fn all_hear_of_the_new_coordinator_and_answer_it() {
        for seed in 0..20 {
            let outcome = hold::<Bully>(10, seed).expect("it settles");
            assert!(outcome.messages >= 2 * 8, "{outcome:?}");
        }
    }

    #[test]
    fn there_is_a_row_for_each_number_of_nodes() {
        let report = run(&args(&[3, 4]), &Progress::new(true)).expect("it settles");
        let nodes: Vec<_> = report.levels.iter().map(|it| it.get("nodes").cloned()).collect();
        assert_eq!(nodes, [Some(3.into()), Some(4.into())]);
    }
}
