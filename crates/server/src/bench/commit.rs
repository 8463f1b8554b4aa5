//! `commit`: how many messages per second the servers promise to keep, by messages in flight.
//!
//! An acknowledgement is the sender's own echo, which a replicating server sends when the message
//! is committed. By default few connections share one room, so that fan-out does not dominate;
//! with many rooms every connection is alone in its own.

use anyhow::{Result, ensure};

use super::drive::{Course, Measured, Pace, drain, measure};
use super::engine::Engine;
use super::load::{assemble, check_bytes, put_account};
use super::machine::Usage;
use super::progress::Progress;
use super::report::{Fields, Report};
use super::setup::{Common, at_least_one};
use super::traffic::{Plan, Timed, Traffic};

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
    /// Bytes of each text.
    #[arg(long, default_value_t = 150)]
    bytes: usize,
}

const CAPS: &[&str] = &["echo-message", "standard-replies"];

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    check_bytes(args.bytes)?;
    let connections = args.connections.unwrap_or(4 * common.server.len());
    let mut engine = common.engine(connections, CAPS)?;
    let plan = plan(args, connections, &engine);
    assemble(&mut engine, &plan, common, progress)?;
    let mut traffic = Traffic::new(engine.hello.run, &plan, Timed::Acks);
    let mut report = Report::default();
    for in_flight in &args.in_flight {
        share_out(&mut traffic, *in_flight);
        let course = Course {
            pace: Pace::Closed,
            warmup_s: common.warmup.unwrap_or(0.7),
            measure_s: common.seconds.unwrap_or(3.0),
            pids: &common.server_pid,
            name: format!("{in_flight} in flight"),
        };
        let measured = measure(&mut engine, &mut traffic, &course, progress)?;
        drain(&mut engine, &mut traffic, progress)?;
        ensure!(measured.window.acked > 0, "no acknowledgement with {in_flight} in flight");
        report.levels.push(level(*in_flight, &measured, common));
    }
    report.faults = traffic.faults();
    report.fields.put("rooms", plan.room_names.len());
    report.fields.put("connections", connections);
    report.fields.put("text_bytes", args.bytes);
    put_account(&mut report.fields, &traffic);
    if !common.server_pid.is_empty() {
        report.fields.put_memory(&Usage::of(&common.server_pid));
    }
    Ok(report)
}

fn plan(args: &Args, connections: usize, engine: &Engine) -> Plan {
    let fresh = || (0..args.rooms).map(|room| engine.hello.run.room(room)).collect();
    let room_names: Vec<String> = args.room.clone().map_or_else(fresh, |room| vec![room]);
    let rooms_of = rooms_of(room_names.len(), connections);
    // Room by room, so that a few messages in flight meet different connections first.
    let pairs =
        (0..room_names.len()).flat_map(|room| (0..connections).map(move |client| (client, room)));
    let senders = pairs.filter(|(client, room)| rooms_of[*client].contains(room));
    let senders = senders.map(|(client, room)| (client, room, client)).collect();
    Plan { senders, rooms_of, room_names, text_bytes: args.bytes, is_echoed: true }
}

/// With more rooms than connections each room has one occupant, else each connection has one room.
fn rooms_of(rooms: usize, connections: usize) -> Vec<Vec<usize>> {
    let own = |client: usize| (client..rooms).step_by(connections).collect();
    let shared = |client: usize| vec![client % rooms];
    (0..connections)
        .map(|client| if rooms >= connections { own(client) } else { shared(client) })
        .collect()
}

/// Divides what may be in flight among the senders.
fn share_out(traffic: &mut Traffic, in_flight: usize) {
    let senders = traffic.senders.len();
    for (number, sender) in traffic.senders.iter_mut().enumerate() {
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
