//! `failover`: how long writing pauses when a node dies or stands still, and what is lost by it.

mod account;
mod victim;

use std::time::Duration;

use anyhow::{Result, ensure};
use chat::Replication;

use super::clock::{now_ns, ns};
use super::engine::Engine;
use super::load::check_bytes;
use super::population::{STALL_NS, TURN, register, require_caps, settle};
use super::progress::Progress;
use super::replicate::{Wanted, join_as};
use super::report::Report;
use super::schedule::Schedule;
use super::setup::{Common, at_least_one, positive};
use account::Account;
use victim::{Blow, Victim};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Send SIGKILL to this process, and to no other, after 2 s of load.
    #[arg(long, value_name = "PID", conflicts_with = "stop_pid")]
    kill_pid: Option<i32>,
    /// Send SIGSTOP to this process after 2 s of load, and SIGCONT 3 s before the load ends.
    #[arg(long, value_name = "PID")]
    stop_pid: Option<i32>,
    /// Messages per second over all clients.
    #[arg(long, default_value_t = 200.0, value_parser = positive)]
    rate: f64,
    /// Clients over all servers, all in one room. [default: 4 per server]
    #[arg(long, value_parser = at_least_one)]
    connections: Option<usize>,
    /// The room, instead of a fresh one.
    #[arg(long)]
    room: Option<String>,
    /// How the room is replicated: raft, primary-backup, gossip. [default: as the server likes]
    #[arg(long, value_name = "STRATEGY")]
    replication: Option<Replication>,
    /// Bytes of each text.
    #[arg(long, default_value_t = 150)]
    bytes: usize,
}

impl Args {
    /// One trial of many: so much load on a fresh room, and this process killed.
    pub(super) fn kill(pid: i32, replication: Replication, rate: f64) -> Args {
        Args {
            kill_pid: Some(pid),
            stop_pid: None,
            rate,
            connections: None,
            room: None,
            replication: Some(replication),
            bytes: 150,
        }
    }
}

const CAPS: &[&str] =
    &["echo-message", "standard-replies", "message-tags", "batch", "labeled-response"];
const BLOW_AFTER_S: f64 = if cfg!(test) { 0.3 } else { 2.0 };
const WAKE_BEFORE_END_S: f64 = if cfg!(test) { 0.3 } else { 3.0 };
/// Answers and deliveries may come so long after the last one.
const DRAIN_NS: u64 = STALL_NS;

/// The moments of a run.
struct Times {
    begin_ns: u64,
    blow_ns: u64,
    end_ns: u64,
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    check_bytes(args.bytes)?;
    let seconds = common.seconds.unwrap_or(10.0);
    let shortest_s = BLOW_AFTER_S + WAKE_BEFORE_END_S;
    ensure!(seconds > shortest_s, "failover needs more than {shortest_s} seconds");
    let mut victim = match (args.kill_pid, args.stop_pid) {
        (Some(pid), _) => Some(Victim::new(pid, Blow::Kill)?),
        (None, Some(pid)) => Some(Victim::new(pid, Blow::Pause)?),
        (None, None) => None,
    };
    let servers = common.server.len();
    let clients = args.connections.unwrap_or(4 * servers);
    let mut engine = common.engine(clients, CAPS)?;
    // Asked now: a killed process no longer tells what it served.
    let is_fallen = |address| victim.as_ref().is_some_and(|it| it.serves(address));
    let fallen: Vec<bool> =
        engine.network.servers.iter().map(|address| is_fallen(*address)).collect();
    ensure!(fallen.contains(&false), "no server would be left: give more than one --server");

    let room = args.room.clone().unwrap_or_else(|| engine.hello.run.room(0));
    register(&mut engine, clients, common.parallel, progress)?;
    require_caps(&engine, &["echo-message"])?;
    let wanted: Vec<Wanted> = args.replication.iter().map(|it| (room.clone(), *it)).collect();
    join_as(&mut engine, |_| vec![room.clone()], &wanted, common.join_parallel, progress)?;
    settle(&mut engine, Duration::from_millis(500))?;

    let mut account = Account::new(engine.hello.run, clients, servers);
    let begin_ns = now_ns();
    let times =
        Times { begin_ns, blow_ns: begin_ns + ns(BLOW_AFTER_S), end_ns: begin_ns + ns(seconds) };
    progress.phase("loading", seconds as usize);
    load(&mut engine, &mut account, args, &room, &times, victim.as_mut(), progress)?;
    drain(&mut engine, &mut account, &fallen)?;
    Ok(report(&engine, &account, args, &times, &fallen))
}

