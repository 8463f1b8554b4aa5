//! What the nodes hold at one moment.

use super::nodes::Node;
use anyhow::Context;
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// One moment of all nodes; bytes, or entries of queues.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: Duration,
    pub(super) nodes: Vec<Held>,
}

/// What one node holds.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Held {
    /// Anonymous memory; pages of files that the kernel keeps for the node are not its own.
    pub(super) memory: u64,
    /// Its data directory, as allocated.
    pub(super) disk: u64,
    /// What the history's own figure says.
    pub(super) history: u64,
    /// Commands without an answer.
    pub(super) waiting: u64,
    /// Bytes on their way to the log.
    pub(super) pending: u64,
    /// Deliveries on their way to the shards.
    pub(super) backlog: u64,
}

impl Sample {
    pub(super) fn take(nodes: &[Node], at: Duration) -> anyhow::Result<Sample> {
        let nodes: anyhow::Result<Vec<Held>> = nodes.iter().map(held).collect();
        Ok(Sample { at, nodes: nodes? })
    }

    pub(super) fn minute(&self) -> u64 {
        self.at.as_secs() / 60
    }
}

fn held(node: &Node) -> anyhow::Result<Held> {
    let status = fs::read_to_string(format!("/proc/{}/status", node.child.id()))
        .context("a node has ended; its log says why")?;
    let anonymous = status.lines().find_map(|it| it.strip_prefix("RssAnon:"));
    let kibibytes = anonymous.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
    let figures = figures(node)?;
    let sum = |name: &str| {
        let lines = figures.lines().filter(|it| it.starts_with(name) && !it.starts_with('#'));
        let values = lines.filter_map(|it| it.rsplit_once(' ')?.1.parse::<f64>().ok());
        values.sum::<f64>() as u64
    };
    Ok(Held {
        memory: kibibytes.context("no RssAnon in /proc")? << 10,
        disk: allocated(&node.data)?,
        history: sum("starling_history_bytes_total"),
        waiting: sum("starling_waiting_commands"),
        pending: sum("starling_log_pending_bytes"),
        backlog: sum("starling_shard_backlog"),
    })
}

fn figures(node: &Node) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(node.metrics)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn allocated(dir: &Path) -> anyhow::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // A file may go while we look.
        let Ok(metadata) = entry.metadata() else { continue };
        bytes +=
            if metadata.is_dir() { allocated(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}

impl fmt::Display for Sample {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |of: fn(&Held) -> u64| {
            let values: Vec<String> = self.nodes.iter().map(|it| of(it).to_string()).collect();
            values.join(" ")
        };
        let memory = all(|it| it.memory >> 20);
        let (disk, history) = (all(|it| it.disk >> 20), all(|it| it.history >> 20));
        let (waiting, pending) = (all(|it| it.waiting), all(|it| it.pending));
        let backlog = all(|it| it.backlog);
        let minute = self.minute();
        write!(out, "{minute} | {memory} | {disk} | {history} | {waiting}, {pending}, {backlog}")
    }
}
