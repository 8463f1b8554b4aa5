//! `names`: how many nicks a second the directory registers. Everybody takes one new nick after the other, each a
//! claim of its own, and waits for it.

use anyhow::{Result, ensure};

use super::client::Phase;
use super::clock::{now_ns, ns};
use super::engine::{Engine, Handler};
use super::latency::Latency;
use super::machine::Reading;
use super::message::body;
use super::population::{STALL_NS, TURN, Watch, all_open, register};
use super::progress::Progress;
use super::report::Report;
use super::setup::{Common, at_least_one};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Clients, and so claims under way at a time.
    #[arg(long, default_value_t = 256, value_parser = at_least_one)]
    in_flight: usize,
}

const CAPS: &[&str] = &[];

/// What is heard of the claims.
struct Claims {
    asked_ns: Vec<u64>,
    /// Whose claim was answered since this was last emptied.
    answered: Vec<usize>,
    granted: u64,
    refused: u64,
    last_refusal: String,
    latency: Latency,
}

impl Handler for Claims {
    fn line(&mut self, client: usize, line: &[u8], now_ns: u64) {
        let said = body(line);
        if said.starts_with(b"NICK ") {
            self.granted += 1;
            self.latency.record(now_ns - self.asked_ns[client]);
        } else if said.first().is_some_and(|it| matches!(it, b'4' | b'5' | b'F')) {
            self.refused += 1; // A numeric, or FAIL.
            self.last_refusal = String::from_utf8_lossy(line).into_owned();
        } else {
            return;
        }
        self.answered.push(client);
    }
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    let mut engine = common.engine(args.in_flight, CAPS)?;
    register(&mut engine, args.in_flight, common.parallel, progress)?;
    for client in 0..args.in_flight {
        engine.client(client).0.phase = Phase::Live; // Nobody is in a room: all lines are answers.
    }
    let mut claims = Claims {
        asked_ns: vec![0; args.in_flight],
        answered: (0..args.in_flight).collect(),
        granted: 0,
        refused: 0,
        last_refusal: String::new(),
        latency: Latency::new(),
    };
    let mut next = vec![0_u64; args.in_flight];
    let seconds = common.seconds.unwrap_or(10.0);
    progress.phase("claiming", seconds as usize);
    claim_until(now_ns() + ns(common.warmup.unwrap_or(1.0)), &mut engine, &mut claims, &mut next)?;
    (claims.granted, claims.refused, claims.latency) = (0, 0, Latency::new());
    let opening = Reading::take(&common.server_pid);
    claim_until(now_ns() + ns(seconds), &mut engine, &mut claims, &mut next)?;
    let span = Reading::take(&common.server_pid).since(&opening);

    let mut report = Report { faults: claims.refused, ..Report::default() };
    let fields = &mut report.fields;
    fields.put("in_flight", args.in_flight);
    fields.put_number("names_per_s", claims.granted as f64 / span.seconds, 1);
    let has_pids = !common.server_pid.is_empty();
    if has_pids {
        fields.put_number("names_per_server_cpu_s", span.per_server_cpu_s(claims.granted), 0);
    }
    fields.put_number("latency_p50_ms", claims.latency.quantile_ms(0.5), 3);
    fields.put_number("latency_p99_ms", claims.latency.quantile_ms(0.99), 3);
    fields.put_number("latency_max_ms", claims.latency.max_ms(), 3);
    fields.put("refused", claims.refused);
    if claims.refused > 0 {
        fields.put("last_refusal", claims.last_refusal);
    }
    fields.put_span(&span, has_pids);
    Ok(report)
}

/// Whoever was answered claims the next name, until then.
fn claim_until(
    end_ns: u64,
    engine: &mut Engine,
    claims: &mut Claims,
    next: &mut [u64],
) -> Result<()> {
    let mut watch = Watch::new();
    while now_ns() < end_ns {
        for client in std::mem::take(&mut claims.answered) {
            next[client] += 1;
            claims.asked_ns[client] = now_ns();
            // A letter between the two, so that no client comes to a name of another.
            let name = format!("{}n{:x}", engine.hello.run.nick(client, 0), next[client]);
            let out = engine.client(client).1;
            out.extend_from_slice(format!("NICK {name}\r\n").as_bytes());
            engine.flush(client);
        }
        engine.turn(TURN, claims)?;
        all_open(engine)?;
        ensure!(
            !watch.is_stalled(claims.granted),
            "no name was granted for {} s; {}",
            STALL_NS / 1_000_000_000,
            claims.last_refusal
        );
    }
    Ok(())
}
