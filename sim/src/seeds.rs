//! Many seeds, each in a process of its own: nothing of one run reaches the next, and one that panics
//! or hangs is one violation.

use crate::plants::Plant;
use crate::run;
use crate::scenarios::{self, Scenario};
use crate::{entropy, leaders, points, story};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::ops::Range;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::prelude::*;

/// A run that takes longer than this of real time has not finished: a minute of a busy machine, times ten.
const RUN_LIMIT: Duration = Duration::from_secs(600);
/// How a run says that it found something; any other failure is one that did not finish.
const FOUND: u8 = 3;

/// `A..B`.
pub(crate) fn parse(text: &str) -> Result<Range<u64>, String> {
    let usage = || "seeds are written as A..B, with A below B".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(usage)?;
    let from: u64 = from.parse().map_err(|_| usage())?;
    let to: u64 = to.parse().map_err(|_| usage())?;
    if from < to { Ok(from..to) } else { Err(usage()) }
}

/// Runs one seed in this process. Its output is read by [`run_batch`].
pub(crate) fn run_here(
    seed: u64,
    scenario: &'static Scenario,
    plant: Option<&'static Plant>,
    point: Option<&'static str>,
) -> ExitCode {
    let told = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_filter(EnvFilter::from_default_env());
    tracing_subscriber::registry().with(told).with(leaders::layer()).init();
    plant.into_iter().for_each(Plant::sow);
    point.into_iter().for_each(points::choose);
    points::watch();
    entropy::seed(seed);
    // A thread of its own: what this one has of random keys is older than the seed.
    let running = std::thread::spawn(move || {
        story::hear_panics();
        (run::run(seed, scenario), points::told())
    });
    let Ok((report, told)) = running.join() else {
        return ExitCode::FAILURE; // The panic said why.
    };
    println!("trace {:016x} {}", report.trace, report.summary);
    println!("{told}");
    for violation in &report.violations {
        println!("VIOLATION of {}: {}", violation.invariant, violation.story);
    }
    if report.violations.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("{}; what was done:{}", report.summary, report.timeline);
    ExitCode::from(FOUND)
}

struct Running {
    seed: u64,
    scenario: &'static Scenario,
    child: Child,
    /// Reads what the child says, which may be more than a pipe holds.
    said: JoinHandle<String>,
    started: Instant,
}

/// Runs all, as many at once as there are processors, and prints what was found.
pub(crate) fn run_batch(
    seeds: Range<u64>,
    only: Option<&'static Scenario>,
    is_traced: bool,
    extra: Vec<&'static str>,
) -> ExitCode {
    let (mut next, count) = (seeds.start, seeds.end - seeds.start);
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut waiting = seeds;
    let mut running: Vec<Running> = Vec::new();
    let mut ended: BTreeMap<u64, Ended> = BTreeMap::new();
    let (mut violations, mut unfinished) = (0, 0);
    loop {
        while running.len() < at_once
            && let Some(seed) = waiting.next()
        {
            let scenario = only.unwrap_or_else(|| scenarios::of_seed(seed));
            running.push(start(seed, scenario, &extra));
        }
        // In the order of the seeds, so that two batches print the same.
        while let Some(Ended { found, said }) = ended.remove(&next) {
            print!("{said}");
            match found {
                Some(found) => violations += found,
                None => unfinished += 1,
            }
            next += 1;
        }
        if running.is_empty() {
            break;
        }
        // A long one must not keep the others' processors idle.
        match running.iter_mut().position(Running::has_ended) {
            Some(at) => {
                let it = running.swap_remove(at);
                ended.insert(it.seed, finish(it, is_traced, &extra));
            }
            None => sleep(Duration::from_millis(5)),
        }
    }
    if unfinished > 0 {
        println!("{unfinished} seeds did not finish");
    }
    println!("seeds={count} violations={violations}");
    match violations + unfinished {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn start(seed: u64, scenario: &'static Scenario, extra: &[&'static str]) -> Running {
    let me = std::env::current_exe().expect("a running program has a file");
    let mut child = Command::new(me)
        .args(["--one", &seed.to_string(), "--scenario", scenario.name])
        .args(extra)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started again");
    let mut stdout = child.stdout.take().expect("it was asked for");
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        let _ = stdout.read_to_string(&mut said); // What came is shown.
        said
    });
    Running { seed, scenario, child, said, started: Instant::now() }
}

impl Running {
    fn has_ended(&mut self) -> bool {
        self.started.elapsed() >= RUN_LIMIT || !matches!(self.child.try_wait(), Ok(None))
    }
}

/// What a seed came to.
struct Ended {
    /// How many violations; `None`: it did not finish.
    found: Option<u64>,
    /// To be printed.
    said: String,
}

/// Of a run that has ended, or has taken too long.
fn finish(mut it: Running, is_traced: bool, extra: &[&'static str]) -> Ended {
    let mut out = String::new();
    let mut tell = |line: std::fmt::Arguments<'_>| {
        out.write_fmt(line).and_then(|()| out.write_char('\n')).expect("memory takes it");
    };
    let mut repeat = format!(
        "cargo run --release --manifest-path sim/Cargo.toml -- --seeds {}..{} --scenario {}",
        it.seed,
        it.seed + 1,
        it.scenario.name
    );
    extra.iter().for_each(|word| repeat = format!("{repeat} {word}"));
    let Ok(Some(status)) = it.child.try_wait() else {
        let _ = it.child.kill(); // It may have ended just now.
        let _ = it.child.wait();
        let name = it.scenario.name;
        tell(format_args!("seed {} ({name}) did not finish in {RUN_LIMIT:?}", it.seed));
        tell(format_args!("  repeat: {repeat}"));
        return Ended { found: None, said: out };
    };
    let said = it.said.join().unwrap_or_default();
    let found = said.lines().filter(|it| it.starts_with("VIOLATION")).count() as u64;
    let did_finish = status.success() || status.code() == Some(i32::from(FOUND));
    if is_traced && let Some(trace) = said.lines().find(|it| it.starts_with("trace ")) {
        tell(format_args!("seed {} ({}) {trace}", it.seed, it.scenario.name));
        let is_told = |line: &&str| is_of_points(line);
        said.lines().filter(is_told).for_each(|line| tell(format_args!("  {line}")));
    }
    if found > 0 || !did_finish {
        tell(format_args!("seed {} ({}):", it.seed, it.scenario.name));
        for line in said.lines().filter(|it| !it.starts_with("trace ") && !is_of_points(it)) {
            tell(format_args!("  {line}"));
        }
        if !did_finish {
            tell(format_args!("  it ended with {status}"));
        }
        tell(format_args!("  repeat: {repeat}"));
    }
    Ended { found: did_finish.then_some(found), said: out }
}

fn is_of_points(line: &str) -> bool {
    line.starts_with("died:") || line.starts_with("passed:")
}
