//! `starling serve`: one node with its doors, from the first log line to the last.
//!
//! Promise: the first SIGTERM or SIGINT moves clients away and stops with everything acknowledged on
//! disk; the second one stops at once. A node that stops by itself ends the process with its reason.

use crate::cli::{BROKE, CUT_SHORT, UNUSABLE};
use crate::config::{self, Config};
use crate::lookups::Lookups;
use crate::{metrics, process};
use anyhow::Context;
use front_irc::Door;
use node::Running;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Clients are asked to leave one after the other within this time, so that the nodes they go to are
/// not run over.
const DRAIN_SPREAD: Duration = Duration::from_secs(2);
/// A stop that moves everybody away takes at most this long.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// Between two looks whether the node has become ready.
const READY_EVERY: Duration = Duration::from_millis(100);
/// When it is worth saying that it has not.
const READY_LATE: Duration = Duration::from_secs(15);

const LEAVING: &str = "This server is stopping; please connect to another one";

/// How to serve.
#[derive(clap::Args)]
#[command(after_help = "\
Logs go to stderr; RUST_LOG chooses what is logged (default: info).
Every key of the configuration can also come from the environment, for example
STARLING_NODE__NAME=n1.

SIGTERM or SIGINT drains and stops; a second one stops at once.

Exit codes:
  0  stopped when asked to
  1  could not start; stderr says why
  2  the command line or the configuration cannot be used
  3  the node stopped by itself, for example because its disk failed
  4  stopped at once by a second signal

Examples:
  starling serve
  starling serve --config /etc/starling/n1.toml")]
pub(crate) struct Args {
    /// Configuration file (docs/configuration.md); without it: one node, ./starling-data, IRC on 127.0.0.1:6667
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// End when the process with this id, which started this one, ends
    #[arg(long, value_name = "PID", hide = true)]
    exit_with_parent: Option<i32>,
}

/// Serves until told to stop.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let Some(parent) = args.exit_with_parent {
        process::exit_with_parent(parent)?;
    }
    let config = config::load(args.config.as_deref())?;
    if let Err(why) = log_to_stderr() {
        eprintln!("RUST_LOG: {why}");
        return Ok(ExitCode::from(UNUSABLE));
    }
    for warning in &config.warnings {
        warn!("{warning}");
    }
    let open_files_max = process::raise_open_files();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        name = config.node.name,
        data_dir = %config.node.data_dir.display(),
        open_files_max,
        "starting"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(serve(&config))
}

async fn serve(config: &Config) -> anyhow::Result<ExitCode> {
    // Before anything starts, so that no signal finds the default action.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    if let Some(address) = config.metrics_address() {
        metrics::open(address)?;
        info!("metrics on http://{address}/metrics");
    }
    let tls = config.cluster_tls().map_err(anyhow::Error::msg)?;
    let node = Arc::new(node::start(node::Config { tls, ..config.for_node() })?);
    let (door, lookups) = match open_doors(config, &node) {
        Ok(doors) => doors,
        Err(why) => {
            node.stop();
            return Err(why);
        }
    };
    node.handle().advertise(config.doors(door.addresses()));
    announce(config, &door, lookups.doors());

    let mut stopped = watch(node.clone());
    let mut door = Some(door);
    loop {
        tokio::select! {
            ended = &mut stopped => return Ok(end(ended, door)),
            name = signals.next() => {
                let Some(door) = door.take() else {
                    warn!("{name} again: stopping at once");
                    return Ok(ExitCode::from(CUT_SHORT));
                };
                info!("{name}: draining; a second one stops at once");
                let node = node.clone();
                thread::spawn(move || leave(&node, door));
            }
        }
    }
}

/// Those that say where to connect stay open to the end, and name other nodes while this one leaves.
fn open_doors(config: &Config, node: &Running) -> anyhow::Result<(Door, Lookups)> {
    let door = front_irc::start(config.for_irc(), node.handle())?;
    match Lookups::open(config, &node.handle()) {
        Ok(lookups) => Ok((door, lookups)),
        Err(why) => {
            door.stop();
            Err(why)
        }
    }
}

/// Moves everybody away and stops.
fn leave(node: &Running, door: Door) {
    door.drain(LEAVING, DRAIN_SPREAD);
    node.drain(DRAIN_MAX);
    door.stop();
    node.stop();
}

/// The node has stopped. With the door still in our hands nobody had asked it to.
fn end(
    ended: Result<Result<(), String>, oneshot::error::RecvError>,
    door: Option<Door>,
) -> ExitCode {
    let why = match ended {
        Ok(Ok(())) if door.is_none() => {
            info!("stopped");
            return ExitCode::SUCCESS;
        }
        Ok(Ok(())) => "it gave no reason".to_owned(),
        Ok(Err(why)) => why,
        Err(_) => "it panicked".to_owned(),
    };
    error!("the node stopped by itself: {why}");
    if let Some(door) = door {
        door.drain("This server has failed; please connect to another one", Duration::ZERO);
        door.stop();
    }
    ExitCode::from(BROKE)
}

/// Tells when the node has stopped, and why.
fn watch(node: Arc<Running>) -> oneshot::Receiver<Result<(), String>> {
    let (told, stopped) = oneshot::channel();
    thread::spawn(move || told.send(node.wait()));
    stopped
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn log_to_stderr() -> Result<(), tracing_subscriber::filter::FromEnvError> {
    let filter =
        EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env()?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    Ok(())
}

/// Says where the doors are, at once, and that the node is ready, once it is.
fn announce(config: &Config, door: &Door, lookups: &[String]) {
    let listeners = config.for_irc().listeners;
    let kind = |it: &front_irc::Listener| match (it.transport, it.tls.is_some()) {
        (front_irc::Transport::Stream, false) => "irc",
        (front_irc::Transport::Stream, true) => "irc with TLS",
        (front_irc::Transport::WebSocket, false) => "websocket",
        (front_irc::Transport::WebSocket, true) => "websocket with TLS",
    };
    let doors: Vec<String> = listeners
        .iter()
        .zip(door.addresses())
        .map(|(listener, address)| format!("{} on {address}", kind(listener)))
        .chain(lookups.iter().cloned())
        .collect();
    let doors = match doors.is_empty() {
        true => "no doors for clients".to_owned(),
        false => doors.join(", "),
    };
    let (address, name) = (config.cluster.address.clone(), config.node.name.clone());
    info!("listening: {doors}; peers on {address}");
    thread::spawn(move || {
        let began = Instant::now();
        let mut is_late = false;
        while !is_ready(&address, &name) {
            if !is_late && began.elapsed() > READY_LATE {
                is_late = true;
                warn!(
                    "not ready yet: not a member, or a group has no leader; are enough other nodes up?"
                );
            }
            thread::sleep(READY_EVERY);
        }
        info!("ready: {doors}");
    });
}

/// The node is a member and every group it knows of has a leader.
fn is_ready(address: &str, name: &str) -> bool {
    let Ok(status) = node::ask_status(address, Duration::from_secs(1)) else {
        return false;
    };
    let is_member = status.nodes.iter().any(|it| it.name == name && it.health == "up");
    status.is_ready
        && is_member
        && !status.groups.is_empty()
        && status.groups.iter().all(|it| it.is_led())
}
