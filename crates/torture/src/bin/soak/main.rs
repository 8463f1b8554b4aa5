//! `soak`: a cluster under load for long, watched for what grows and should not.
//!
//! Promise: exit status 0 only if memory stayed flat after the first minutes, no queue grew, the disk
//! grew by the data and no more, and every delivery was right. Prints a row of samples each minute.

#![allow(clippy::print_stdout)] // What it prints is what it is for.

mod nodes;
mod sample;
#[path = "../../status.rs"]
#[allow(dead_code, reason = "torture reads more of it")]
mod status;
mod verdict;
#[path = "../../wait.rs"]
mod wait;

use anyhow::{Context, bail};
use clap::Parser;
use sample::Sample;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const NODES: usize = 3;
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
const ROOM_OCCUPANTS: u32 = 10;

/// Holds three nodes under load and watches memory, queues and disk.
#[derive(Parser, Debug)]
#[command(after_help = "Example: cargo run --release -p torture --bin soak -- --minutes 30")]
struct Cli {
    /// How long the load lasts.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Clients, ten to a room.
    #[arg(long, default_value_t = 2_000)]
    clients: u32,
    /// Messages per second in all.
    #[arg(long, default_value_t = 30_000)]
    rate: u32,
    /// Minutes at the start that are not judged: caches fill, segments are made.
    #[arg(long, default_value_t = 5)]
    settle: u64,
    /// The program under load.
    #[arg(long, default_value = "target/release/starling")]
    starling: PathBuf,
    /// Where the nodes keep their data; needs room for all that is said, three times.
    #[arg(long)]
    dir: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    if !cli.starling.is_file() {
        bail!("{} is not there: cargo build --release makes it", cli.starling.display());
    }
    let dir = match &cli.dir {
        Some(dir) => tempfile::TempDir::with_prefix_in("starling-soak-", dir)?,
        None => tempfile::TempDir::with_prefix("starling-soak-")?,
    };
    let nodes = nodes::start(&cli.starling, dir.path(), NODES)?;
    let rooms = cli.clients / ROOM_OCCUPANTS;
    let mut load = Command::new(&cli.starling);
    load.args(["bench", "rooms", "--json"])
        .args(["--rooms", &rooms.to_string(), "--occupants", &ROOM_OCCUPANTS.to_string()])
        .args(["--rate", &cli.rate.to_string(), "--seconds", &(cli.minutes * 60).to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for it in &nodes {
        load.args(["--server", &it.irc.to_string()]);
    }
    let mut load = load.spawn().context("the load cannot be started")?;
    println!(
        "minute | anonymous memory, MiB | data directories, MiB | history, MiB | waiting, pending, backlog"
    );
    let began = Instant::now();
    let mut samples = Vec::new();
    while load.try_wait()?.is_none() {
        std::thread::sleep(SAMPLE_EVERY); // A clock, not a condition: samples are taken in time.
        let sample = Sample::take(&nodes, began.elapsed())?;
        let is_new_minute = samples.last().is_none_or(|it: &Sample| it.minute() < sample.minute());
        if is_new_minute {
            println!("{sample}");
        }
        samples.push(sample);
    }
    let load = load.wait_with_output()?;
    let report: serde_json::Value = serde_json::from_slice(&load.stdout)
        .context("the load did not report; did it reach the nodes?")?;
    println!("{report}");
    let faults = verdict::judge(&samples, Duration::from_secs(cli.settle * 60), &report);
    for it in &faults {
        println!("VIOLATION: {it}");
    }
    println!("minutes={} violations={}", cli.minutes, faults.len());
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
