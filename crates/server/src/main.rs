//! The `starling` binary: configuration, wiring, subcommands.

mod admin;
mod bench;
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
