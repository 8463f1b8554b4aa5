//! `pauses`: `failover` again and again, on a cluster of its own. Each trial kills the node that leads the
//! room (of gossip, where nobody leads, the last one), and waits until all are back before the next.

use anyhow::{Context, Result};
use chat::Replication;

use super::cluster::Cluster;
use super::failover;
use super::progress::Progress;
use super::report::{Fields, Report};
use super::setup::{Common, at_least_one, positive};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// How the room is replicated.
    #[arg(long, value_name = "STRATEGY", default_value_t = Replication::Raft)]
    replication: Replication,
    /// Nodes to start.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=32))]
    nodes: u16,
    /// How often a node is killed.
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    trials: usize,
    /// Messages per second over all clients.
    #[arg(long, default_value_t = 200.0, value_parser = positive)]
    rate: f64,
}

/// What is taken over from the report of each trial.
const PER_TRIAL: [&str; 6] =
    ["write_pause_ms", "write_pause_worst_server_ms", "acked", "unknown", "lost", "duplicated"];
const FANOUT: usize = 3;

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    let nodes = usize::from(args.nodes);
    let mut cluster = Cluster::start(nodes, FANOUT, progress)?;
    let mut report = Report::default();
    let mut pauses = Vec::new();
    for trial in 1..=args.trials {
        let victim = cluster.leader(args.replication).unwrap_or(nodes - 1);
        let pid = cluster.pid(victim).context("the leader does not run")?;
        let servers = cluster.common(common);
        let it = failover::Args::kill(pid, args.replication, args.rate);
        let one = failover::run(&it, &servers, progress)?;
        report.faults += one.faults;
        let pause = one.fields.get("write_pause_ms").and_then(serde_json::Value::as_f64);
        pauses.push(pause.context("a trial measures its pause")?);
        report.levels.push(row(trial, victim, &one));
        cluster.restart(victim)?;
        cluster.wait_ready()?;
    }
    pauses.sort_by(f64::total_cmp);
    let fields = &mut report.fields;
    fields.put("replication", args.replication.as_str());
    fields.put("nodes", nodes);
    fields.put("trials", args.trials);
    fields.put_number("rate_msgs_per_s", args.rate, 1);
    fields.put_number("write_pause_median_ms", median(&pauses), 1);
    fields.put_number("write_pause_worst_ms", pauses.last().copied(), 1);
    Ok(report)
}

fn row(trial: usize, victim: usize, of: &Report) -> Fields {
    let mut fields = Fields::default();
    fields.put("trial", trial);
    fields.put("killed", victim + 1);
    for name in PER_TRIAL {
        fields.put(name, of.fields.get(name).cloned());
    }
    fields
}

/// Of numbers in order.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let (low, high) =
        (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
    }
}
