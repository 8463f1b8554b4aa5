//! A cluster that a scenario starts for itself: real processes on this machine, gone when it is.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chat::Replication;
use node::Names;
use node::admin::{RoomAnswer, RoomQuestion, ask_room};
use node::status::{GroupStatus, RoomStatus};

use super::progress::Progress;
use super::setup::Common;
use crate::demo::member::{Member, Purpose};
use crate::demo::members::Members;

/// Many processes share few cores while they found their groups.
const READY_MAX: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Its counters by name, of all nodes together.
pub(super) type Counters = BTreeMap<String, f64>;

/// The nodes, counted from 0.
pub(super) struct Cluster(Members);

impl Cluster {
    /// Starts so many and waits until every group has its replicas.
    pub(super) fn start(nodes: usize, fanout: usize, progress: &Progress) -> Result<Cluster> {
        Cluster::begin(nodes, Purpose::Bench { fanout, names: Names::Raft }, progress)
    }

    /// The same, with names kept so.
    pub(super) fn start_keeping(
        nodes: usize,
        names: Names,
        progress: &Progress,
    ) -> Result<Cluster> {
        Cluster::begin(nodes, Purpose::Bench { fanout: 3, names }, progress)
    }

    fn begin(nodes: usize, purpose: Purpose, progress: &Progress) -> Result<Cluster> {
        progress.phase(format!("starting {nodes} nodes"), 0);
        let mut cluster = Cluster(Members::start(nodes, purpose)?);
        cluster.wait_ready()?;
        Ok(cluster)
    }

