//! `spread`: how long it takes until what one node took is on all nodes, and what that costs the network.
//!
//! One client on each node, all in one room; whatever is said must come to all of them, once and in the
//! sender's order. The time counts from when a message was due until the last client has it.

mod presence;

use std::time::Duration;

use anyhow::{Result, ensure};
use chat::Replication;
use chat::codec::encode;
use chat::room::{RoomCommand, RoomVerb};
use chat::{Nick, Place, RoomName, SayKind, SessionId, Who};

use super::clock::{now_ns, ns};
use super::cluster::{Cluster, Counters, grown};
use super::engine::Engine;
use super::load::check_bytes;
use super::machine::Reading;
use super::message::RunTag;
use super::population::{STALL_NS, TURN, all_open, register, require_caps, settle};
use super::progress::Progress;
use super::replicate::join_as;
use super::report::{Fields, Report};
use super::schedule::Schedule;
use super::setup::{Common, positive};
use presence::Presence;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Nodes to start.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=32))]
    nodes: u16,
    /// Peers that a new message goes to at once; each is measured on a cluster of its own.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3", value_parser = fanout)]
    fanout: Vec<usize>,
    /// Messages per second over all nodes.
    #[arg(long, default_value_t = 500.0, value_parser = positive)]
    rate: f64,
    /// Bytes of each text.
    #[arg(long, default_value_t = 150)]
    bytes: usize,
    /// How the room is replicated, to compare with other strategies.
    #[arg(long, value_name = "STRATEGY", default_value_t = Replication::Gossip)]
    replication: Replication,
}

const CAPS: &[&str] = &["echo-message", "standard-replies"];
/// After the room was made, so that the making is not counted, and before the nodes' counters are read:
/// they show what they have counted once a second.
const QUIET: Duration = Duration::from_secs(2);

/// What else the nodes count, over all of them and the whole run.
const COUNTED: [(&str, &str); 6] = [
    ("entries_delivered", "starling_gossip_delivered_total"),
    ("repeated", "starling_gossip_bodies_repeated_total"),
    ("digests", "starling_gossip_digests_sent_total"),
    ("grafts", "starling_gossip_grafts_sent_total"),
    ("prunes", "starling_gossip_prunes_sent_total"),
    ("syncs", "starling_log_batches_total"),
];

fn fanout(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=16) => Ok(number),
        _ => Err("a whole number from 1 to 16".to_owned()),
    }
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    check_bytes(args.bytes)?;
    let mut report = Report::default();
    for fanout in &args.fanout {
        let (fields, faults) = one(args, *fanout, common, progress)?;
        report.levels.push(fields);
        report.faults += faults;
    }
    let fields = &mut report.fields;
    fields.put("replication", args.replication.as_str());
    fields.put("nodes", args.nodes);
    fields.put_number("rate_msgs_per_s", args.rate, 1);
    fields.put("text_bytes", args.bytes);
    fields.put("message_bytes", message_bytes(args.bytes));
    Ok(report)
}

fn one(args: &Args, fanout: usize, common: &Common, progress: &Progress) -> Result<(Fields, u64)> {
    let nodes = usize::from(args.nodes);
    let cluster = Cluster::start(nodes, fanout, progress)?;
    let common = cluster.common(common);
    let mut engine = common.engine(nodes, CAPS)?;
    let room = engine.hello.run.room(0);
    register(&mut engine, nodes, common.parallel, progress)?;
    require_caps(&engine, &["echo-message"])?;
    let wanted = [(room.clone(), args.replication)];
    join_as(&mut engine, |_| vec![room.clone()], &wanted, common.join_parallel, progress)?;
    settle(&mut engine, QUIET)?;

    let mut presence = Presence::new(engine.hello.run, nodes);
    let (before, opening) = (cluster.counters()?, Reading::take(&cluster.pids()));
    load(&mut engine, &mut presence, args, &room, &common, progress)?;
    drain(&mut engine, &mut presence)?;
    let closing = Reading::take(&cluster.pids());
    settle(&mut engine, QUIET)?;
    let after = cluster.counters()?;
    ensure!(presence.complete() > 0, "no message came to all nodes: {}", presence.last_failure);
    let mut fields = Fields::default();
    fields.put("fanout", fanout);
    put_times(&mut fields, &presence);
    put_costs(&mut fields, args, &presence, &before, &after);
    fields.put_number(
        "server_cores",
        closing.since(&opening).server_cpu_s() / closing.since(&opening).seconds,
        2,
    );
    Ok((fields, presence.faults()))
}

