//! Real `starling serve` processes, each in its network namespace and on its lying disk.

use crate::disk::Disk;
use crate::disk::rollback::{Keep, Lost};
use crate::net::{Net, address};
use crate::status::{Room, Status};
use crate::wait::wait_for;
use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A busy machine may need that long to found a cluster, or to bring back a node.
const READY_MAX: Duration = Duration::from_secs(60);
const IRC: u16 = 6667;
const PEERS: u16 = 7100;
const WEB: u16 = 8080;

/// What every cluster of a run is made of.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) starling: PathBuf,
    pub(crate) shim: PathBuf,
    /// Disks forget what they are told to sync: something must be found then.
    pub(crate) forgets_syncs: bool,
    /// So many of the last nodes only take part in the directory.
    pub(crate) witnesses: usize,
    /// All others take no part in the directory, and witnesses say where to connect.
    pub(crate) splits_roles: bool,
    /// How names are kept.
    pub(crate) directory: &'static str,
    /// A dead node's sessions live on for so long.
    pub(crate) grace_s: u64,
}

/// The nodes, counted from 0, and the network between them.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) net: Net,
    parts: Parts,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    name: String,
    config: PathBuf,
    log: PathBuf,
    disk: Disk,
    child: Option<Child>,
    is_paused: bool,
    /// Counted up with each empty disk.
    life: u32,
}

impl Cluster {
    /// Starts as many nodes as the network has, in this empty directory, and waits until all are ready.
    pub(crate) fn start(
        net: Net,
        parts: Parts,
        dir: &Path,
        count: usize,
    ) -> anyhow::Result<Cluster> {
        let mut cluster = Cluster { net, parts, nodes: Vec::new() };
        cluster.found(dir, count)?;
        Ok(cluster)
    }

