//! One node of the demo: its files and its process.

use anyhow::{Context, bail};
use node::Names;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Where the first node's IRC door is, if that is free; the next ones follow.
const IRC_PORT: u16 = 6667;
/// The same for its cluster address.
const PEERS_PORT: u16 = 7101;
/// The same for its metrics, where somebody wants them.
const METRICS_PORT: u16 = 9101;
/// How far to look for free ones.
const PORTS_TRIED: u16 = 200;

/// What nodes are started for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// Somebody tries them.
    Demo,
    /// They are measured: their doors take what comes, and each tells its figures.
    Bench {
        /// Peers that what is gossiped goes to at once.
        fanout: usize,
        /// How names are kept.
        names: Names,
    },
}

/// Where a node is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) irc: SocketAddr,
    pub(crate) peers: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

/// A node and what it needs.
pub(crate) struct Member {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) irc: SocketAddr,
    pub(crate) peers: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) log: PathBuf,
    purpose: Purpose,
    config: PathBuf,
    child: Option<Child>,
}

impl Member {
    pub(crate) fn new(number: usize, dir: &Path, purpose: Purpose, at: Addresses) -> Member {
        Member {
            number,
            name: format!("n{number}.demo"),
            irc: at.irc,
            peers: at.peers,
            metrics: at.metrics,
            purpose,
            log: dir.join(format!("n{number}.log")),
            config: dir.join(format!("n{number}.toml")),
            child: None,
        }
    }

    /// Starts the process; `join` are members to ask for admission.
    pub(crate) fn start(&mut self, join: &[SocketAddr]) -> anyhow::Result<()> {
        fs::write(&self.config, self.configuration(join))
            .context("cannot write a configuration")?;
        let log = File::options().create(true).append(true).open(&self.log);
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            // The demo's nodes are what the demo says, not what the environment says of another node.
            if name.to_str().is_some_and(|it| it.starts_with("STARLING_")) {
                command.env_remove(name);
            }
        }
        command
            .args(["serve", "--config"])
            .arg(&self.config)
            .arg("--exit-with-parent")
            .arg(std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.with_context(|| format!("cannot write {}", self.log.display()))?)
            .process_group(0); // Ctrl-C is for the demo, which then ends its nodes itself.
        self.child = Some(command.spawn().context("cannot start a process")?);
        Ok(())
    }

    /// kill -9; gives back the id it had.
    pub(crate) fn kill(&mut self) -> Option<u32> {
        let mut child = self.child.take()?;
        let _ = child.kill(); // Fails only if it has ended already.
        let _ = child.wait();
        Some(child.id())
    }

    /// Process id, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// If the process has ended by itself, how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok().flatten()?;
        self.child = None;
        Some(status)
    }

    /// The last lines of its log.
    pub(crate) fn log_end(&self) -> String {
        const LINES: usize = 10;
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines: Vec<&str> = text.lines().rev().take(LINES).collect();
        lines.reverse();
        lines.join("\n")
    }

    fn configuration(&self, join: &[SocketAddr]) -> String {
        let join: Vec<String> = join.iter().map(|it| format!("\"{it}\"")).collect();
        format!(
            r#"[node]
name = "{name}"
data_dir = "n{number}"
motd = ["You are on node {number} of a demonstration.", "Join #starling, and let somebody kill this node."]

[cluster]
network = "Demo"
address = "{peers}"
join = [{join}]
{more_of_cluster}
[[listen]]
door = "irc"
address = "{irc}"

[limits]
connections_per_ip = 10000
{more}"#,
            name = self.name,
            number = self.number,
            peers = self.peers,
            irc = self.irc,
            join = join.join(", "),
            more_of_cluster = self.more_of_cluster(),
            more = self.more(),
        )
    }

    /// What is measured is one room: more groups than it needs would only take time of the same machine.
    fn more_of_cluster(&self) -> String {
        match self.purpose {
            Purpose::Demo => String::new(),
            Purpose::Bench { names, .. } => format!("groups = 1\ndirectory = \"{names}\"\n"),
        }
    }

    /// The rest of its configuration, which begins in `[limits]`.
    fn more(&self) -> String {
        let Purpose::Bench { fanout, .. } = self.purpose else { return String::new() };
        let metrics = self.metrics;
        format!(
            r#"flood_protection = false

[gossip]
fanout = {fanout}

[[listen]]
door = "metrics"
address = "{metrics}"
"#
        )
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Addresses for each node, all free a moment ago.
///
/// Not the system's choice of a free port: a port that it gives to a listener now it may give to an
/// outgoing connection while the node is down, and the node could not come back.
pub(crate) fn free_addresses(nodes: usize) -> anyhow::Result<Vec<Addresses>> {
    let irc = free_from(IRC_PORT, nodes)?;
    let peers = free_from(PEERS_PORT, nodes)?;
    let metrics = free_from(METRICS_PORT, nodes)?;
    let all = irc.into_iter().zip(peers).zip(metrics);
    Ok(all.map(|((irc, peers), metrics)| Addresses { irc, peers, metrics }).collect())
}

fn free_from(first: u16, count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
    let free = (first..first + PORTS_TRIED).filter_map(bind).take(count);
    let held: Vec<TcpListener> = free.collect(); // All at once, so that no port is given twice.
    if held.len() < count {
        bail!("no {count} free ports from {first} to {}", first + PORTS_TRIED - 1);
    }
    let addresses = held.iter().map(TcpListener::local_addr);
    addresses.collect::<Result<_, _>>().context("cannot ask for a port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_gets_addresses_of_its_own() {
        let mut all: Vec<SocketAddr> = free_addresses(9)
            .expect("ports are free")
            .into_iter()
            .flat_map(|it| [it.irc, it.peers, it.metrics])
            .collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 27);
    }

    #[test]
    fn the_configuration_of_a_node_is_valid() {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let addresses = Addresses { irc: at(6668), peers: at(7101), metrics: at(9102) };
        let member = Member::new(2, Path::new("/tmp/demo"), Purpose::Demo, addresses);
        let text = member.configuration(&[at(7100), at(7102)]);
        let file =
            crate::config::File { shown: "n2.toml", dir: Path::new("/tmp/demo"), text: &text };
        let config = crate::config::parse(Some(file), []).unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(config.for_node().data_dir, Path::new("/tmp/demo/n2"));
        assert_eq!(config.for_node().join.len(), 2);
        assert_eq!(config.for_irc().listeners[0].address, "127.0.0.1:6668");
        assert_eq!(config.metrics_address(), None);
    }

    #[test]
    fn a_node_that_is_measured_tells_its_figures_and_holds_nobody_back() {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let addresses = Addresses { irc: at(6668), peers: at(7101), metrics: at(9102) };
        let purpose = Purpose::Bench { fanout: 2, names: Names::Bully };
        let text = Member::new(1, Path::new("/tmp/demo"), purpose, addresses).configuration(&[]);
        let file =
            crate::config::File { shown: "n1.toml", dir: Path::new("/tmp/demo"), text: &text };
        let config = crate::config::parse(Some(file), []).unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(config.metrics_address(), Some(at(9102)));
        assert_eq!((config.gossip.fanout, config.cluster.groups), (2, 1));
        assert_eq!(config.cluster.directory, Names::Bully);
        assert!(!config.limits.flood_protection);
    }
}
