//! Runs whole nodes on a simulated network, disk and clock, breaks things, and judges what came of it.
//! One seed is one run; the same seed is the same run.

mod clock;
mod cluster;
mod door;
mod ending;
mod entropy;
mod faults;
mod hosts;
mod leaders;
mod network;
mod people;
mod plants;
mod points;
mod run;
mod scenarios;
mod seeds;
mod story;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Simulates clusters under faults and looks for violations of what Starling promises.
#[derive(Parser, Debug)]
#[command(after_help = "Example: cargo run --release -- --seeds 0..100 --scenario leader-cut-off")]
struct Cli {
    /// Which seeds, `A..B` without B.
    #[arg(long, value_parser = seeds::parse, required_unless_present_any = ["list", "one"])]
    seeds: Option<std::ops::Range<u64>>,
    /// Only this scenario; without it, seeds take the scenarios in turn.
    #[arg(long, value_parser = scenarios::find)]
    scenario: Option<&'static scenarios::Scenario>,
    /// Plants this bug in all nodes: the run shall find it.
    #[arg(long, value_name = "BUG", value_parser = plants::find)]
    plant: Option<&'static plants::Plant>,
    /// Nodes die at this fail point, in any scenario, from the start on.
    #[arg(long, value_name = "NAME", value_parser = points::find)]
    point: Option<&'static str>,
    /// Shows the scenarios, and the bugs that can be planted.
    #[arg(long)]
    list: bool,
    /// Prints a hash of each run: equal runs have equal hashes.
    #[arg(long)]
    trace: bool,
    /// Runs one seed in this process, as each seed of a batch is run.
    #[arg(long, hide = true)]
    one: Option<u64>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.list {
        for it in scenarios::ALL.iter().chain(scenarios::BY_NAME_ONLY) {
            println!("{:<18} {}", it.name, it.about);
        }
        println!("\nto be planted:");
        for it in plants::ALL {
            println!("{:<26} {}", it.name, it.about);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(seed) = cli.one {
        let scenario = cli.scenario.unwrap_or_else(|| scenarios::of_seed(seed));
        return seeds::run_here(seed, scenario, cli.plant, cli.point);
    }
    let seeds = cli.seeds.expect("the command line asks for it");
    let mut extra = Vec::new();
    extra.extend(cli.plant.map(|it| ["--plant", it.name]));
    extra.extend(cli.point.map(|it| ["--point", it]));
    seeds::run_batch(seeds, cli.scenario, cli.trace, extra.concat())
}
