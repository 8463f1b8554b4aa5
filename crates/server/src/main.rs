//! The `starling` binary: configuration, wiring, subcommands.

mod admin;
mod bench;
mod cli;
mod config;
mod demo;
mod lookups;
mod metrics;
mod process;
mod serve;
mod status;

use std::process::ExitCode;

/// Gives memory back after a burst; how soon stands in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run()
}
