//! The loop of a load: warm up, measure, and wait for what is still under way.

use anyhow::{Result, bail};

use super::clock::{now_ns, ns};
use super::engine::Engine;
use super::machine::{Reading, Span};
use super::population::{STALL_NS, TURN, Watch, all_open};
use super::progress::Progress;
use super::schedule::Schedule;
use super::traffic::{Traffic, Window};

/// How a load is paced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// Every sender keeps its window full.
    Closed,
    /// Messages per second over all senders, whatever becomes of them.
    Open(f64),
}

pub(super) struct Measured {
    pub(super) span: Span,
    pub(super) window: Window,
    /// Deliveries still to come when the window closed.
    pub(super) backlog: u64,
    /// Messages of an open loop that left over 10 ms behind their time.
    pub(super) late: u64,
}

const LATE_NS: u64 = 10_000_000;
/// What has not come by then, after the last arrival, is lost.
const DRAIN_NS: u64 = STALL_NS;

pub(super) struct Course<'a> {
    pub(super) pace: Pace,
    pub(super) warmup_s: f64,
    pub(super) measure_s: f64,
    pub(super) pids: &'a [i32],
    pub(super) name: String,
}

/// Runs the load for warm-up and window. Fails if it stalls or loses a client.
pub(super) fn measure(
    engine: &mut Engine,
    traffic: &mut Traffic,
    course: &Course,
    progress: &Progress,
) -> Result<Measured> {
    let total_s = course.warmup_s + course.measure_s;
    progress.phase(course.name.clone(), (total_s * 10.0) as usize);
    let begin_ns = now_ns();
    let (from_ns, until_ns) = (begin_ns + ns(course.warmup_s), begin_ns + ns(total_s));
    let mut watch = Watch::new();
    let mut opening = None;
    let mut schedule = match course.pace {
        Pace::Open(per_s) => Some(Schedule::new(begin_ns, per_s)),
        Pace::Closed => None,
    };
    let mut late = 0;
    if schedule.is_none() {
        (0..traffic.senders.len()).for_each(|number| traffic.fill(engine, number, begin_ns));
    }
    loop {
        let now = now_ns();
        if opening.is_none() && now >= from_ns {
            traffic.window = Some(Window::new());
            opening = Some(Reading::take(course.pids));
        }
        if now >= until_ns {
            break;
        }
        if let Some(schedule) = &mut schedule {
            late += send_due(engine, traffic, schedule, now)?;
        }
        engine.turn(TURN, traffic)?;
        all_open(engine)?;
        let due = traffic.take_due();
        if schedule.is_none() {
            let now = now_ns();
            due.into_iter().for_each(|number| traffic.fill(engine, number, now));
        }
        progress.at(((now - begin_ns) / 100_000_000) as usize);
        if watch.is_stalled(traffic.ledger.received + traffic.refused + traffic.unknown) {
            bail!("the load stalled: {}", stall(traffic));
        }
    }
    let closing = Reading::take(course.pids);
    let window = traffic.window.take().unwrap_or_else(Window::new);
    let span = closing.since(&opening.unwrap_or(closing));
    Ok(Measured { span, window, backlog: traffic.outstanding(), late })
}

/// Sends what is due by now, round robin, and asks to be woken for the next.
fn send_due(
    engine: &mut Engine,
    traffic: &mut Traffic,
    schedule: &mut Schedule,
    now: u64,
) -> Result<u64> {
    let mut late = 0;
    while let Some((count, due_ns)) = schedule.take(now) {
        let number = (count % traffic.senders.len() as u64) as usize;
        traffic.send(engine, number, due_ns);
        engine.flush(traffic.senders[number].client);
        late += u64::from(now - due_ns > LATE_NS);
    }
    engine.wake_at(schedule.next_ns())?;
    Ok(late)
}

/// Waits until everything sent has arrived, or nothing arrives any more.
pub(super) fn drain(engine: &mut Engine, traffic: &mut Traffic, progress: &Progress) -> Result<()> {
    let begun_with = traffic.outstanding();
    progress.phase("waiting for what is under way", begun_with as usize);
    let mut last = (now_ns(), traffic.ledger.received);
    while traffic.outstanding() > 0 && now_ns() - last.0 < DRAIN_NS {
        engine.turn(TURN, traffic)?;
        all_open(engine)?;
        traffic.take_due();
        progress.at(begun_with.saturating_sub(traffic.outstanding()) as usize);
        if traffic.ledger.received != last.1 {
            last = (now_ns(), traffic.ledger.received);
        }
    }
    Ok(())
}

fn stall(traffic: &Traffic) -> String {
    let waiting = traffic.senders.iter().filter(|it| it.in_flight > 0).count();
    let mut words = format!(
        "no delivery for {} s; {waiting} senders wait for {} deliveries",
        STALL_NS / 1_000_000_000,
        traffic.outstanding()
    );
    if !traffic.last_failure.is_empty() {
        words += &format!("; the server said last: {}", traffic.last_failure);
    }
    words
}
