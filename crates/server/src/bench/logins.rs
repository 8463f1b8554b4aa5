//! `logins`: how many logins a second by SASL PLAIN, and what messages of others take meanwhile.
//!
//! Every client has an account of its own and logs in to it again and again, each time when the last one was
//! answered. One more client writes to itself, first while nobody logs in, then while all do.

use anyhow::{Result, ensure};
use irc_proto::sasl::chunks;

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
    /// Clients, and so logins under way at a time.
    #[arg(long, default_value_t = 16, value_parser = at_least_one)]
    in_flight: usize,
}

const CAPS: &[&str] = &["sasl", "standard-replies"];
const PASSWORD: &str = "correct-horse-battery";

/// What is heard.
struct Logins {
    /// Clients without an account yet.
    unregistered: usize,
    asked_ns: Vec<u64>,
    /// Whose login was answered since this was last emptied.
    answered: Vec<usize>,
    granted: u64,
    refused: u64,
    last_refusal: String,
    latency: Latency,
    /// Of the one who writes.
    writer: usize,
    written_ns: Option<u64>,
    messages: u64,
    message_latency: Latency,
}

impl Handler for Logins {
    fn line(&mut self, client: usize, line: &[u8], now_ns: u64) {
        let said = body(line);
        if client == self.writer {
            if said.starts_with(b"PRIVMSG ")
                && let Some(since_ns) = self.written_ns.take()
            {
                self.messages += 1;
                self.message_latency.record(now_ns - since_ns);
            }
        } else if said.starts_with(b"REGISTER SUCCESS ") {
            self.unregistered -= 1;
            self.answered.push(client);
        } else if said.starts_with(b"903 ") {
            self.granted += 1;
            self.latency.record(now_ns - self.asked_ns[client]);
            self.answered.push(client);
        } else if said.first().is_some_and(|it| matches!(it, b'4' | b'F')) || is_failed(said) {
            self.refused += 1;
            self.last_refusal = String::from_utf8_lossy(line).into_owned();
            self.answered.push(client);
        }
    }
}

fn is_failed(said: &[u8]) -> bool {
    [&b"904 "[..], b"905 ", b"906 ", b"907 "].iter().any(|it| said.starts_with(it))
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    let clients = args.in_flight;
    let mut engine = common.engine(clients + 1, CAPS)?;
    register(&mut engine, clients + 1, common.parallel, progress)?;
    for client in 0..=clients {
        engine.client(client).0.phase = Phase::Live; // Nobody is in a room: all lines are answers.
    }
    let mut logins = Logins {
        unregistered: clients,
        asked_ns: vec![0; clients],
        answered: Vec::new(),
        granted: 0,
        refused: 0,
        last_refusal: String::new(),
        latency: Latency::new(),
        writer: clients,
        written_ns: None,
        messages: 0,
        message_latency: Latency::new(),
    };
    make_accounts(&mut engine, &mut logins, progress)?;

    let seconds = common.seconds.unwrap_or(10.0);
    progress.phase("writing alone", seconds as usize);
    go_on_until(now_ns() + ns(common.warmup.unwrap_or(1.0)), &mut engine, &mut logins, false)?;
    logins.message_latency = Latency::new();
    go_on_until(now_ns() + ns(seconds), &mut engine, &mut logins, false)?;
    let alone = std::mem::replace(&mut logins.message_latency, Latency::new());

    progress.phase("logging in", seconds as usize);
    go_on_until(now_ns() + ns(common.warmup.unwrap_or(1.0)), &mut engine, &mut logins, true)?;
    (logins.granted, logins.latency) = (0, Latency::new());
    logins.message_latency = Latency::new();
    let opening = Reading::take(&common.server_pid);
    go_on_until(now_ns() + ns(seconds), &mut engine, &mut logins, true)?;
    let span = Reading::take(&common.server_pid).since(&opening);

    let mut report = Report { faults: logins.refused, ..Report::default() };
    let fields = &mut report.fields;
    fields.put("in_flight", clients);
    fields.put_number("logins_per_s", logins.granted as f64 / span.seconds, 1);
    let has_pids = !common.server_pid.is_empty();
    if has_pids {
        fields.put_number("logins_per_server_cpu_s", span.per_server_cpu_s(logins.granted), 1);
    }
    fields.put_number("latency_p50_ms", logins.latency.quantile_ms(0.5), 1);
    fields.put_number("latency_p99_ms", logins.latency.quantile_ms(0.99), 1);
    fields.put_number("message_alone_p50_ms", alone.quantile_ms(0.5), 3);
    fields.put_number("message_alone_p99_ms", alone.quantile_ms(0.99), 3);
    fields.put_number("message_p50_ms", logins.message_latency.quantile_ms(0.5), 3);
    fields.put_number("message_p99_ms", logins.message_latency.quantile_ms(0.99), 3);
    fields.put("refused", logins.refused);
    if logins.refused > 0 {
        fields.put("last_refusal", logins.last_refusal);
    }
    fields.put_span(&span, has_pids);
    Ok(report)
}

fn make_accounts(engine: &mut Engine, logins: &mut Logins, progress: &Progress) -> Result<()> {
    progress.phase("registering accounts", logins.writer);
    for client in 0..logins.writer {
        let out = engine.client(client).1;
        out.extend_from_slice(format!("REGISTER * * {PASSWORD}\r\n").as_bytes());
        engine.flush(client);
    }
    let mut watch = Watch::new();
    while logins.unregistered > 0 {
        engine.turn(TURN, logins)?;
        all_open(engine)?;
        let done = (logins.writer - logins.unregistered) as u64;
        ensure!(
            !watch.is_stalled(done) && logins.refused == 0,
            "the server makes no accounts; {}",
            logins.last_refusal
        );
    }
    Ok(())
}

/// Whoever was answered asks again, until then.
fn go_on_until(
    end_ns: u64,
    engine: &mut Engine,
    logins: &mut Logins,
    is_logging_in: bool,
) -> Result<()> {
    let mut watch = Watch::new();
    while now_ns() < end_ns {
        if is_logging_in {
            for client in std::mem::take(&mut logins.answered) {
                log_in(engine, logins, client);
            }
        }
        if logins.written_ns.is_none() {
            logins.written_ns = Some(now_ns());
            let line = format!("PRIVMSG {} :hello\r\n", engine.hello.run.nick(logins.writer, 0));
            engine.client(logins.writer).1.extend_from_slice(line.as_bytes());
            engine.flush(logins.writer);
        }
        engine.turn(TURN, logins)?;
        all_open(engine)?;
        ensure!(
            !watch.is_stalled(logins.granted + logins.messages),
            "nothing was answered for {} s; {}",
            STALL_NS / 1_000_000_000,
            logins.last_refusal
        );
    }
    Ok(())
}

fn log_in(engine: &mut Engine, logins: &mut Logins, client: usize) {
    logins.asked_ns[client] = now_ns();
    let nick = engine.hello.run.nick(client, 0);
    let mut lines = "AUTHENTICATE PLAIN\r\n".to_owned();
    for chunk in chunks(format!("\0{nick}\0{PASSWORD}").as_bytes()) {
        lines += &format!("AUTHENTICATE {chunk}\r\n");
    }
    engine.client(client).1.extend_from_slice(lines.as_bytes());
    engine.flush(client);
}
