//! `starling bench`: the load generator that makes our published figures.
//!
//! Promise: what it prints is what happened. Every delivery is checked, a run with a lost, doubled,
//! reordered or stray message fails, and a load that could not be run as asked gives no figures.

mod clock;
mod latency;
mod ledger;
mod machine;
mod message;
mod schedule;

mod client;
mod engine;
mod network;
mod population;
mod progress;
mod replicate;

mod drive;
mod failure;
mod load;
mod report;
mod setup;
mod traffic;

mod claims;
mod commit;
mod connect;
mod failover;
mod fanout;
mod history;
mod idle;
mod rooms;

mod catch_up;
mod cluster;
mod directory;
mod election;
mod logins;
mod lookup;
mod names;
mod pauses;
mod spread;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use anyhow::Result;

use progress::Progress;
use report::{Fields, Report};

/// Load an IRC server and measure it.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    common: setup::Common,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(clap::Subcommand, Debug)]
enum Scenario {
    /// One full room, a few senders: the price of a delivery.
    Fanout(fanout::Args),
    /// Many small rooms in which everyone talks.
    Rooms(rooms::Args),
    /// Durable acknowledgements per second, by messages in flight.
    Commit(commit::Args),
    /// Memory per idle connection, and the cost of a mass arrival.
    Idle(idle::Args),
    /// Connect, register, quit, again.
    Connect(connect::Args),
    /// Nicks that the directory registers, one after the other by everybody.
    Claims(claims::Args),
    /// Logins by SASL PLAIN, and what messages of others take meanwhile. The server must run with
    /// `limits.flood_protection = false`.
    Logins(logins::Args),
    /// Pages of a room's history.
    History(history::Args),
    /// The pause in writing when a node dies or stands still.
    Failover(failover::Args),
    /// Time until a message is on all nodes, and what that costs the network, by gossip's fanout.
    /// Starts a cluster of its own.
    Spread(spread::Args),
    /// Time until a node that was down has all that was said meanwhile. Starts a cluster of its own.
    CatchUp(catch_up::Args),
    /// The pause in writing when a node dies, trial after trial, of a cluster of its own.
    Pauses(pauses::Args),
    /// Messages and time of an election when the coordinator dies: Fast Bully and the classic algorithm.
    /// Simulated: no node runs.
    Election(election::Args),
    /// Time from the death of the node that decides on names to the next name that is granted. Starts
    /// clusters of its own.
    Names(names::Args),
    /// How long it takes to find where all groups and rooms of a large network should live. No node runs.
    Directory(directory::Args),
    /// Answers to "where should I connect?", by DNS, gRPC or HTTP.
    Lookup(lookup::Args),
}

impl Scenario {
    /// It measures nodes of its own, or a door that it is told, not `--server`.
    fn takes_no_server(&self) -> bool {
        use Scenario::{CatchUp, Directory, Election, Lookup, Names, Pauses, Spread};
        matches!(
            self,
            Spread(_) | CatchUp(_) | Pauses(_) | Lookup(_) | Election(_) | Names(_) | Directory(_)
        )
    }
}

/// The run was carried out, and messages were lost, doubled, reordered or strayed.
const EXIT_FAULTS: u8 = 2;

/// Runs one scenario and prints its report.
///
/// # Errors
///
/// When the load could not be run as asked: nobody listens, clients are refused or dropped, or
/// nothing moves for five seconds. With `--json` this is printed and becomes exit status 1.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match measure(&args) {
        Ok(report) => {
            report.print(args.common.json)?;
            Ok(if report.faults > 0 { ExitCode::from(EXIT_FAULTS) } else { ExitCode::SUCCESS })
        }
        Err(error) if args.common.json => {
            let mut report = Report { fields: heading(&args), ..Report::default() };
            report.fields.put("error", format!("{error:#}"));
            report.print(true)?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error),
    }
}

fn measure(args: &Args) -> Result<Report> {
    let common = &args.common;
    let progress = Progress::new(common.json);
    let mut report = match &args.scenario {
        Scenario::Fanout(it) => fanout::run(it, common, &progress),
        Scenario::Rooms(it) => rooms::run(it, common, &progress),
        Scenario::Commit(it) => commit::run(it, common, &progress),
        Scenario::Idle(it) => idle::run(it, common, &progress),
        Scenario::Connect(it) => connect::run(it, common, &progress),
        Scenario::Claims(it) => claims::run(it, common, &progress),
        Scenario::Logins(it) => logins::run(it, common, &progress),
        Scenario::History(it) => history::run(it, common, &progress),
        Scenario::Failover(it) => failover::run(it, common, &progress),
        Scenario::Spread(it) => spread::run(it, common, &progress),
        Scenario::CatchUp(it) => catch_up::run(it, common, &progress),
        Scenario::Pauses(it) => pauses::run(it, common, &progress),
        Scenario::Lookup(it) => lookup::run(it, common, &progress),
        Scenario::Election(it) => election::run(it, &progress),
        Scenario::Names(it) => names::run(it, &progress),
        Scenario::Directory(it) => directory::run(it, &progress),
    }?;
    let mut fields = heading(args);
    fields.append(std::mem::take(&mut report.fields));
    fields.put("faults", report.faults);
    report.fields = fields;
    Ok(report)
}

fn heading(args: &Args) -> Fields {
    let scenario = match &args.scenario {
        Scenario::Fanout(_) => "fanout",
        Scenario::Rooms(_) => "rooms",
        Scenario::Commit(_) => "commit",
        Scenario::Idle(_) => "idle",
        Scenario::Connect(_) => "connect",
        Scenario::Claims(_) => "claims",
        Scenario::Logins(_) => "logins",
        Scenario::History(_) => "history",
        Scenario::Failover(_) => "failover",
        Scenario::Spread(_) => "spread",
        Scenario::CatchUp(_) => "catch-up",
        Scenario::Pauses(_) => "pauses",
        Scenario::Lookup(_) => "lookup",
        Scenario::Election(_) => "election",
        Scenario::Names(_) => "names",
        Scenario::Directory(_) => "directory",
    };
    let mut fields = Fields::default();
    fields.put("scenario", scenario);
    if let Some(label) = &args.common.label {
        fields.put("label", label.clone());
    }
    if !args.scenario.takes_no_server() {
        fields.put("servers", args.common.server.clone());
    }
    fields
}
