//! `starling demo`: a small cluster of real processes on this machine, to try it and to break it.
//!
//! Promise: nothing is left behind. The nodes are killed and their files removed when the demo ends,
//! and the kernel kills them if the demo is killed.

mod command;
pub(crate) mod member;
pub(crate) mod members;

use command::Command;
use member::Purpose;
use members::Members;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// Between two looks at the nodes.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// When it is worth saying that the cluster is not ready yet.
const READY_LATE: Duration = Duration::from_secs(20);

/// What to run.
#[derive(clap::Args)]
#[command(after_help = "\
Prints where to connect with irssi or WeeChat, then reads commands:
  status   how the cluster is
  k 2      kill node 2 (kill -9)
  r 2      start node 2 again
  q        quit; so do Ctrl-C and the end of the input

Exit codes: 0 ended when asked to, 1 could not start; stderr says why.

Example:
  starling demo --nodes 3")]
pub(crate) struct Args {
    /// How many nodes
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    nodes: u16,
}

/// What can happen to the demo.
enum Input {
    Line(String),
    Quit(&'static str),
}

/// Runs until asked to end.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (sender, inputs) = channel();
    quit_on_signals(sender.clone())?;
    let mut out = std::io::stdout();
    let mut members = Members::start(usize::from(args.nodes), Purpose::Demo)?;
    writeln!(out, "Starting {}; data and logs in {}", many(args.nodes), members.dir().display())?;
    read_lines(sender);
    let why = talk(&mut members, &inputs, &mut out)?;
    writeln!(out, "{why}: ending the nodes and removing {}", members.dir().display())?;
    Ok(ExitCode::SUCCESS)
}

/// Looks after the nodes and does what is asked; gives back why it ended.
fn talk(
    members: &mut Members,
    inputs: &Receiver<Input>,
    out: &mut impl Write,
) -> anyhow::Result<&'static str> {
    let began = Instant::now();
    let mut is_ready = false;
    let mut was_late = false;
    loop {
        match inputs.recv_timeout(LOOK_EVERY) {
            Ok(Input::Quit(why)) => return Ok(why),
            Ok(Input::Line(line)) => match Command::parse(&line, members.count()) {
                Ok(Some(Command::Quit)) => return Ok("Asked to quit"),
                Ok(Some(command)) => carry_out(command, members, out)?,
                Ok(None) => {}
                Err(why) => writeln!(out, "{why}")?,
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok("Nobody can ask any more"),
        }
        for line in members.look(!is_ready)? {
            writeln!(out, "{line}")?;
        }
        if !is_ready && members.are_ready() {
            is_ready = true;
            writeln!(out, "{}", members.welcome())?;
        } else if !is_ready && !was_late && began.elapsed() > READY_LATE {
            was_late = true;
            writeln!(out, "Still not ready; the logs say more: {}", members.dir().display())?;
        }
    }
}

fn carry_out(command: Command, members: &mut Members, out: &mut impl Write) -> std::io::Result<()> {
    match command {
        Command::Status => writeln!(out, "{}", members.status()),
        Command::Kill(number) => writeln!(out, "{}", members.kill(number)),
        Command::Restart(number) => match members.restart(number) {
            Ok(said) => writeln!(out, "{said}"),
            Err(why) => writeln!(out, "cannot start node {number}: {why:#}"),
        },
        Command::Help => writeln!(out, "{}", command::HELP),
        Command::Quit => Ok(()),
    }
}

fn read_lines(to: Sender<Input>) {
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if to.send(Input::Line(line)).is_err() {
                return;
            }
        }
        let _ = to.send(Input::Quit("The input has ended")); // Unheard if it has ended already.
    });
}

/// From here on the usual signals end the demo in order instead of at once.
fn quit_on_signals(to: Sender<Input>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    drop(guard);
    thread::spawn(move || {
        let name = runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => "Interrupted",
                _ = terminate.recv() => "Terminated",
                _ = hang_up.recv() => "The terminal is gone",
            }
        });
        let _ = to.send(Input::Quit(name)); // Unheard if it has ended already.
    });
    Ok(())
}

fn many(nodes: u16) -> String {
    match nodes {
        1 => "1 node".to_owned(),
        _ => format!("{nodes} nodes"),
    }
}
