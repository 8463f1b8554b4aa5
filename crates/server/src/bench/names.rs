//! `names`: how long nobody is given a name when the node that decides on names is killed.
//!
//! A cluster of its own, trial after trial: kill -9, and then one registration after another at a node that
//! is left, until one is granted. The time counts from the kill.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use node::Names;

use super::clock::now_ns;
use super::cluster::Cluster;
use super::pauses::median;
use super::progress::Progress;
use super::report::{Fields, Report};
use super::setup::at_least_one;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// How names are kept; each is measured on a cluster of its own.
    #[arg(long, value_delimiter = ',', default_value = "bully,raft", value_parser = names)]
    directory: Vec<Names>,
    /// Nodes to start.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=16))]
    nodes: u16,
    /// How often the node that decides is killed.
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    trials: usize,
}

/// Without a name for so long, something else is wrong.
const GRANTED_MAX_NS: u64 = 30_000_000_000;
/// A node answers a registration within a second, with a yes or a no.
const ANSWER_MAX: Duration = Duration::from_secs(3);

fn names(text: &str) -> Result<Names, String> {
    match text {
        "raft" => Ok(Names::Raft),
        "bully" => Ok(Names::Bully),
        _ => Err("raft or bully".to_owned()),
    }
}

pub(super) fn run(args: &Args, progress: &Progress) -> Result<Report> {
    let mut report = Report::default();
    for names in &args.directory {
        report.levels.push(one(args, *names, progress)?);
    }
    report.fields.put("nodes", args.nodes);
    report.fields.put("trials", args.trials);
    Ok(report)
}

fn one(args: &Args, names: Names, progress: &Progress) -> Result<Fields> {
    let nodes = usize::from(args.nodes);
    let mut cluster = Cluster::start_keeping(nodes, names, progress)?;
    let mut waits = Vec::new();
    progress.phase(format!("killing ({names})"), args.trials);
    for trial in 0..args.trials {
        let victim = cluster.decides_on_names(names).context("nobody decides on names")?;
        let survivor = cluster.irc((victim + 1) % nodes);
        let killed_ns = now_ns();
        cluster.kill9(victim);
        let granted_ns = first_granted(survivor, trial)?;
        waits.push((granted_ns - killed_ns) as f64 / 1e6);
        cluster.restart(victim)?;
        cluster.wait_ready()?;
        progress.at(trial + 1);
    }
    waits.sort_by(f64::total_cmp);
    let mut fields = Fields::default();
    fields.put("directory", names.to_string());
    fields.put_number("granted_median_ms", median(&waits), 1);
    fields.put_number("granted_worst_ms", waits.last().copied(), 1);
    fields.put_number("granted_best_ms", waits.first().copied(), 1);
    Ok(fields)
}

/// When the first registration was granted that began after the kill.
fn first_granted(at: SocketAddr, trial: usize) -> Result<u64> {
    let begin_ns = now_ns();
    for attempt in 0.. {
        // A name that was refused may have been given all the same: never the same again.
        if register(at, &format!("t{trial}a{attempt}"))? {
            return Ok(now_ns());
        }
        ensure!(now_ns() - begin_ns < GRANTED_MAX_NS, "{at} grants no name any more");
    }
    unreachable!("the loop has no end")
}

/// Whether the node grants this name. The connection closes then, and the name is free again.
fn register(at: SocketAddr, nick: &str) -> Result<bool> {
    let mut stream = TcpStream::connect_timeout(&at, ANSWER_MAX)
        .with_context(|| format!("{at} takes no connection"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.write_all(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n").as_bytes())?;
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { return Ok(false) }; // It said nothing for too long, or closed.
        let line = String::from_utf8_lossy(&line);
        // (No node waits for the answer to a PING before it grants a name.)
        let mut words = line.split_whitespace().filter(|it| !it.starts_with(':'));
        match words.next().unwrap_or_default() {
            "001" => return Ok(true),
            "PING" | "NOTICE" | "CAP" => {}
            _ => return Ok(false),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::super::tests::fake::{Flaw, start};
    use super::*;

    #[test]
    fn a_name_that_is_granted_is_granted_and_a_node_that_is_gone_is_an_error() {
        let server = start(Flaw::None, 1)[0];
        assert!(register(server, "alice").expect("it listens"));
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        assert!(register(nobody.expect("a free port"), "alice").is_err());
    }

    #[test]
    fn there_are_two_ways_to_keep_names() {
        assert_eq!((names("raft"), names("bully")), (Ok(Names::Raft), Ok(Names::Bully)));
        assert!(names("gossip").is_err());
    }
}
