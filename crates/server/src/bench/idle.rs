//! `idle`: what a connection costs that does nothing, and what the mass arrival costs.

use std::time::Duration;

use anyhow::Result;

use super::machine::{Reading, Usage};
use super::population::{join, register, settle};
use super::progress::Progress;
use super::report::Report;
use super::setup::{Common, at_least_one};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Clients to connect.
    #[arg(long, short = 'n', default_value_t = 10_000, value_parser = at_least_one)]
    clients: usize,
    /// Rooms to spread them over.
    #[arg(long, default_value_t = 10, value_parser = at_least_one)]
    rooms: usize,
    /// Seconds of quiet before memory is read.
    #[arg(long, default_value_t = 3.0)]
    settle: f64,
    /// Seconds of idling afterwards, whose CPU time is reported.
    #[arg(long, default_value_t = 0.0)]
    hold: f64,
}

const CAPS: &[&str] = &[];

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    let mut engine = common.engine(args.clients, CAPS)?;
    let pids = &common.server_pid;
    let pause = Duration::from_secs_f64(args.settle);
    let read = || Reading::take(pids);

    let before = read();
    let register_s = register(&mut engine, args.clients, common.parallel, progress)?;
    let registered = read();
    settle(&mut engine, pause)?;
    let registered_memory = Usage::of(pids);

    let begin_join = read();
    let run = engine.hello.run;
    let join_s = join(
        &mut engine,
        |client| vec![run.room(client % args.rooms)],
        common.join_parallel,
        progress,
    )?;
    let joined = read();
    settle(&mut engine, pause)?;
    let joined_memory = Usage::of(pids);

    let mut report = Report::default();
    let fields = &mut report.fields;
    fields.put("clients", args.clients);
    fields.put("rooms", args.rooms);
    fields.put_number("register_s", register_s, 3);
    fields.put_number("join_s", join_s, 3);
    if !pids.is_empty() {
        let per_client = |usage: &Usage| {
            (usage.rss_bytes as f64 - before.servers.rss_bytes as f64) / args.clients as f64
        };
        fields.put_number("server_cpu_register_s", registered.since(&before).server_cpu_s(), 2);
        fields.put_number("server_cpu_join_s", joined.since(&begin_join).server_cpu_s(), 2);
        fields.put_number("bytes_per_registered", per_client(&registered_memory), 0);
        fields.put_number("bytes_per_joined", per_client(&joined_memory), 0);
        fields.put_number("server_rss_before_mib", before.servers.rss_bytes as f64 / 1048576.0, 1);
        fields.put_number(
            "server_rss_registered_mib",
            registered_memory.rss_bytes as f64 / 1048576.0,
            1,
        );
        fields.put_memory(&joined_memory);
    }
    if args.hold > 0.0 {
        progress.phase("idling", 0);
        let begin = read();
        settle(&mut engine, Duration::from_secs_f64(args.hold))?;
        let span = read().since(&begin);
        fields.put_number("hold_s", span.seconds, 1);
        if !pids.is_empty() {
            fields.put_number("server_cores_holding", span.server_cpu_s() / span.seconds, 4);
        }
    }
    Ok(report)
}