    /// A new cluster in the place of this one.
    pub(crate) fn found(&mut self, dir: &Path, count: usize) -> anyhow::Result<()> {
        self.nodes.clear();
        self.net.heal()?;
        let _ = fs::remove_dir_all(dir); // The first is not there yet.
        fs::create_dir_all(dir)?;
        for index in 0..count {
            let name = format!("n{}", index + 1);
            let path = |kind: &str| dir.join(format!("{name}.{kind}"));
            let disk = Disk::new(path("data"), path("disk"), self.parts.shim.clone())?;
            let (config, log) = (path("toml"), path("log"));
            self.nodes.push(Node {
                name,
                config,
                log,
                disk,
                child: None,
                is_paused: false,
                life: 0,
            });
        }
        let founder = if self.parts.splits_roles { count - self.parts.witnesses } else { 0 };
        for index in 0..count {
            let join: &[SocketAddr] = if index == founder { &[] } else { &[peers(founder)] };
            self.spawn(index, join)?;
        }
        self.wait_ready()?;
        if self.parts.forgets_syncs {
            // Not before: without its first files a node does not even start.
            self.nodes.iter_mut().try_for_each(|it| it.disk.forget_syncs())?;
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes that clients can use: all but the witnesses.
    pub(crate) fn chat_nodes(&self) -> usize {
        self.len() - self.parts.witnesses
    }

    /// The name that changes when a node has lost its disk.
    pub(crate) fn identity(&self, index: usize) -> String {
        match &self.nodes[index] {
            Node { name, life: 0, .. } => name.clone(),
            Node { name, life, .. } => format!("{name}/{life}"),
        }
    }

    pub(crate) fn name(&self, index: usize) -> &str {
        &self.nodes[index].name
    }

    pub(crate) fn disk(&self, index: usize) -> &Disk {
        &self.nodes[index].disk
    }

    pub(crate) fn is_running(&self, index: usize) -> bool {
        self.nodes[index].child.is_some()
    }

    /// The cluster as this node sees it; `None`: it does not answer.
    pub(crate) fn status(&self, index: usize) -> Option<Status> {
        let node = &self.nodes[index];
        if node.child.is_none() || node.is_paused {
            return None;
        }
        let out = Command::new(&self.parts.starling)
            .args(["status", "--json", "--node", &peers(index).to_string()])
            .stderr(Stdio::null())
            .output()
            .ok()?;
        serde_json::from_slice(&out.stdout).ok()
    }

    /// What this node says of a room.
    pub(crate) fn room(&self, index: usize, name: &str) -> anyhow::Result<Room> {
        let out = Command::new(&self.parts.starling)
            .args(["admin", "room", "show", name, "--json", "--node", &peers(index).to_string()])
            .output()?;
        let why = || String::from_utf8_lossy(&out.stderr).into_owned();
        serde_json::from_slice(&out.stdout).with_context(why)
    }

    /// Replica identities by name, as the first node says that answers.
    pub(crate) fn ids(&self) -> std::collections::BTreeMap<String, String> {
        let status = (0..self.len()).find_map(|it| self.status(it));
        let members = status.map(|it| it.nodes).unwrap_or_default();
        members.into_iter().map(|it| (it.name, it.id)).collect()
    }

    /// Who leads the most groups, as the first node says that answers.
    pub(crate) fn leader(&self) -> Option<usize> {
        let status = (0..self.len()).find_map(|it| self.status(it))?;
        let leads = |name: &str| {
            status.groups.iter().filter(|it| it.leader.as_deref() == Some(name)).count()
        };
        (0..self.len()).max_by_key(|it| leads(&self.nodes[*it].name))
    }

    /// `kill -9`; nothing if it does not run.
    pub(crate) fn kill9(&mut self, index: usize) -> anyhow::Result<()> {
        self.nodes[index].is_paused = false;
        let Some(mut child) = self.nodes[index].child.take() else {
            return Ok(());
        };
        let _ = child.kill(); // It may have ended already.
        child.wait()?;
        Ok(())
    }

    /// Loses what a killed node did not sync.
    pub(crate) fn lose_power(&mut self, index: usize, keep: Keep) -> anyhow::Result<Lost> {
        self.kill9(index)?;
        self.nodes[index].disk.lose_power(keep)
    }

    /// Kills it and gives it an empty disk.
    pub(crate) fn wipe(&mut self, index: usize) -> anyhow::Result<()> {
        self.kill9(index)?;
        self.nodes[index].life += 1;
        self.nodes[index].disk.wipe()
    }

    /// Stops the process without its knowledge.
    pub(crate) fn pause(&mut self, index: usize) -> anyhow::Result<()> {
        if self.signal(index, Signal::STOP)? {
            self.nodes[index].is_paused = true;
        }
        Ok(())
    }

    pub(crate) fn resume(&mut self, index: usize) -> anyhow::Result<()> {
        self.nodes[index].is_paused = false;
        self.signal(index, Signal::CONT)?;
        Ok(())
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn drain(&mut self, index: usize) -> anyhow::Result<()> {
        if !self.signal(index, Signal::TERM)? {
            return Ok(());
        }
        let mut child = self.nodes[index].child.take().expect("it was signalled");
        let name = &self.nodes[index].name;
        let ended = wait_for(&format!("{name} to stop"), READY_MAX, || child.try_wait().ok()?);
        if ended.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        ended.map(drop)
    }

    /// Starts one that does not run, with all others to join.
    pub(crate) fn restart(&mut self, index: usize) -> anyhow::Result<()> {
        if self.is_running(index) {
            return Ok(());
        }
        let others = (0..self.len()).filter(|it| *it != index);
        let join: Vec<SocketAddr> = others.map(peers).collect();
        self.spawn(index, &join)
    }

    /// Ends all faults: packets pass, disks are honest, everybody runs.
    pub(crate) fn heal(&mut self) -> anyhow::Result<()> {
        self.net.heal()?;
        for index in 0..self.len() {
            self.nodes[index].disk.heal()?;
            if self.nodes[index].is_paused {
                self.resume(index)?;
            }
            self.notice_end(index);
            self.restart(index)?;
        }
        Ok(())
    }

    /// Waits until every node sees all others up, every group led and replicated, and itself in its
    /// groups. A node that ends by itself meanwhile is an error.
    pub(crate) fn wait_ready(&mut self) -> anyhow::Result<()> {
        for index in 0..self.len() {
            let mut lacks = "an answer".to_owned();
            let name = self.nodes[index].name.clone();
            let ready = wait_for(&format!("{name} to be ready"), READY_MAX, || {
                if let Some(ended) = self.notice_end(index) {
                    return Some(Err(ended));
                }
                match self.status(index)?.lacks(self.len(), self.chat_nodes()) {
                    Some(it) => lacks = it,
                    None => return Some(Ok(())),
                }
                None
            });
            match ready {
                Ok(Ok(())) => {}
                Ok(Err(ended)) => {
                    bail!("{name} ended by itself: {ended}; its log:\n{}", self.log_end(index))
                }
                Err(why) => bail!("{why}: {lacks}; its log:\n{}", self.log_end(index)),
            }
        }
        Ok(())
    }

    /// Waits until no group is on its way to other nodes: then nobody hears `unknown` for that.
    pub(crate) fn wait_settled(&self) -> anyhow::Result<()> {
        wait_for("all groups to be where they belong", READY_MAX, || {
            let all = (0..self.len()).map(|it| self.status(it));
            let mut settled = all.map(|it| it.is_some_and(|it| it.is_settled(self.chat_nodes())));
            settled.all(|it| it).then_some(())
        })
    }

    /// The last lines of a node's log.
    pub(crate) fn log_end(&self, index: usize) -> String {
        const LINES: usize = 12;
        let text = fs::read_to_string(&self.nodes[index].log).unwrap_or_default();
        let first = text.lines().count().saturating_sub(LINES);
        text.lines().skip(first).collect::<Vec<_>>().join("\n")
    }

    /// If a node has ended by itself, how.
    fn notice_end(&mut self, index: usize) -> Option<String> {
        let status = self.nodes[index].child.as_mut()?.try_wait().ok().flatten()?;
        self.nodes[index].child = None;
        Some(status.to_string())
    }

    fn signal(&self, index: usize, signal: Signal) -> anyhow::Result<bool> {
        let Some(child) = &self.nodes[index].child else {
            return Ok(false);
        };
        let raw = i32::try_from(child.id()).expect("process ids are small");
        kill_process(Pid::from_raw(raw).expect("process ids are positive"), signal)?;
        Ok(true)
    }

    fn spawn(&mut self, index: usize, join: &[SocketAddr]) -> anyhow::Result<()> {
        let count = self.nodes.len();
        let node = &mut self.nodes[index];
        node.disk.compact()?;
        let config = configuration(&self.parts, &node.name, node.disk.root(), (index, count), join);
        fs::write(&node.config, config)?;
        let log = File::options().create(true).append(true).open(&node.log)?;
        let mut command = Command::new("ip");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|it| it.starts_with("STARLING_")) {
                command.env_remove(name);
            }
        }
        // ip becomes env becomes starling: one process, whose id we know. Only starling is lied to.
        command.args(["netns", "exec", &self.net.name(index), "env"]);
        for (name, value) in node.disk.environment() {
            command.arg(format!("{name}={}", value.display()));
        }
        let child = command
            .arg(&self.parts.starling)
            .args(["serve", "--config"])
            .arg(&node.config)
            .args(["--exit-with-parent", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        node.child = Some(child.context("ip cannot be started")?);
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where clients connect.
pub(crate) fn irc(index: usize) -> SocketAddr {
    SocketAddr::from((address(index), IRC))
}

/// Where nodes of the directory say where to connect.
pub(crate) fn web(index: usize) -> SocketAddr {
    SocketAddr::from((address(index), WEB))
}

fn peers(index: usize) -> SocketAddr {
    SocketAddr::from((address(index), PEERS))
}

fn configuration(
    parts: &Parts,
    name: &str,
    data: &Path,
    (index, count): (usize, usize),
    join: &[SocketAddr],
) -> String {
    let join: Vec<String> = join.iter().map(|it| format!("\"{it}\"")).collect();
    let door = |kind, address| format!("[[listen]]\ndoor = \"{kind}\"\naddress = \"{address}\"\n");
    let (roles, door) = match (index >= count - parts.witnesses, parts.splits_roles) {
        (true, false) => ("roles = [\"directory\"]\n", String::new()),
        (true, true) => ("roles = [\"directory\"]\n", door("web", web(index))),
        (false, false) => ("", door("irc", irc(index))),
        (false, true) => ("roles = [\"chat\"]\n", door("irc", irc(index))),
    };
    format!(
        "[node]\nname = \"{name}\"\ndata_dir = \"{data}\"\n{roles}\
         [cluster]\naddress = \"{peers}\"\ndirectory = \"{directory}\"\njoin = [{join}]\n\
         {door}\
         [limits]\nflood_protection = false\nconnections_per_ip = 100000\nsession_grace = \"{grace_s}s\"\n",
        directory = parts.directory,
        data = data.display(),
        peers = peers(index),
        grace_s = parts.grace_s,
        join = join.join(", "),
    )
}
