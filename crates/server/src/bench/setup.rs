//! What every scenario is told, and how its clients come to be.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::client::Hello;
use super::clock::now_ns;
use super::engine::Engine;
use super::machine::is_running;
use super::message::RunTag;
use super::network::Network;

#[derive(clap::Args, Clone, Debug)]
pub(super) struct Common {
    /// A server to load; give it several times for a cluster. Client i connects to server i mod n.
    #[arg(long, short, global = true, value_name = "HOST:PORT", default_value = "127.0.0.1:6667")]
    pub(super) server: Vec<String>,
    /// A process whose CPU time and memory to count; give it once per process of the servers.
    #[arg(long, global = true, value_name = "PID")]
    pub(super) server_pid: Vec<i32>,
    /// Seconds to measure. [default: fanout, rooms, connect, history 10; commit 3; failover 10]
    #[arg(long, global = true, value_parser = positive)]
    pub(super) seconds: Option<f64>,
    /// Seconds of load before figures are taken. [default: 0.7 for commit, else 1]
    #[arg(long, global = true)]
    pub(super) warmup: Option<f64>,
    /// One line of JSON on stdout, and no progress.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// A name for the run, repeated in the report.
    #[arg(long, global = true)]
    pub(super) label: Option<String>,
    /// Password to send before registration.
    #[arg(long, global = true)]
    pub(super) pass: Option<String>,
    /// Source addresses to use towards a loopback server, from 127.1.0.1 upwards; 0 for none.
    #[arg(long, global = true, default_value_t = 1000)]
    pub(super) sources: u32,
    /// Registrations under way at a time (8 for a server with a backlog of 10).
    #[arg(long, global = true, default_value_t = 500, value_parser = at_least_one)]
    pub(super) parallel: usize,
    /// JOINs under way at a time.
    #[arg(long, global = true, default_value_t = 50, value_parser = at_least_one)]
    pub(super) join_parallel: usize,
}

/// Descriptors beside the clients': epoll, timer, terminal, `/proc`.
const SPARE_FILES: u64 = 32;

impl Common {
    /// An engine for so many clients, none of them connected yet.
    pub(super) fn engine(&self, clients: usize, caps: &'static [&'static str]) -> Result<Engine> {
        for pid in &self.server_pid {
            ensure!(is_running(*pid), "--server-pid {pid}: no such process");
        }
        allow_files(clients as u64 + SPARE_FILES)?;
        let seed = (now_ns() / 1_000) ^ (u64::from(std::process::id()) << 12);
        let hello = Hello { run: RunTag::from_seed(seed), pass: self.pass.clone(), caps };
        let network = Network { servers: self.addresses()?, sources: self.sources };
        Engine::new(hello, network).context("cannot make an epoll set")
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let first = |server: &String| {
            let mut found =
                server.to_socket_addrs().with_context(|| format!("--server {server}"))?;
            found.next().with_context(|| format!("--server {server}: no address"))
        };
        self.server.iter().map(first).collect()
    }
}

fn allow_files(needed: u64) -> Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|allowed| allowed >= needed) {
        return Ok(());
    }
    let allowed = maximum.unwrap_or(needed);
    ensure!(
        allowed >= needed,
        "the run needs {needed} open files and may have {allowed}: raise `ulimit -n`"
    );
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })
        .context("cannot raise the limit of open files")
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_string())?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("must be above 0".to_string()) }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_string()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".to_string()),
    }
}
