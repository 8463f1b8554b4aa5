//! The metrics door: Prometheus text over HTTP.

use crate::process;
use anyhow::Context;
use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How old the figures of the process may be.
const PROCESS_EVERY: Duration = Duration::from_secs(2);

/// From 50 µs, about the fastest fsync there is, to 10 s, when every client has given up.
const BUCKETS_S: [f64; 17] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0,
];

/// Collects metrics from now on and answers HTTP requests for them at `address`.
pub(crate) fn open(address: SocketAddr) -> anyhow::Result<()> {
    PrometheusBuilder::new()
        .with_http_listener(address)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS_S)
        .and_then(PrometheusBuilder::install)
        .with_context(|| format!("cannot open the metrics door on {address}"))?;
    describe();
    thread::Builder::new()
        .name("process-metrics".to_owned())
        .spawn(|| {
            loop {
                report_process();
                thread::sleep(PROCESS_EVERY);
            }
        })
        .context("cannot start a thread")?;
    Ok(())
}

fn describe() {
    describe_gauge!("starling_build_info", "1; the version is a label");
    describe_gauge!("process_start_time_seconds", "Unix time of the start");
    describe_gauge!("process_resident_memory_bytes", "Resident memory");
    describe_gauge!("process_open_fds", "Open files and sockets");
    describe_gauge!("process_cpu_seconds_total", "Processor time used");
    gauge!("starling_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let started = SystemTime::now().duration_since(UNIX_EPOCH);
    gauge!("process_start_time_seconds").set(started.unwrap_or_default().as_secs_f64());
}

fn report_process() {
    // A gauge, because counters here are whole numbers; it only ever grows.
    gauge!("process_cpu_seconds_total").set(process::cpu_time().as_secs_f64());
    if let Some(bytes) = process::resident_bytes() {
        gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    if let Some(files) = process::open_files() {
        gauge!("process_open_fds").set(files as f64);
    }
}
