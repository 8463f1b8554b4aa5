//! `catch-up`: a node is killed, the others go on talking, it is started again. How long until it has all
//! that was said meanwhile?

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chat::Replication;

use super::clock::now_ns;
use super::cluster::Cluster;
use super::drive::drain;
use super::engine::Engine;
use super::load::{assemble_as, check_bytes};
use super::population::{STALL_NS, TURN, Watch, all_open, settle};
use super::progress::Progress;
use super::report::Report;
use super::setup::{Common, at_least_one};
use super::traffic::{Plan, Timed, Traffic};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Nodes to start; one that holds a copy of the room and does not lead it is killed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=32))]
    nodes: u16,
    /// Messages that it misses.
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    messages: usize,
    /// Bytes of each text.
    #[arg(long, default_value_t = 100)]
    bytes: usize,
    /// Peers that a new message goes to at once.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=16))]
    fanout: u16,
    /// How the room is replicated, to compare with other strategies.
    #[arg(long, value_name = "STRATEGY", default_value_t = Replication::Gossip)]
    replication: Replication,
}

const CAPS: &[&str] = &["echo-message", "standard-replies"];
/// Enough under way to talk at the nodes' own pace.
const WINDOW: u32 = 256;
/// Longer means never.
const CAUGHT_UP_MAX: Duration = Duration::from_secs(300);
/// Groups that it led have another leader then, and copies in sync.
const TIME_TO_MOURN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    check_bytes(args.bytes)?;
    let nodes = usize::from(args.nodes);
    let mut cluster = Cluster::start(nodes, usize::from(args.fanout), progress)?;
    let victim = cluster.follower(args.replication)?;
    let common = cluster.common_without(common, victim);
    let others = nodes - 1;
    let mut engine = common.engine(others, CAPS)?;
    let room = engine.hello.run.room(0);
    let plan = Plan {
        rooms_of: vec![vec![0]; others],
        senders: (0..others).map(|client| (client, 0, client)).collect(),
        room_names: vec![room.clone()],
        text_bytes: args.bytes,
        is_echoed: true,
    };
    let wanted = [(room.clone(), args.replication)];
    assemble_as(&mut engine, &plan, &wanted, &common, progress)?;

    cluster.kill9(victim);
    settle(&mut engine, TIME_TO_MOURN)?;
    let mut traffic = Traffic::new(engine.hello.run, &plan, Timed::Acks);
    talk(&mut engine, &mut traffic, args.messages, progress)?;
    let has = |cluster: &Cluster, index| -> Result<u64> {
        Ok(cluster.room(index, &room)?.and_then(|it| it.messages).unwrap_or_default())
    };
    let left = (0..nodes).filter(|it| *it != victim);
    let all = left.map(|it| has(&cluster, it)).collect::<Result<Vec<u64>>>()?;
    let all = all.into_iter().max().context("somebody is left")?;
    ensure!(all >= args.messages as u64, "the nodes that are left keep only {all} messages");

    progress.phase("catching up", all as usize);
    let begin = Instant::now();
    cluster.restart(victim)?;
    let listening = Instant::now();
    loop {
        let now = has(&cluster, victim)?;
        progress.at(now as usize);
        if now >= all {
            break;
        }
        let seconds = CAUGHT_UP_MAX.as_secs();
        ensure!(
            listening.elapsed() < CAUGHT_UP_MAX,
            "the node has {now} of {all} messages after {seconds} s"
        );
        thread::sleep(LOOK_EVERY);
    }
    let caught_up = listening.elapsed();

    let mut report = Report { faults: traffic.faults(), ..Report::default() };
    let fields = &mut report.fields;
    fields.put("replication", args.replication.as_str());
    fields.put("nodes", nodes);
    fields.put("fanout", args.fanout);
    fields.put("missed_msgs", args.messages);
    fields.put("text_bytes", args.bytes);
    fields.put_number("start_to_listening_s", (listening - begin).as_secs_f64(), 3);
    fields.put_number("listening_to_caught_up_s", caught_up.as_secs_f64(), 3);
    fields.put_number("msgs_per_s", args.messages as f64 / caught_up.as_secs_f64(), 0);
    Ok(report)
}

/// Everybody who is left says their share.
fn talk(
    engine: &mut Engine,
    traffic: &mut Traffic,
    messages: usize,
    progress: &Progress,
) -> Result<()> {
    progress.phase("talking", messages);
    let mut watch = Watch::new();
    let share = messages.div_ceil(traffic.senders.len()) as u32;
    while traffic.senders.iter().any(|it| it.sent < share) {
        for number in 0..traffic.senders.len() {
            let it = &mut traffic.senders[number];
            it.window = WINDOW.min(it.in_flight + (share - it.sent));
            traffic.fill(engine, number, now_ns());
        }
        engine.turn(TURN, traffic)?;
        all_open(engine)?;
        progress.at(traffic.senders.iter().map(|it| it.sent as usize).sum());
        ensure!(
            !watch.is_stalled(traffic.ledger.received),
            "talking stalled for {} s; {}",
            STALL_NS / 1_000_000_000,
            traffic.last_failure
        );
    }
    drain(engine, traffic, progress)?;
    ensure!(traffic.refused + traffic.unknown == 0, "not all was kept: {}", traffic.last_failure);
    Ok(())
}