fn load(
    engine: &mut Engine,
    account: &mut Account,
    args: &Args,
    room: &str,
    times: &Times,
    mut victim: Option<&mut Victim>,
    progress: &Progress,
) -> Result<()> {
    let clients = engine.connections.len();
    let mut schedule = Schedule::new(times.begin_ns, args.rate);
    let mut turn = 0;
    let mut has_struck = false;
    loop {
        let now = now_ns();
        if now >= times.end_ns {
            return Ok(());
        }
        if let Some(victim) = victim.as_mut() {
            if !has_struck && now >= times.blow_ns {
                victim.strike()?;
                has_struck = true;
            }
            if now >= times.end_ns - ns(WAKE_BEFORE_END_S) {
                victim.wake();
            }
        }
        while let Some((_, due_ns)) = schedule.take(now) {
            // The next client that still has a connection.
            let next = (turn..turn + clients)
                .map(|it| it % clients)
                .find(|client| engine.is_open(*client));
            let Some(client) = next else { continue };
            turn = client + 1;
            say(engine, account, client, room, args.bytes, due_ns);
        }
        engine.wake_at(schedule.next_ns())?;
        engine.turn(TURN, account)?;
        progress.at(((now - times.begin_ns) / 1_000_000_000) as usize);
    }
}

fn say(
    engine: &mut Engine,
    account: &mut Account,
    client: usize,
    room: &str,
    bytes: usize,
    due_ns: u64,
) {
    let stamp = account.send(client, due_ns);
    let (it, out) = engine.client(client);
    if it.caps.contains(&"labeled-response") {
        out.extend_from_slice(format!("@label={} ", stamp.sequence).as_bytes());
    }
    out.extend_from_slice(format!("PRIVMSG {room} :").as_bytes());
    stamp.write(out, bytes);
    out.extend_from_slice(b"\r\n");
    engine.flush(client);
}

fn drain(engine: &mut Engine, account: &mut Account, fallen: &[bool]) -> Result<()> {
    let mut last = (now_ns(), account.heard);
    while !account.is_settled(|client| !fallen[client % fallen.len()])
        && now_ns() - last.0 < DRAIN_NS
    {
        engine.turn(TURN, account)?;
        if account.heard != last.1 {
            last = (now_ns(), account.heard);
        }
    }
    Ok(())
}

fn report(
    engine: &Engine,
    account: &Account,
    args: &Args,
    times: &Times,
    fallen: &[bool],
) -> Report {
    let survived = |client: usize| !fallen[client % fallen.len()];
    let outcome = account.outcome(survived);
    let dropped = engine.closed.iter().filter(|client| survived(**client)).count();
    let standing: Vec<usize> = (0..fallen.len()).filter(|server| !fallen[*server]).collect();
    let pause_ms = |servers: &[usize]| {
        account.longest_pause_ns(servers, times.blow_ns, times.end_ns) as f64 / 1e6
    };
    let worst_ms = standing.iter().map(|server| pause_ms(&[*server])).fold(0.0, f64::max);

    let latency = account.latency(&standing);
    let mut report = Report { faults: outcome.faults() + dropped as u64, ..Report::default() };
    let fields = &mut report.fields;
    let blow = match (args.kill_pid, args.stop_pid) {
        (Some(_), _) => "kill",
        (None, Some(_)) => "stop",
        (None, None) => "none",
    };
    fields.put("blow", blow);
    if let Some(replication) = args.replication {
        fields.put("replication", replication.as_str());
    }
    fields.put("connections", engine.connections.len());
    fields.put("servers_fallen", fallen.len() - standing.len());
    fields.put_number("rate_msgs_per_s", args.rate, 1);
    fields.put_number("write_pause_ms", pause_ms(&standing), 1);
    fields.put_number("write_pause_worst_server_ms", worst_ms, 1);
    fields.put_number("latency_p50_ms", latency.quantile_ms(0.5), 3);
    fields.put_number("latency_p99_ms", latency.quantile_ms(0.99), 3);
    fields.put_number("latency_max_ms", latency.max_ms(), 3);
    fields.put("sent", outcome.sent);
    fields.put("acked", outcome.acked);
    fields.put("refused", outcome.refused);
    fields.put("unknown", outcome.unknown);
    fields.put("unanswered", outcome.unanswered);
    fields.put("unanswered_by_fallen", outcome.unanswered_by_fallen);
    fields.put("lost", outcome.lost);
    fields.put("duplicated", outcome.duplicated);
    fields.put("reordered", outcome.reordered);
    fields.put("stray", outcome.stray);
    fields.put("refused_but_delivered", outcome.refused_but_delivered);
    fields.put("survivors_dropped", dropped);
    report
}
