//! What `fanout` and `rooms` have in common: a crowd, a load and its report.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::drive::{Course, Measured, Pace, drain, measure};
use super::engine::Engine;
use super::machine::Usage;
use super::message::{STAMP_BYTES, TEXT_BYTES_MAX};
use super::population::{register, require_caps, settle};
use super::progress::Progress;
use super::replicate::{Wanted, join_as};
use super::report::{Fields, Report};
use super::setup::{Common, at_least_one, positive};
use super::traffic::{Plan, Timed, Traffic};

#[derive(clap::Args, Debug)]
pub(super) struct LoadArgs {
    /// Bytes of each text.
    #[arg(long, default_value_t = 100)]
    pub(super) bytes: usize,
    /// Messages per second over all senders (open loop, times count from when each was due).
    #[arg(long, value_parser = positive)]
    pub(super) rate: Option<f64>,
    /// Messages a sender may have unacknowledged. [default: fanout 32, rooms 1]
    #[arg(long, value_parser = at_least_one, conflicts_with = "rate")]
    pub(super) window: Option<usize>,
    /// A message is acknowledged by its own echo (needs echo-message), not by another occupant.
    #[arg(long)]
    pub(super) echo: bool,
}

const ECHO_CAPS: &[&str] = &["echo-message", "standard-replies"];
const PLAIN_CAPS: &[&str] = &["standard-replies"];

impl LoadArgs {
    pub(super) fn caps(&self) -> &'static [&'static str] {
        if self.echo { ECHO_CAPS } else { PLAIN_CAPS }
    }

    fn pace(&self) -> Pace {
        self.rate.map_or(Pace::Closed, Pace::Open)
    }
}

/// Another occupant to acknowledge what `sender` says: on another server where there is one, and
/// none of those who send (`senders` come first) where there is one. From the end: servers deliver
/// roughly in the order of arrival, so by the acknowledgement nearly everyone has the message.
pub(super) fn observer(sender: usize, occupants: usize, senders: usize, servers: usize) -> usize {
    let rank = |it: &usize| (it % servers == sender % servers && servers > 1, *it < senders);
    let others = || (0..occupants).rev().filter(|it| *it != sender);
    let best = others().map(|it| rank(&it)).min();
    let choice: Vec<usize> = others().filter(|it| Some(rank(it)) == best).collect();
    choice[sender % choice.len()]
}

pub(super) fn check_bytes(bytes: usize) -> Result<()> {
    ensure!(
        (STAMP_BYTES..=TEXT_BYTES_MAX).contains(&bytes),
        "--bytes must be {STAMP_BYTES} to {TEXT_BYTES_MAX}"
    );
    Ok(())
}

/// Brings the clients of a plan into their rooms.
pub(super) fn assemble(
    engine: &mut Engine,
    plan: &Plan,
    common: &Common,
    progress: &Progress,
) -> Result<()> {
    assemble_as(engine, plan, &[], common, progress)
}

/// The same, and each room is replicated as is wanted; of rooms that nothing is said of, as the server likes.
pub(super) fn assemble_as(
    engine: &mut Engine,
    plan: &Plan,
    wanted: &[Wanted],
    common: &Common,
    progress: &Progress,
) -> Result<()> {
    register(engine, plan.rooms_of.len(), common.parallel, progress)?;
    if plan.is_echoed {
        require_caps(engine, &["echo-message"])?;
    }
    let rooms_of = |client: usize| {
        plan.rooms_of[client].iter().map(|room| plan.room_names[*room].clone()).collect()
    };
    join_as(engine, rooms_of, wanted, common.join_parallel, progress)?;
    settle(engine, Duration::from_millis(500))
}

pub(super) fn run(
    engine: &mut Engine,
    plan: &Plan,
    load: &LoadArgs,
    window: usize,
    common: &Common,
    sizes: Fields,
    progress: &Progress,
) -> Result<Report> {
    check_bytes(load.bytes)?;
    assemble(engine, plan, common, progress)?;
    let mut traffic = Traffic::new(engine.hello.run, plan, Timed::Deliveries);
    traffic.senders.iter_mut().for_each(|sender| sender.window = window as u32);
    let course = Course {
        pace: load.pace(),
        warmup_s: common.warmup.unwrap_or(1.0),
        measure_s: common.seconds.unwrap_or(10.0),
        pids: &common.server_pid,
        name: "loading".to_string(),
    };
    let measured = measure(engine, &mut traffic, &course, progress)?;
    drain(engine, &mut traffic, progress)?;

    let mut report = Report { fields: sizes, faults: traffic.faults(), ..Report::default() };
    let fields = &mut report.fields;
    fields.put("text_bytes", load.bytes);
    match load.rate {
        Some(per_s) => fields.put_number("rate_msgs_per_s", per_s, 1),
        None => fields.put("window", window),
    }
    put_measured(fields, &measured, common);
    put_account(fields, &traffic);
    if load.rate.is_some() {
        fields.put("sent_over_10_ms_late", measured.late);
    }
    Ok(report)
}

fn put_measured(fields: &mut Fields, measured: &Measured, common: &Common) {
    let (window, span) = (&measured.window, &measured.span);
    fields.put_number("msgs_per_s", window.acked as f64 / span.seconds, 1);
    fields.put_number("deliveries_per_s", window.deliveries as f64 / span.seconds, 0);
    let has_pids = !common.server_pid.is_empty();
    if has_pids {
        fields.put_number(
            "deliveries_per_server_cpu_s",
            span.per_server_cpu_s(window.deliveries),
            0,
        );
    }
    for (name, quantile) in
        [("latency_p50_ms", 0.5), ("latency_p90_ms", 0.9), ("latency_p99_ms", 0.99)]
    {
        fields.put_number(name, window.latency.quantile_ms(quantile), 3);
    }
    fields.put_number("latency_max_ms", window.latency.max_ms(), 3);
    fields.put_span(span, has_pids);
    fields.put("backlog_at_end", measured.backlog);
    if has_pids {
        fields.put_memory(&Usage::of(&common.server_pid));
    }
}

pub(super) fn put_account(fields: &mut Fields, traffic: &Traffic) {
    fields.put("lost", traffic.outstanding());
    fields.put("duplicated", traffic.ledger.duplicated);
    fields.put("reordered", traffic.ledger.reordered);
    fields.put("stray", traffic.stray);
    fields.put("refused", traffic.refused);
    fields.put("unknown", traffic.unknown);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observers_are_others_and_elsewhere_and_silent_where_possible() {
        for sender in 0..4 {
            assert!(observer(sender, 500, 4, 1) >= 4);
            assert!(observer(sender, 9, 4, 3) >= 4);
            assert_ne!(observer(sender, 9, 4, 3) % 3, sender % 3);
            assert_ne!(observer(sender, 4, 4, 1), sender);
        }
        assert_eq!(observer(0, 2, 2, 1), 1);
    }
}
