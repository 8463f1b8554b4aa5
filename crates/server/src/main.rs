//! The `starling` binary: configuration, wiring, subcommands.

mod cli;
mod config;
mod demo;
mod metrics;
mod process;
mod serve;
mod status;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

/// Stands in until the load generator lands.
mod bench {
    #[derive(clap::Args)]
    pub(crate) struct Args {}
    pub(crate) fn run(_: Args) -> anyhow::Result<std::process::ExitCode> {
        anyhow::bail!("not in this version yet")
    }
}
