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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).expect("the door is open");
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in text");
        answer
    }

    #[test]
    fn the_door_answers_with_the_build_and_the_process() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = held.local_addr().expect("it is bound");
        let taken = open(address).expect_err("the port is in use");
        let expected = format!("cannot open the metrics door on {address}");
        assert_eq!(taken.to_string(), expected);
        drop(held);

        open(address).expect("the port is free now");
        metrics::histogram!("some_latency_seconds").record(0.003);
        let version = env!("CARGO_PKG_VERSION");
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        let answer = loop {
            let answer = ask(address);
            // The thread that reports the process may still be starting.
            if answer.contains("\nprocess_open_fds ") || std::time::Instant::now() > deadline {
                break answer;
            }
        };
        for line in [
            &format!("starling_build_info{{version=\"{version}\"}} 1"),
            "some_latency_seconds_bucket{le=\"0.005\"} 1",
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
            "process_open_fds ",
        ] {
            assert!(answer.contains(line), "no {line} in\n{answer}");
        }
    }
}
