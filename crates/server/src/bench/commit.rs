//! `commit`: how many messages per second the servers promise to keep, by messages in flight.
//!
//! An acknowledgement is the sender's own echo, which a replicating server sends when the message
//! is committed. By default few connections share one room, so that fan-out does not dominate;
//! with many rooms every connection is alone in its own. Several strategies
//! are measured side by side: every level with each of them, one after the other.

use std::ops::Range;

use anyhow::{Result, ensure};
use chat::Replication;

use super::drive::{Course, Measured, Pace, drain, measure};
use super::engine::Engine;
use super::load::{assemble_as, check_bytes, put_account};
use super::machine::Usage;
use super::progress::Progress;
use super::replicate::Wanted;
use super::report::{Fields, Report};
use super::setup::{Common, at_least_one};
use super::traffic::{Plan, Sender, Timed, Traffic};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Messages under way over all connections; one measurement for each.
    #[arg(long, value_delimiter = ',', default_value = "1,64,256,1024", value_parser = at_least_one)]
    in_flight: Vec<usize>,
    /// Rooms: 1 for one busy group, more to spread the load over many.
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    rooms: usize,
    /// The one room's name, instead of a fresh one.
    #[arg(long, conflicts_with = "rooms")]
    room: Option<String>,
    /// Connections over all servers. [default: 4 per server]
    #[arg(long, value_parser = at_least_one)]
    connections: Option<usize>,
    /// How the rooms are replicated: raft, primary-backup, gossip. Several, with commas: each level is
    /// measured with each of them in turn, in rooms of its own. [default: as the server likes]
    #[arg(long, value_delimiter = ',', value_name = "STRATEGY")]
    replication: Vec<Replication>,
    /// Bytes of each text.
    #[arg(long, default_value_t = 150)]
    bytes: usize,
}

/// What is measured side by side: `None` is the server's own choice.
type Side = Option<Replication>;

const CAPS: &[&str] = &["echo-message", "standard-replies"];

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    check_bytes(args.bytes)?;
    let connections = args.connections.unwrap_or(4 * common.server.len());
    let mut engine = common.engine(connections, CAPS)?;
    let sides = sides(args)?;
    let (plan, wanted) = plan(args, &sides, connections, &engine);
    assemble_as(&mut engine, &plan, &wanted, common, progress)?;
    let mut traffic = Traffic::new(engine.hello.run, &plan, Timed::Acks);
    let mut report = Report::default();
    let rooms = plan.room_names.len() / sides.len();
    for in_flight in &args.in_flight {
        // In turn, so that what happens to the machine meanwhile happens to all of them.
        for (number, side) in sides.iter().enumerate() {
            share_out(&mut traffic, *in_flight, number * rooms..(number + 1) * rooms);
            let fields = one(&mut engine, &mut traffic, *in_flight, *side, common, progress)?;
            report.levels.push(fields);
        }
    }
    report.faults = traffic.faults();
    if !args.replication.is_empty() {
        let words: Vec<&str> = args.replication.iter().map(|it| it.as_str()).collect();
        report.fields.put("replication", words);
    }
    report.fields.put("rooms", rooms);
    report.fields.put("connections", connections);
    report.fields.put("text_bytes", args.bytes);
    put_account(&mut report.fields, &traffic);
    if !common.server_pid.is_empty() {
        report.fields.put_memory(&Usage::of(&common.server_pid));
    }
    Ok(report)
}

fn sides(args: &Args) -> Result<Vec<Side>> {
    let sides: Vec<Side> = match &args.replication[..] {
        [] => vec![None],
        chosen => chosen.iter().copied().map(Some).collect(),
    };
    ensure!(
        args.room.is_none() || sides.len() == 1,
        "--room names one room, which is replicated in one way at a time"
    );
    Ok(sides)
}

/// One level with one strategy.
fn one(
    engine: &mut Engine,
    traffic: &mut Traffic,
    in_flight: usize,
    side: Side,
    common: &Common,
    progress: &Progress,
) -> Result<Fields> {
    let word = side.map_or(String::new(), |it| format!(" by {it}"));
    let course = Course {
        pace: Pace::Closed,
        warmup_s: common.warmup.unwrap_or(0.7),
        measure_s: common.seconds.unwrap_or(3.0),
        pids: &common.server_pid,
        name: format!("{in_flight} in flight{word}"),
    };
    let measured = measure(engine, traffic, &course, progress)?;
    drain(engine, traffic, progress)?;
    ensure!(measured.window.acked > 0, "no acknowledgement with {in_flight} in flight{word}");
    let mut fields = Fields::default();
    if let Some(replication) = side {
        fields.put("replication", replication.as_str());
    }
    fields.append(level(in_flight, &measured, common));
    Ok(fields)
}

