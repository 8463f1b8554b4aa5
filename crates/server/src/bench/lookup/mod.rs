//! `lookup`: how many times a second a node says where to connect, and how long each answer takes.
//!
//! With `--rate` in an open loop: times count from when a lookup was due. The timer has steps of a
//! millisecond, and they are in the times.

mod dns;
mod grpc;
mod web;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use super::clock::{now_ns, ns};
use super::latency::Latency;
use super::machine::Reading;
use super::progress::Progress;
use super::report::Report;
use super::schedule::Schedule;
use super::setup::{Common, at_least_one};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
    /// Lookups per second; 0: as many as are answered.
    #[arg(long, default_value_t = 20_000)]
    rate: u32,
    /// Lookups under way at a time, each on a socket of its own (gRPC: 16 to a connection).
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    in_flight: usize,
    /// The kind of door to look up.
    #[arg(long, default_value = "irc")]
    door: String,
    /// The zone of the DNS door.
    #[arg(long, default_value = "chat.example")]
    zone: String,
}

/// The door to ask.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
struct Target {
    /// A DNS door: SRV by UDP. Let its node have `lookup.dns_answers_per_prefix = 0`.
    #[arg(long, value_name = "IP:PORT")]
    dns: Option<SocketAddr>,
    /// A gRPC door: `Directory.Lookup`.
    #[arg(long, value_name = "IP:PORT")]
    grpc: Option<SocketAddr>,
    /// A web door: `/v1/where`, over connections that stay.
    #[arg(long, value_name = "IP:PORT")]
    web: Option<SocketAddr>,
}

/// Whoever has no answer by then has none.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// One who asks.
enum Asker {
    Dns(dns::Asker),
    Grpc(grpc::Asker),
    Web(web::Asker),
}

impl Asker {
    /// Asks once; an error says what came instead of an answer.
    async fn ask(&mut self) -> Result<()> {
        match self {
            Asker::Dns(it) => it.ask().await,
            Asker::Grpc(it) => it.ask().await,
            Asker::Web(it) => it.ask().await,
        }
    }
}

/// What all of them share.
struct Run {
    /// `None`: each asks as soon as it is answered.
    schedule: Option<Schedule>,
    measure_from_ns: u64,
    end_ns: u64,
    answered: u64,
    failed: u64,
    last_failure: String,
    latency: Latency,
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    let (warmup_s, seconds) = (common.warmup.unwrap_or(1.0), common.seconds.unwrap_or(10.0));
    progress.phase("asking", (warmup_s + seconds) as usize);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start a runtime")?;
    let local = LocalSet::new();
    let (run, span) = local.block_on(&runtime, async {
        let askers = askers(args).await?;
        let begin_ns = now_ns();
        let rate = (args.rate > 0).then(|| f64::from(args.rate));
        let run = Rc::new(RefCell::new(Run {
            schedule: rate.map(|it| Schedule::new(begin_ns, it)),
            measure_from_ns: begin_ns + ns(warmup_s),
            end_ns: begin_ns + ns(warmup_s + seconds),
            answered: 0,
            failed: 0,
            last_failure: String::new(),
            latency: Latency::new(),
        }));
        let asking = askers.into_iter().map(|it| tokio::task::spawn_local(ask(it, run.clone())));
        let asking: Vec<_> = asking.collect();
        sleep(Duration::from_secs_f64(warmup_s)).await;
        let opening = Reading::take(&common.server_pid);
        for it in asking {
            it.await.context("an asker panicked")?;
        }
        let span = Reading::take(&common.server_pid).since(&opening);
        let run = Rc::into_inner(run).expect("all askers have ended");
        anyhow::Ok((run.into_inner(), span))
    })?;
    ensure!(run.answered > 0, "nothing was answered: {}", run.last_failure);
    if run.failed > 0 {
        tracing::warn!("the last failure: {}", run.last_failure);
    }
    let mut report = Report { faults: run.failed, ..Report::default() };
    let fields = &mut report.fields;
    fields.put("door", args.target.kind());
    fields.put("rate_per_s", args.rate);
    fields.put("in_flight", args.in_flight);
    fields.put_number("answers_per_s", run.answered as f64 / seconds, 0);
    fields.put_number("latency_p50_ms", run.latency.quantile_ms(0.5), 3);
    fields.put_number("latency_p99_ms", run.latency.quantile_ms(0.99), 3);
    fields.put_number("latency_max_ms", run.latency.max_ms(), 3);
    fields.put("failed", run.failed);
    fields.put_span(&span, !common.server_pid.is_empty());
    Ok(report)
}

impl Target {
    fn kind(&self) -> &'static str {
        match self {
            Target { dns: Some(_), .. } => "dns",
            Target { grpc: Some(_), .. } => "grpc",
            _ => "web",
        }
    }
}

async fn askers(args: &Args) -> Result<Vec<Asker>> {
    let Target { dns, grpc, web } = args.target;
    let mut askers = Vec::new();
    if let Some(address) = dns {
        for _ in 0..args.in_flight {
            askers.push(Asker::Dns(dns::Asker::new(address, &args.door, &args.zone).await?));
        }
    }
    if let Some(address) = grpc {
        askers.extend(grpc::askers(address, &args.door, args.in_flight).await?.map(Asker::Grpc));
    }
    if let Some(address) = web {
        for _ in 0..args.in_flight {
            askers.push(Asker::Web(web::Asker::new(address, &args.door).await?));
        }
    }
    Ok(askers)
}

async fn ask(mut asker: Asker, run: Rc<RefCell<Run>>) {
    loop {
        let due_ns = match next_due_ns(&run) {
            Ok(due_ns) => due_ns,
            Err(wait) => {
                sleep(wait).await;
                continue;
            }
        };
        if due_ns >= run.borrow().end_ns {
            return;
        }
        let asked = match timeout(ANSWER_MAX, asker.ask()).await {
            Ok(asked) => asked,
            Err(_) => Err(anyhow::anyhow!("no answer within {} s", ANSWER_MAX.as_secs())),
        };
        run.borrow_mut().note(due_ns, asked);
    }
}

/// When the next lookup was due, or how long there is nothing to do.
fn next_due_ns(run: &RefCell<Run>) -> Result<u64, Duration> {
    let (mut run, now) = (run.borrow_mut(), now_ns());
    let Some(schedule) = &mut run.schedule else { return Ok(now) };
    match schedule.take(now) {
        Some((_, due_ns)) => Ok(due_ns),
        None => Err(Duration::from_nanos(schedule.next_ns().saturating_sub(now))),
    }
}

impl Run {
    fn note(&mut self, due_ns: u64, asked: Result<()>) {
        if due_ns < self.measure_from_ns {
            return;
        }
        match asked {
            Ok(()) => {
                self.answered += 1;
                self.latency.record(now_ns().saturating_sub(due_ns));
            }
            Err(why) => {
                self.failed += 1;
                self.last_failure = format!("{why:#}");
            }
        }
    }
}
