//! Every scenario, from its command line to its report, against a small server in a thread.

pub(super) mod fake;
mod faults;
mod scenarios;

use std::net::SocketAddr;

use clap::Parser;

use super::report::Report;
use super::{Args, measure};

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    args: Args,
}

/// Runs `starling bench <line>` against these servers.
fn bench(line: &str, servers: &[SocketAddr]) -> anyhow::Result<Report> {
    let mut words: Vec<String> = vec!["bench".to_string()];
    words.extend(line.split_whitespace().map(str::to_string));
    words.extend(servers.iter().map(|server| format!("--server={server}")));
    let command = CommandLine::try_parse_from(words).expect("the command line is well-formed");
    measure(&command.args)
}

fn number(report: &Report, name: &str) -> f64 {
    let value = report.fields.get(name).and_then(serde_json::Value::as_f64);
    value.unwrap_or_else(|| panic!("no number {name} in {}", report.json()))
}
