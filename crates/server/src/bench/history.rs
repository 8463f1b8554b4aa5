//! `history`: the last messages of a room, asked for again and again.

use anyhow::{Result, bail, ensure};

use super::clock::{now_ns, ns};
use super::drive::drain;
use super::engine::{Engine, Handler};
use super::latency::Latency;
use super::load::{assemble, check_bytes};
use super::machine::Reading;
use super::message::{Stamp, body};
use super::population::{STALL_NS, TURN, Watch, all_open, require_caps};
use super::progress::Progress;
use super::report::Report;
use super::setup::{Common, at_least_one};
use super::traffic::{Plan, Timed, Traffic};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Clients that ask, each for one page at a time.
    #[arg(long, default_value_t = 16, value_parser = at_least_one)]
    connections: usize,
    /// The room, instead of a fresh one.
    #[arg(long)]
    room: Option<String>,
    /// Messages to write into the room first.
    #[arg(long, default_value_t = 0)]
    fill: u32,
    /// Messages to ask for.
    #[arg(long, default_value_t = 100, value_parser = at_least_one)]
    page: usize,
    /// Bytes of each text written.
    #[arg(long, default_value_t = 100)]
    bytes: usize,
}

const CAPS: &[&str] = &[
    "echo-message",
    "batch",
    "draft/chathistory",
    "message-tags",
    "server-time",
    "standard-replies",
];
/// Enough under way to fill a room at the server's own pace.
const FILL_WINDOW: u32 = 512;

/// What a client waits for.
#[derive(Clone, Default)]
struct Page {
    asked_ns: u64,
    messages: usize,
    last_sequence: Option<u32>,
    is_in_order: bool,
}

struct Pages {
    pages: Vec<Page>,
    /// Messages a page must have.
    full: usize,
    done: Vec<usize>,
    answered: u64,
    messages: u64,
    short: u64,
    disordered: u64,
    refusal: Option<String>,
    latency: Latency,
}

impl Handler for Pages {
    fn line(&mut self, client: usize, line: &[u8], now_ns: u64) {
        let page = &mut self.pages[client];
        let body = body(line);
        if body.starts_with(b"PRIVMSG ") {
            page.messages += 1;
            if let Some(stamp) = Stamp::of_line(line) {
                page.is_in_order &=
                    page.last_sequence.is_none_or(|last| last + 1 == stamp.sequence);
                page.last_sequence = Some(stamp.sequence);
            }
        } else if body.starts_with(b"BATCH -") {
            self.answered += 1;
            self.messages += page.messages as u64;
            self.short += u64::from(page.messages < self.full);
            self.disordered += u64::from(!page.is_in_order && self.full > 0); // A room of old may hold anything.
            self.latency.record(now_ns.saturating_sub(page.asked_ns));
            self.done.push(client);
        } else if body.starts_with(b"FAIL ") || body.starts_with(b"421 ") {
            self.refusal = Some(String::from_utf8_lossy(line).into_owned());
        }
    }
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    check_bytes(args.bytes)?;
    let mut engine = common.engine(args.connections, CAPS)?;
    let room = args.room.clone().unwrap_or_else(|| engine.hello.run.room(0));
    let plan = Plan {
        rooms_of: vec![vec![0]; args.connections],
        senders: vec![(0, 0, 0)],
        room_names: vec![room.clone()],
        text_bytes: args.bytes,
        is_echoed: true,
    };
    assemble(&mut engine, &plan, common, progress)?;
    require_caps(&engine, &["batch", "draft/chathistory"])?;
    let faults = if args.fill > 0 { fill(&mut engine, &plan, args.fill, progress)? } else { 0 };

