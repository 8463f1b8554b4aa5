//! Tortures clusters of real `starling` processes, and judges what their clients saw.
//!
//!     cargo run --release -p torture -- --rounds N --nodes N [--seed S]
//!     cargo run --release -p torture -- --drill NAME
//!
//! The last line on standard output is `rounds=N violations=V`.

mod clients;
mod cluster;
mod disk;
mod drills;
mod faults;
#[path = "../../server/tests/support/client.rs"]
#[allow(dead_code, reason = "the tests of the server use more of it")]
mod irc;
mod lookup;
mod machine;
mod net;
mod rooms;
mod round;
mod run;
mod status;
mod undertaker;
mod wait;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Tortures clusters of real starling processes in network namespaces, and judges what clients saw.
///
/// Exit codes: 0 no violation, 1 a violation or a round that could not be finished, 2 it cannot run here.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How many rounds
    #[arg(long, default_value_t = 10)]
    rounds: u64,
    /// How many nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(2..=9))]
    nodes: u64,
    /// Same seed, same faults in the same order
    #[arg(long)]
    seed: Option<u64>,
    /// Only faults of this name
    #[arg(long)]
    fault: Vec<String>,
    /// Instead of rounds: one written sequence of faults, with bounds on what must follow (cut, witness, changes, network)
    #[arg(long, conflicts_with_all = ["rounds", "nodes", "seed", "fault", "plant_forgetful_disks"])]
    drill: Option<String>,
    /// The program under test; by default it is built from this workspace
    #[arg(long)]
    starling: Option<PathBuf>,
    /// Plant a defect, which must be found: disks that forget what they are told to sync
    #[arg(long)]
    plant_forgetful_disks: bool,
    /// Where clusters keep their files
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, pid, dir] = args.as_slice()
        && flag == undertaker::FLAG
    {
        undertaker::work(pid.parse().expect("we said it ourselves"), dir.as_ref());
        return ExitCode::SUCCESS;
    }
    let args = Args::parse();
    let lacks = machine::lacks();
    if !lacks.is_empty() {
        eprintln!("torture cannot run here; it lacks\n  {}", lacks.join("\n  "));
        return ExitCode::from(2);
    }
    match run::run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why:#}");
            ExitCode::FAILURE
        }
    }
}