fn load(
    engine: &mut Engine,
    presence: &mut Presence,
    args: &Args,
    room: &str,
    common: &Common,
    progress: &Progress,
) -> Result<()> {
    let (warmup_s, seconds) = (common.warmup.unwrap_or(1.0), common.seconds.unwrap_or(10.0));
    progress.phase("loading", (warmup_s + seconds) as usize);
    let begin_ns = now_ns();
    presence.measure_from_ns = begin_ns + ns(warmup_s);
    let end_ns = begin_ns + ns(warmup_s + seconds);
    let mut schedule = Schedule::new(begin_ns, args.rate);
    loop {
        let now = now_ns();
        if now >= end_ns {
            return Ok(());
        }
        while let Some((count, due_ns)) = schedule.take(now) {
            let client = (count % u64::from(args.nodes)) as usize;
            let stamp = presence.send(client, due_ns);
            let (_, out) = engine.client(client);
            out.extend_from_slice(format!("PRIVMSG {room} :").as_bytes());
            stamp.write(out, args.bytes);
            out.extend_from_slice(b"\r\n");
            engine.flush(client);
        }
        engine.wake_at(schedule.next_ns())?;
        engine.turn(TURN, presence)?;
        all_open(engine)?;
        progress.at(((now - begin_ns) / 1_000_000_000) as usize);
    }
}

/// Waits until all is everywhere, or nothing comes any more.
fn drain(engine: &mut Engine, presence: &mut Presence) -> Result<()> {
    let mut last = (now_ns(), presence.outstanding());
    while last.1 > 0 && now_ns() - last.0 < STALL_NS {
        engine.turn(TURN, presence)?;
        all_open(engine)?;
        if presence.outstanding() != last.1 {
            last = (now_ns(), presence.outstanding());
        }
    }
    Ok(())
}

fn put_times(fields: &mut Fields, presence: &Presence) {
    fields.put("sent", presence.sent());
    fields.put_number("everywhere_p50_ms", presence.everywhere.quantile_ms(0.5), 3);
    fields.put_number("everywhere_p99_ms", presence.everywhere.quantile_ms(0.99), 3);
    fields.put_number("everywhere_max_ms", presence.everywhere.max_ms(), 3);
    fields.put_number("anywhere_p50_ms", presence.anywhere.quantile_ms(0.5), 3);
    fields.put("lost", presence.outstanding());
    fields.put("duplicated", presence.ledger.duplicated);
    fields.put("reordered", presence.ledger.reordered);
    fields.put("refused", presence.refused);
}

/// What the nodes told each other for every message that came to a node which had not taken it from its
/// client. One that comes once, alone, in one envelope, costs 1 and 1.
fn put_costs(
    fields: &mut Fields,
    args: &Args,
    presence: &Presence,
    before: &Counters,
    after: &Counters,
) {
    let deliveries = (presence.sent() * (u64::from(args.nodes) - 1)) as f64;
    let per_delivery = |name: &str| grown(name, before, after).map(|it| it / deliveries);
    let envelopes = per_delivery("starling_gossip_messages_sent_total");
    let bytes = per_delivery("starling_gossip_bytes_sent_total");
    fields.put_number("envelopes_per_delivery", envelopes, 3);
    fields.put_number("bytes_per_delivery", bytes, 1);
    fields.put_number("bytes_over_size", bytes.map(|it| it / message_bytes(args.bytes) as f64), 3);
    // Of the bytes: bodies that came twice, and what is said about bodies.
    for (field, name) in COUNTED {
        fields.put_number(field, grown(name, before, after), 0);
    }
}

/// What the nodes have to bring over of a message: the command as it stands in an entry.
fn message_bytes(text_bytes: usize) -> usize {
    let run = RunTag::from_seed(0);
    let who = Who {
        session: SessionId(u64::MAX >> 1),
        nick: Nick::parse(&run.nick(0, 0), 32).expect("a nick of ours"),
        user: "~bench".into(),
        host: "127.1.0.1".into(),
        account: None,
        is_operator: false,
        is_bot: false,
    };
    let verb = RoomVerb::Say {
        kind: SayKind::Message,
        text: "x".repeat(text_bytes).into(),
        tags: Vec::new(),
        status: None,
        to: None,
    };
    let place = Place::Room(RoomName::parse(&run.room(0)).expect("a room of ours"));
    encode(&RoomCommand { who, number: 1_000, era: Some(1), place, verb }).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_its_text_and_who_said_it_where() {
        let bytes = message_bytes(150);
        assert!((190..240).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_fanout_is_a_small_number() {
        assert_eq!(fanout("3"), Ok(3));
        assert!(["0", "17", "x"].iter().all(|it| fanout(it).is_err()));
    }
}
