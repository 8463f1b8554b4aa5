//! `connect`: connect, register, quit, again. The price of a registration.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::client::Phase;
use super::clock::{now_ns, ns};
use super::engine::{Engine, Ignore};
use super::latency::Latency;
use super::machine::Reading;
use super::population::{TURN, Watch};
use super::progress::Progress;
use super::report::Report;
use super::setup::{Common, at_least_one};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Connections at a time.
    #[arg(long, default_value_t = 1000, value_parser = at_least_one)]
    slots: usize,
}

const CAPS: &[&str] = &[];
/// Different reasons of failure worth telling.
const REASONS_MAX: usize = 3;
/// An attempt that takes longer is in no latency figure: mostly a dropped SYN.
const STUCK_NS: u64 = 1_000_000_000;

struct Churn {
    engine: Engine,
    serial: usize,
    registered: u64,
    failed: u64,
    reasons: BTreeSet<String>,
    latency: Latency,
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    let engine = common.engine(args.slots, CAPS)?;
    let mut churn = Churn {
        engine,
        serial: 0,
        registered: 0,
        failed: 0,
        reasons: BTreeSet::new(),
        latency: Latency::new(),
    };
    (0..args.slots).try_for_each(|slot| churn.open(slot))?;
    let warmup_ns = ns(common.warmup.unwrap_or(1.0));
    let seconds = common.seconds.unwrap_or(10.0);
    progress.phase("connecting", seconds as usize);

    churn.turn_until(now_ns() + warmup_ns, progress)?;
    (churn.registered, churn.failed, churn.latency) = (0, 0, Latency::new());
    let opening = Reading::take(&common.server_pid);
    churn.turn_until(now_ns() + ns(seconds), progress)?;
    let closing = Reading::take(&common.server_pid);
    let span = closing.since(&opening);

    let is_stuck = |slot: &usize| {
        let client = &churn.engine.connections[*slot].client;
        client.registered_ns == 0 && closing.at_ns.saturating_sub(client.opened_ns) > STUCK_NS
    };
    let stuck = (0..args.slots).filter(is_stuck).count();
    let mut report = Report::default();
    let fields = &mut report.fields;
    fields.put("slots", args.slots);
    fields.put_number("registrations_per_s", churn.registered as f64 / span.seconds, 1);
    let has_pids = !common.server_pid.is_empty();
    if has_pids {
        fields.put_number(
            "registrations_per_server_cpu_s",
            span.per_server_cpu_s(churn.registered),
            0,
        );
    }
    fields.put_number("latency_p50_ms", churn.latency.quantile_ms(0.5), 3);
    fields.put_number("latency_p99_ms", churn.latency.quantile_ms(0.99), 3);
    fields.put_number("latency_max_ms", churn.latency.max_ms(), 3);
    fields.put("failed", churn.failed);
    fields.put("failed_why", churn.reasons.into_iter().collect::<Vec<_>>());
    fields.put("stuck_over_1_s", stuck);
    fields.put_span(&span, has_pids);
    if has_pids {
        fields.put_memory(&closing.servers);
    }
    Ok(report)
}

impl Churn {
    fn open(&mut self, slot: usize) -> Result<()> {
        self.serial += 1;
        self.engine.open(slot, self.serial).with_context(|| format!("connection {}", self.serial))
    }

    fn turn_until(&mut self, end_ns: u64, progress: &Progress) -> Result<()> {
        let begin_ns = now_ns();
        let mut watch = Watch::new();
        while now_ns() < end_ns {
            self.engine.turn(TURN, &mut Ignore)?;
            for slot in std::mem::take(&mut self.engine.registered) {
                self.quit(slot);
            }
            for slot in std::mem::take(&mut self.engine.closed) {
                self.reopen(slot)?;
            }
            progress.at(((now_ns() - begin_ns) / 1_000_000_000) as usize);
            let is_hopeless =
                self.registered == 0 && self.failed > self.engine.connections.len() as u64;
            if is_hopeless || watch.is_stalled(self.registered) {
                let reasons: Vec<_> = self.reasons.iter().map(String::as_str).collect();
                bail!(
                    "no client gets registered; {} attempts failed: {}",
                    self.failed,
                    reasons.join("; ")
                );
            }
        }
        Ok(())
    }

    fn quit(&mut self, slot: usize) {
        let (client, out) = self.engine.client(slot);
        if client.phase != Phase::Registered {
            return; // It has closed within the same turn.
        }
        client.quit(out);
        self.latency.record(client.registered_ns - client.opened_ns);
        self.registered += 1;
        self.engine.flush(slot);
    }

    fn reopen(&mut self, slot: usize) -> Result<()> {
        let client = &self.engine.connections[slot].client;
        if client.registered_ns == 0 {
            self.failed += 1;
            if self.reasons.len() < REASONS_MAX {
                self.reasons.insert(client.last_words.clone());
            }
        }
        self.open(slot)
    }
}
