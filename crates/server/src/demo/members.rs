//! All nodes of the demo.

use super::member::{Member, Purpose, free_addresses};
use crate::status;
use anyhow::{Context, bail};
use node::Status;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// A node on the same machine answers sooner, or is busy starting.
const ANSWER_MAX: Duration = Duration::from_millis(500);
/// Replicas that a group has by default, if there are as many nodes.
const COPIES: usize = 3;

/// The nodes. Dropping them ends the processes first and removes the files then.
pub(crate) struct Members {
    all: Vec<Member>,
    /// Started again, and not yet back in all their groups.
    returning: Vec<usize>,
    dir: TempDir,
}

impl Members {
    /// Starts so many; the first founds the cluster.
    pub(crate) fn start(nodes: usize, purpose: Purpose) -> anyhow::Result<Members> {
        let dir = TempDir::with_prefix("starling-demo-").context("cannot make a directory")?;
        let addresses = free_addresses(nodes)?.into_iter().zip(1..);
        let mut members = Members {
            all: addresses
                .map(|(at, number)| Member::new(number, dir.path(), purpose, at))
                .collect(),
            returning: Vec::new(),
            dir,
        };
        let founder = members.all[0].peers;
        for member in &mut members.all {
            let join: &[SocketAddr] = if member.number == 1 { &[] } else { &[founder] };
            member.start(join)?;
        }
        Ok(members)
    }

    /// Where data and logs are.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// How many there are, running or not.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The nodes, running or not.
    pub(crate) fn all(&self) -> &[Member] {
        &self.all
    }

    /// Looks after the processes: what has ended, what is back. While they `must_run`, one that ends
    /// is an error.
    pub(crate) fn look(&mut self, must_run: bool) -> anyhow::Result<Vec<String>> {
        let mut said = Vec::new();
        for member in &mut self.all {
            let Some(status) = member.ended() else {
                continue;
            };
            let (number, log) = (member.number, member.log.display());
            if must_run {
                bail!("node {number} ended ({status}); the end of its log:\n{}", member.log_end());
            }
            self.returning.retain(|it| *it != number);
            said.push(format!("node {number} ended by itself ({status}); its log: {log}"));
        }
        let all = &self.all;
        self.returning.retain(|number| {
            let is_back = ask(&all[number - 1]).is_some_and(|it| has_its_groups(&it));
            if is_back {
                said.push(format!("node {number} is back and has caught up"));
            }
            !is_back
        });
        Ok(said)
    }

    /// All are up, and every group has its leader and its replicas, and they have caught up.
    pub(crate) fn are_ready(&self) -> bool {
        // Of a primary-backup group one copy less survives as many losses.
        let copies = |strategy: &str| match strategy {
            "raft" => self.all.len().min(COPIES),
            "gossip" => self.all.len(),
            _ => self.all.len().min(COPIES / 2 + 1),
        };
        let is_ready = |it: Status| {
            it.nodes.len() == self.all.len()
                && status::is_well(&it)
                && has_its_groups(&it)
                && it.groups.iter().all(|group| group.replicas.len() >= copies(&group.strategy))
        };
        self.all.iter().all(|member| ask(member).is_some_and(is_ready))
    }

    /// kill -9
    pub(crate) fn kill(&mut self, number: usize) -> String {
        self.returning.retain(|it| *it != number);
        match self.all[number - 1].kill() {
            Some(pid) => {
                format!("node {number} (process {pid}) is killed; `r {number}` starts it again")
            }
            None => format!("node {number} is not running"),
        }
    }

    /// Starts one that does not run.
    pub(crate) fn restart(&mut self, number: usize) -> anyhow::Result<String> {
        // Even the founder joins now: if its files were gone it must not found another cluster.
        let others = self.all.iter().filter(|it| it.number != number);
        let join: Vec<SocketAddr> = others.map(|it| it.peers).collect();
        let member = &mut self.all[number - 1];
        if member.pid().is_some() {
            return Ok(format!("node {number} is running"));
        }
        member.start(&join)?;
        self.returning.push(number);
        Ok(format!("node {number} is starting"))
    }

    /// The processes, and the cluster as the first node that answers sees it.
    pub(crate) fn status(&self) -> String {
        let mut out = self.processes();
        match self.all.iter().filter(|it| it.pid().is_some()).find_map(ask) {
            Some(status) => write!(out, "\n{}", status::text(&status)),
            None => write!(out, "\nNo node answers."),
        }
        .expect("a String takes everything");
        out
    }

    /// Where to connect, for copying.
    pub(crate) fn welcome(&self) -> String {
        let mut out = "Ready. All nodes are one network; connect to any of them.\n\n".to_owned();
        out += &self.processes();
        out += "\nWith irssi, then /join #starling:\n";
        let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan"];
        let mut weechat = String::new();
        for (member, nick) in self.all.iter().zip(names) {
            let (host, port) = (member.irc.ip(), member.irc.port());
            writeln!(out, "  irssi -c {host} -p {port} -n {nick}")
                .expect("a String takes everything");
            writeln!(weechat, "  weechat -t 'irc://{nick}@{host}:{port}/#starling'")
                .expect("a String takes everything");
        }
        out += "With WeeChat:\n";
        out += &weechat;
        out += "\nCommands:\n";
        out += super::command::HELP;
        out
    }

    fn processes(&self) -> String {
        let mut out = String::new();
        for member in &self.all {
            let process = match member.pid() {
                Some(pid) => format!("process {pid}"),
                None => "not running".to_owned(),
            };
            writeln!(
                out,
                "node {}  {}  irc {}  cluster {}  {process}  log {}",
                member.number,
                member.name,
                member.irc,
                member.peers,
                member.log.display()
            )
            .expect("a String takes everything");
        }
        out
    }
}

fn ask(member: &Member) -> Option<Status> {
    node::ask_status(&member.peers.to_string(), ANSWER_MAX).ok()
}

/// The node that answers votes in every group it has a replica of, and each of them is led.
fn has_its_groups(status: &Status) -> bool {
    !status.groups.is_empty()
        && status.groups.iter().all(|group| {
            let is_replica = group.replicas.contains(&status.node);
            group.is_led() && (!is_replica || group.takes_part())
        })
}