    /// Waits until all are up and every group has its replicas.
    pub(super) fn wait_ready(&mut self) -> Result<()> {
        let begin = Instant::now();
        while !self.0.are_ready() {
            self.0.look(true)?;
            ensure!(
                begin.elapsed() < READY_MAX,
                "the nodes are not ready after {} s; how they are:\n{}",
                READY_MAX.as_secs(),
                self.0.status()
            );
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// The node that leads the one group of rooms of a strategy. `None`: nobody does, or needs to.
    pub(super) fn leader(&self, replication: Replication) -> Option<usize> {
        self.index_of(&self.group(replication)?.leader?)
    }

    /// A node that holds a copy of that group and does not lead it.
    pub(super) fn follower(&self, replication: Replication) -> Result<usize> {
        let group = self.group(replication).context("no node tells how the group is")?;
        let mut followers = group.replicas.iter().filter(|it| group.leader.as_ref() != Some(it));
        let last = followers.next_back().context("nobody but its leader holds the room")?;
        self.index_of(last).context("a node of another cluster holds the room")
    }

    /// As the first node has it that knows its leader; if it has none, as any has it.
    fn group(&self, replication: Replication) -> Option<GroupStatus> {
        let is_its = |it: &GroupStatus| it.id != 0 && it.strategy == replication.as_str();
        let seen = self.0.all().iter().filter_map(|member| {
            let status = node::ask_status(&member.peers.to_string(), ANSWER_MAX).ok()?;
            status.groups.into_iter().find(is_its)
        });
        let seen: Vec<GroupStatus> = seen.collect();
        seen.iter().find(|it| it.leader.is_some()).or(seen.first()).cloned()
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.0.all().iter().position(|it| it.name == name)
    }

    /// The node that decides on names, kept so.
    pub(super) fn decides_on_names(&self, names: Names) -> Option<usize> {
        let is_it = |it: &&GroupStatus| match names {
            Names::Raft => it.id == 0,
            Names::Bully => it.strategy == "bully",
        };
        let leader = self.0.all().iter().find_map(|member| {
            let status = node::ask_status(&member.peers.to_string(), ANSWER_MAX).ok()?;
            status.groups.iter().find(is_it)?.leader.clone()
        })?;
        self.0.all().iter().position(|it| it.name == leader)
    }

    /// Where clients of a node connect.
    pub(super) fn irc(&self, index: usize) -> SocketAddr {
        self.0.all()[index].irc
    }

    /// The process id of a node that runs.
    pub(super) fn pid(&self, index: usize) -> Option<i32> {
        self.0.all()[index].pid().and_then(|it| i32::try_from(it).ok())
    }

    /// What is common to all scenarios, with these nodes as servers.
    pub(super) fn common(&self, common: &Common) -> Common {
        let servers = self.0.all().iter().map(|it| it.irc.to_string());
        Common { server: servers.collect(), ..common.clone() }
    }

    /// The same without one of them.
    pub(super) fn common_without(&self, common: &Common, index: usize) -> Common {
        let mut all = self.common(common);
        all.server.remove(index);
        all
    }

    /// Process ids.
    pub(super) fn pids(&self) -> Vec<i32> {
        let pids = self.0.all().iter().filter_map(Member::pid);
        pids.filter_map(|it| i32::try_from(it).ok()).collect()
    }

    pub(super) fn kill9(&mut self, index: usize) {
        self.0.kill(index + 1);
    }

    /// Starts one that was killed; returns once its cluster port takes connections.
    pub(super) fn restart(&mut self, index: usize) -> Result<()> {
        self.0.look(false)?; // Somebody else may have killed it.
        self.0.restart(index + 1)?;
        let begin = Instant::now();
        while TcpStream::connect(self.0.all()[index].peers).is_err() {
            self.0.look(true)?;
            ensure!(begin.elapsed() < READY_MAX, "the node does not listen");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// A room as this node has it; `None`: it does not know it yet.
    pub(super) fn room(&self, index: usize, name: &str) -> Result<Option<RoomStatus>> {
        let address = self.0.all()[index].peers.to_string();
        let question = RoomQuestion::Show { name: name.to_owned() };
        Ok(match ask_room(&address, &question, ANSWER_MAX) {
            Ok(RoomAnswer::Shown(room)) => Some(*room),
            Ok(RoomAnswer::NoSuchRoom | RoomAnswer::Refused(_)) | Err(_) => None,
            Ok(other) => bail!("a node answers strangely: {other:?}"),
        })
    }

    /// What all nodes have counted since they started.
    pub(super) fn counters(&self) -> Result<Counters> {
        let mut sums = Counters::new();
        for member in self.0.all() {
            let text = metrics(member.metrics)
                .with_context(|| format!("no metrics from {}", member.metrics))?;
            add(&text, &mut sums);
        }
        Ok(sums)
    }
}

/// One HTTP request, read to its end.
fn metrics(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// Adds the samples of one node, over all labels, to those of others.
fn add(text: &str, sums: &mut Counters) {
    for line in text.lines().filter(|it| it.starts_with("starling_")) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let name = name.split('{').next().unwrap_or(name);
        let Ok(value) = value.trim().parse::<f64>() else { continue };
        *sums.entry(name.to_owned()).or_default() += value;
    }
}

/// How much a counter has grown; `None`: nobody counts that.
pub(super) fn grown(name: &str, before: &Counters, after: &Counters) -> Option<f64> {
    let end = after.get(name)?;
    Some(end - before.get(name).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_all_nodes_and_labels_are_added_up() {
        let text = "HTTP/1.1 200 OK\r\n\r\n# HELP starling_sent_total How many.\n\
                    starling_sent_total{to=\"a\"} 5\nstarling_sent_total{to=\"b\"} 2\n\
                    starling_lag 0.5\nother_total 9\n";
        let mut sums = Counters::new();
        add(text, &mut sums);
        let before = sums.clone();
        add(text, &mut sums);
        assert_eq!(sums.get("starling_sent_total"), Some(&14.0));
        assert_eq!(grown("starling_sent_total", &before, &sums), Some(7.0));
        assert_eq!(grown("starling_lag", &Counters::new(), &before), Some(0.5));
        assert_eq!(grown("other_total", &before, &sums), None);
    }
}