    let full = if args.fill > 0 { args.page.min(args.fill as usize) } else { 0 };
    let pages = vec![Page::default(); args.connections];
    let mut pages = Pages {
        pages,
        full,
        done: Vec::new(),
        answered: 0,
        messages: 0,
        short: 0,
        disordered: 0,
        refusal: None,
        latency: Latency::new(),
    };
    let request = format!("CHATHISTORY LATEST {room} * {}\r\n", args.page);
    progress.phase("asking", common.seconds.unwrap_or(10.0) as usize);
    pages.done.extend(0..args.connections);
    ask_until(
        &mut engine,
        &mut pages,
        &request,
        now_ns() + ns(common.warmup.unwrap_or(1.0)),
        progress,
    )?;
    (pages.answered, pages.messages, pages.latency) = (0, 0, Latency::new());
    let opening = Reading::take(&common.server_pid);
    ask_until(
        &mut engine,
        &mut pages,
        &request,
        now_ns() + ns(common.seconds.unwrap_or(10.0)),
        progress,
    )?;
    let closing = Reading::take(&common.server_pid);
    let span = closing.since(&opening);

    let mut report =
        Report { faults: faults + pages.short + pages.disordered, ..Report::default() };
    let fields = &mut report.fields;
    fields.put("room", room);
    fields.put("connections", args.connections);
    fields.put("filled_msgs", args.fill);
    fields.put("page_msgs", args.page);
    fields.put_number("requests_per_s", pages.answered as f64 / span.seconds, 1);
    fields.put_number("msgs_per_s", pages.messages as f64 / span.seconds, 0);
    let has_pids = !common.server_pid.is_empty();
    if has_pids {
        fields.put_number("requests_per_server_cpu_s", span.per_server_cpu_s(pages.answered), 0);
    }
    fields.put_number("latency_p50_ms", pages.latency.quantile_ms(0.5), 3);
    fields.put_number("latency_p99_ms", pages.latency.quantile_ms(0.99), 3);
    fields.put_number("latency_max_ms", pages.latency.max_ms(), 3);
    fields.put("short_pages", pages.short);
    fields.put("disordered_pages", pages.disordered);
    fields.put_span(&span, has_pids);
    if has_pids {
        fields.put_memory(&closing.servers);
    }
    Ok(report)
}

fn ask_until(
    engine: &mut Engine,
    pages: &mut Pages,
    request: &str,
    end_ns: u64,
    progress: &Progress,
) -> Result<()> {
    let begin_ns = now_ns();
    let mut watch = Watch::new();
    while now_ns() < end_ns {
        for client in std::mem::take(&mut pages.done) {
            pages.pages[client] = Page { asked_ns: now_ns(), is_in_order: true, ..Page::default() };
            engine.client(client).1.extend_from_slice(request.as_bytes());
            engine.flush(client);
        }
        engine.turn(TURN, pages)?;
        all_open(engine)?;
        if let Some(refusal) = &pages.refusal {
            bail!("the server refused CHATHISTORY: {refusal}");
        }
        ensure!(
            !watch.is_stalled(pages.answered),
            "no page of history for {} s",
            STALL_NS / 1_000_000_000
        );
        progress.at(((now_ns() - begin_ns) / 1_000_000_000) as usize);
    }
    Ok(())
}

/// Writes messages through one client. Returns its faults.
fn fill(engine: &mut Engine, plan: &Plan, count: u32, progress: &Progress) -> Result<u64> {
    progress.phase("filling", count as usize);
    let mut traffic = Traffic::new(engine.hello.run, plan, Timed::Acks);
    let mut watch = Watch::new();
    while traffic.senders[0].sent < count {
        let left = count - traffic.senders[0].sent;
        traffic.senders[0].window = FILL_WINDOW.min(traffic.senders[0].in_flight + left);
        traffic.fill(engine, 0, now_ns());
        engine.turn(TURN, &mut traffic)?;
        all_open(engine)?;
        progress.at(traffic.senders[0].sent as usize);
        ensure!(
            !watch.is_stalled(traffic.ledger.received),
            "filling stalled; {}",
            traffic.last_failure
        );
    }
    drain(engine, &mut traffic, progress)?;
    ensure!(traffic.refused + traffic.unknown == 0, "filling failed: {}", traffic.last_failure);
    Ok(traffic.faults())
}
