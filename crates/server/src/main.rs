//! The `starling` binary.

use std::process::ExitCode;

use clap::Parser;

mod bench;

#[derive(Parser)]
enum Command {
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let Command::Bench(args) = Command::parse();
    bench::run(args).unwrap_or_else(|error| {
        eprintln!("starling: {error:#}");
        ExitCode::FAILURE
    })
}