/// The rooms of one side after those of another, and how each shall be replicated.
fn plan(args: &Args, sides: &[Side], connections: usize, engine: &Engine) -> (Plan, Vec<Wanted>) {
    let count = if args.room.is_some() { 1 } else { args.rooms };
    let fresh = || (0..count * sides.len()).map(|room| engine.hello.run.room(room)).collect();
    let room_names: Vec<String> = args.room.clone().map_or_else(fresh, |room| vec![room]);
    let shared = rooms_of(count, connections);
    let of_all_sides = |own: &Vec<usize>| {
        let sides = 0..sides.len();
        sides.flat_map(|side| own.iter().map(move |room| side * count + room)).collect()
    };
    let rooms_of: Vec<Vec<usize>> = shared.iter().map(of_all_sides).collect();
    let replications = sides.iter().flat_map(|side| std::iter::repeat_n(side, count));
    let wanted = room_names.iter().zip(replications);
    let wanted = wanted.filter_map(|(room, side)| Some((room.clone(), (*side)?))).collect();
    // Room by room, so that a few messages in flight meet different connections first.
    let pairs =
        (0..room_names.len()).flat_map(|room| (0..connections).map(move |client| (client, room)));
    let senders = pairs.filter(|(client, room)| rooms_of[*client].contains(room));
    let senders = senders.map(|(client, room)| (client, room, client)).collect();
    let plan = Plan { senders, rooms_of, room_names, text_bytes: args.bytes, is_echoed: true };
    (plan, wanted)
}

/// With more rooms than connections each room has one occupant, else each connection has one room.
fn rooms_of(rooms: usize, connections: usize) -> Vec<Vec<usize>> {
    let own = |client: usize| (client..rooms).step_by(connections).collect();
    let shared = |client: usize| vec![client % rooms];
    (0..connections)
        .map(|client| if rooms >= connections { own(client) } else { shared(client) })
        .collect()
}

/// Divides what may be in flight among those who send into these rooms; the others fall silent.
fn share_out(traffic: &mut Traffic, in_flight: usize, rooms: Range<usize>) {
    traffic.senders.iter_mut().for_each(|it| it.window = 0);
    let its = |it: &&mut Sender| rooms.contains(&it.room);
    let senders = traffic.senders.iter().filter(|it| rooms.contains(&it.room)).count();
    for (number, sender) in traffic.senders.iter_mut().filter(its).enumerate() {
        sender.window = (in_flight / senders + usize::from(number < in_flight % senders)) as u32;
    }
}

fn level(in_flight: usize, measured: &Measured, common: &Common) -> Fields {
    let (window, span) = (&measured.window, &measured.span);
    let mut fields = Fields::default();
    fields.put("in_flight", in_flight);
    fields.put_number("acks_per_s", window.acked as f64 / span.seconds, 0);
    fields.put_number("latency_p50_ms", window.latency.quantile_ms(0.5), 3);
    fields.put_number("latency_p99_ms", window.latency.quantile_ms(0.99), 3);
    fields.put_number("latency_max_ms", window.latency.max_ms(), 3);
    if !common.server_pid.is_empty() {
        let per_100k = span.server_cpu_s() / window.acked as f64 * 100_000.0;
        fields.put_number("server_cpu_s_per_100k_acks", per_100k, 2);
        fields.put_number("server_cores", span.server_cpu_s() / span.seconds, 2);
    }
    fields.put_number("deliveries_per_s", window.deliveries as f64 / span.seconds, 0);
    fields.put_number("bench_cores", span.own_cpu_s / span.seconds, 2);
    if !common.server_pid.is_empty() {
        fields.put_number("other_cores", span.other_cpu_s() / span.seconds, 2);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rooms_are_shared_and_many_are_divided() {
        assert_eq!(rooms_of(1, 3), [[0], [0], [0]]);
        assert_eq!(rooms_of(2, 3), [[0], [1], [0]]);
        assert_eq!(rooms_of(5, 2), [vec![0, 2, 4], vec![1, 3]]);
    }
}
