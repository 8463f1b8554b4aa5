//! The command line: subcommands, their help, and what their exit codes mean.

use crate::{admin, bench, config, demo, serve, status};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// It was tried and did not work.
pub(crate) const FAILED: u8 = 1;
/// The command line or the configuration cannot be used; nothing was tried. (clap's own choice, too.)
pub(crate) const UNUSABLE: u8 = 2;
/// The node ran and stopped by itself.
pub(crate) const BROKE: u8 = 3;
/// A second signal cut the clean stop short.
pub(crate) const CUT_SHORT: u8 = 4;

const EXIT_CODES: &str = "\
Exit codes of every command:
  0  done
  1  failed; stderr says why
  2  the command line or the configuration cannot be used; nothing was tried

`starling COMMAND --help` shows an example.";

#[derive(Parser)]
#[command(
    name = "starling",
    version,
    about = "A chat network that keeps talking while its machines fail.",
    after_help = EXIT_CODES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a node
    Serve(serve::Args),
    /// Run a small cluster on this machine, to try it and to break it
    Demo(demo::Args),
    /// Ask a running node how its cluster is
    Status(status::Args),
    /// Drain, remove and replace nodes, move groups, make rooms and change how they are replicated
    Admin(admin::Args),
    /// Measure a running network
    Bench(Box<bench::Args>),
    /// Read a configuration as `serve` would, start nothing, print what would be in force
    CheckConfig(CheckConfig),
}

#[derive(clap::Args)]
#[command(after_help = "\
Passwords are not printed. Exit codes: 0 usable, 2 not; stderr has a line for each mistake.

Example:
  starling check-config --config /etc/starling/n1.toml")]
struct CheckConfig {
    /// Configuration file (docs/configuration.md); without it: defaults and environment
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Status(args) => status::run(args),
        Command::Admin(args) => admin::run(args),
        Command::Bench(args) => bench::run(*args),
        Command::CheckConfig(args) => check_config(args),
    };
    done.unwrap_or_else(|error| {
        if error.is::<config::Refused>() {
            eprintln!("{error}"); // Lines that begin with a place, as editors and people know them.
            return ExitCode::from(UNUSABLE);
        }
        eprintln!("starling: {error:#}");
        ExitCode::from(FAILED)
    })
}

fn check_config(args: CheckConfig) -> anyhow::Result<ExitCode> {
    let config = config::load(args.config.as_deref())?;
    for warning in &config.warnings {
        eprintln!("warning: {warning}");
    }
    std::io::stdout().write_all(toml::to_string(&config)?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
