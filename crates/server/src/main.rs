//! The `starling` binary.

use std::process::ExitCode;

use clap::Parser;

mod bench;

#[derive(Parser)]
enum Command {
    Bench(bench::Args),
}

fn main() -> anyhow::Result<ExitCode> {
    match Command::parse() {
        Command::Bench(args) => bench::run(args),
    }
}
