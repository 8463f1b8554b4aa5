//! A cluster of real `starling serve` processes that a test may kill, pause and wipe.

use super::client::Client;
use super::wait_for;
use node::{Contact, Status, Tls};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// A debug build on a busy machine may need that long to found or rejoin.
const READY_MAX: Duration = Duration::from_secs(60);

/// The nodes, counted from 0. Dropping them kills the processes and removes their files.
pub(crate) struct Cluster {
    nodes: Vec<Node>,
    limits: &'static str,
    /// With what its nodes are asked.
    tls: Option<Tls>,
    dir: TempDir,
}

struct Node {
    name: String,
    irc: SocketAddr,
    peers: SocketAddr,
    roles: Roles,
    /// What else stands in its configuration, beginning in `[cluster]`.
    more: String,
    child: Option<Child>,
}

/// What a node is for, as its configuration says.
pub(crate) type Roles = &'static str;
pub(crate) const BOTH: Roles = "\"directory\", \"chat\"";
pub(crate) const DIRECTORY: Roles = "\"directory\"";
pub(crate) const CHAT: Roles = "\"chat\"";

impl Cluster {
    /// Starts so many nodes and waits until they are ready.
    pub(crate) fn start(count: usize) -> Cluster {
        Cluster::start_with(count, "")
    }

    /// The same with more limits in their configurations.
    pub(crate) fn start_with(count: usize, limits: &'static str) -> Cluster {
        Cluster::start_alike(count, "", limits)
    }

    /// The same with more lines in `[cluster]`.
    pub(crate) fn start_alike(count: usize, more: &str, limits: &'static str) -> Cluster {
        Cluster::empty(limits).filled(vec![more.to_owned(); count])
    }

    /// Starts a node for each text, which is added to its configuration, beginning in `[cluster]`.
    pub(crate) fn start_each(more: Vec<String>) -> Cluster {
        Cluster::empty("").filled(more)
    }

    /// The same, with links that this certificate is one of.
    pub(crate) fn start_secured(more: Vec<String>, tls: Tls) -> Cluster {
        let mut cluster = Cluster::empty("");
        cluster.tls = Some(tls);
        cluster.filled(more)
    }

    /// Nodes are added one by one.
    pub(crate) fn empty(limits: &'static str) -> Cluster {
        let dir = TempDir::with_prefix("starling-test-").expect("a directory can be made");
        Cluster { nodes: Vec::new(), limits, tls: None, dir }
    }

    /// With a node for each text, all of them ready.
    fn filled(mut self, more: Vec<String>) -> Cluster {
        for it in more {
            self.add_with(BOTH, it);
        }
        self.wait_ready();
        self
    }

    /// Starts one node more, which joins the first one; the first founds.
    pub(crate) fn add(&mut self, roles: Roles) -> usize {
        self.add_with(roles, String::new())
    }

    /// The same, with more in its configuration, beginning in `[cluster]`.
    pub(crate) fn add_with(&mut self, roles: Roles, more: String) -> usize {
        let index = self.nodes.len();
        let join: Vec<SocketAddr> = self.nodes.first().map(|it| it.peers).into_iter().collect();
        self.nodes.push(Node {
            name: format!("n{}.test", index + 1),
            irc: free_address(),
            peers: free_address(),
            roles,
            more,
            child: None,
        });
        self.spawn(index, &join);
        index
    }

    /// Starts a node that was killed, which knows of those it knew of.
    pub(crate) fn restart_as_it_was(&mut self, index: usize) {
        assert!(self.nodes[index].child.is_none(), "kill it first");
        let founder = self.nodes[0].peers;
        self.spawn(index, &[founder]);
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn name(&self, index: usize) -> &str {
        &self.nodes[index].name
    }

    /// Which node has this name.
    pub(crate) fn index_of(&self, name: &str) -> usize {
        let found = self.nodes.iter().position(|it| it.name == name);
        found.unwrap_or_else(|| panic!("no node is called {name:?}"))
    }

    /// Where clients connect.
    pub(crate) fn irc(&self, index: usize) -> SocketAddr {
        self.nodes[index].irc
    }

    pub(crate) fn ircs(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|it| it.irc).collect()
    }

    /// Where peers and `starling status` reach it.
    pub(crate) fn peers(&self, index: usize) -> SocketAddr {
        self.nodes[index].peers
    }

    /// Its configuration file.
    pub(crate) fn config(&self, index: usize) -> PathBuf {
        self.path(index, "toml")
    }

    /// What it has logged.
    pub(crate) fn log(&self, index: usize) -> String {
        fs::read_to_string(self.path(index, "log")).unwrap_or_default()
    }

    /// The cluster as this node sees it; `None`: it does not answer.
    pub(crate) fn status(&self, index: usize) -> Option<Status> {
        let address = self.nodes[index].peers.to_string();
        let contact = Contact { address, tls: self.tls.clone() };
        node::ask_status(contact, Duration::from_secs(2)).ok()
    }

    /// `kill -9`
    pub(crate) fn kill9(&mut self, index: usize) {
        let mut child = self.nodes[index].child.take().expect("a node that runs");
        child.kill().expect("our own child can be killed");
        child.wait().expect("a killed child ends");
    }

    /// Starts a node that was killed, with all others to join.
    pub(crate) fn restart(&mut self, index: usize) {
        assert!(self.nodes[index].child.is_none(), "kill it first");
        let others = self.nodes.iter().enumerate().filter(|(it, _)| *it != index);
        let join: Vec<SocketAddr> = others.map(|(_, node)| node.peers).collect();
        self.spawn(index, &join);
    }

    /// Stops the process without its knowledge.
    pub(crate) fn pause(&self, index: usize) {
        kill_process(self.pid(index), Signal::STOP).expect("our own child takes signals");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self, index: usize) {
        kill_process(self.pid(index), Signal::CONT).expect("our own child takes signals");
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self, index: usize) {
        kill_process(self.pid(index), Signal::TERM).expect("our own child takes signals");
    }

    /// Waits until it has stopped; gives back its exit code.
    #[track_caller]
    pub(crate) fn wait_end(&mut self, index: usize) -> Option<i32> {
        let mut child = self.nodes[index].child.take().expect("a node that runs");
        let ended =
            wait_for("the end of a node", READY_MAX, || child.try_wait().expect("our own child"));
        ended.code()
    }

    /// A node that ended is none of the cluster's any more; those behind it are counted anew.
    pub(crate) fn forget(&mut self, index: usize) {
        assert!(self.nodes[index].child.is_none(), "it runs");
        self.nodes.remove(index);
    }

    /// Removes everything a killed node had on disk.
    pub(crate) fn wipe(&mut self, index: usize) {
        assert!(self.nodes[index].child.is_none(), "kill it first");
        fs::remove_dir_all(self.path(index, "data")).expect("it had data");
    }

    /// Removes the log of a killed node.
    pub(crate) fn lose_log(&mut self, index: usize) {
        assert!(self.nodes[index].child.is_none(), "kill it first");
        fs::remove_dir_all(self.path(index, "data").join("log")).expect("it had a log");
    }

    /// Starts a node that was killed, with a configuration that would found a cluster.
    pub(crate) fn restart_alone(&mut self, index: usize) {
        assert!(self.nodes[index].child.is_none(), "kill it first");
        self.spawn(index, &[]);
    }

    /// Starts a node that was killed, with these lines in its section `[cluster]`.
    pub(crate) fn restart_as(&mut self, index: usize, cluster: &'static str) {
        let before = std::mem::replace(&mut self.nodes[index].more, cluster.to_owned());
        self.restart(index);
        self.nodes[index].more = before;
    }

    /// Waits until every running node sees all nodes up and every group led, fully replicated and,
    /// where it is a replica itself, caught up.
    pub(crate) fn wait_ready(&mut self) {
        let limit = READY_MAX;
        for index in 0..self.nodes.len() {
            wait_for(&format!("{} to be ready", self.nodes[index].name), limit, || {
                self.must_run(index);
                let status = self.status(index)?;
                is_ready(&status, self.nodes.len()).then_some(())
            });
        }
    }

    /// The group that `traffic` made grow most, and the nodes of its leader and of one follower.
    pub(crate) fn busy_group(&self, witness: usize, traffic: impl FnOnce()) -> Busy {
        let before = self.status(witness).expect("the witness runs");
        traffic();
        let after = self.status(witness).expect("the witness runs");
        let applied = |status: &Status, id| {
            let group = status.groups.iter().find(|it| it.id == id);
            group.map_or(0, |it| it.applied_index)
        };
        let rooms = after.groups.iter().filter(|it| it.id != 0); // 0 is the directory.
        let busiest = rooms
            .max_by_key(|it| it.applied_index.saturating_sub(applied(&before, it.id)))
            .expect("there are room groups");
        let leader = busiest.leader.as_deref().expect("a group with traffic is led");
        let followers = busiest.replicas.iter().filter(|it| *it != leader);
        Busy {
            leader: self.index_of(leader),
            followers: followers.map(|it| self.index_of(it)).collect(),
        }
    }

    fn spawn(&mut self, index: usize, join: &[SocketAddr]) {
        let config = self.path(index, "toml");
        fs::write(&config, self.configuration(index, join))
            .expect("a configuration can be written");
        let log = File::options().create(true).append(true).open(self.path(index, "log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|it| it.starts_with("STARLING_")) {
                command.env_remove(name);
            }
        }
        // The kernel kills it with the thread that started it, should a test be killed itself. So
        // nodes are started by the thread of the test only.
        let child = command
            .args(["serve", "--config"])
            .arg(&config)
            .args(["--exit-with-parent", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("a log can be written"))
            .spawn();
        self.nodes[index].child = Some(child.expect("the program was built"));
    }

    fn configuration(&self, index: usize, join: &[SocketAddr]) -> String {
        let Node { name, irc, peers, roles, more, .. } = &self.nodes[index];
        let limits = self.limits;
        let data = self.path(index, "data");
        let data = data.display();
        let join: Vec<String> = join.iter().map(|it| format!("\"{it}\"")).collect();
        let join = join.join(", ");
        let door = match roles.contains("chat") {
            true => format!("[[listen]]\ndoor = \"irc\"\naddress = \"{irc}\"\n"),
            false => String::new(),
        };
        let flood = match self.limits.contains("flood_protection") {
            true => "",
            false => "flood_protection = false\n",
        };
        format!(
            "[node]\nname = \"{name}\"\ndata_dir = \"{data}\"\nroles = [{roles}]\n{door}\
             [limits]\n{flood}connections_per_ip = 100000\n{limits}\
             [cluster]\naddress = \"{peers}\"\njoin = [{join}]\n{more}"
        )
    }

    fn must_run(&mut self, index: usize) {
        let Some(child) = &mut self.nodes[index].child else {
            return;
        };
        if let Some(status) = child.try_wait().expect("our own child") {
            panic!("{} ended by itself: {status}", self.nodes[index].name);
        }
    }

    fn pid(&self, index: usize) -> Pid {
        let child = self.nodes[index].child.as_ref().expect("a node that runs");
        let raw = i32::try_from(child.id()).expect("process ids are small");
        Pid::from_raw(raw).expect("process ids are positive")
    }

    fn path(&self, index: usize, kind: &str) -> PathBuf {
        self.dir.path().join(format!("{}.{kind}", self.nodes[index].name))
    }

    /// A client on this node; the node is expected to take it.
    #[track_caller]
    pub(crate) fn client(&self, index: usize, nick: &str) -> Client {
        let client = Client::register(self.irc(index), nick, super::client::SOON);
        client.unwrap_or_else(|why| panic!("{nick} on {}: {why}", self.name(index)))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for index in 0..self.nodes.len() {
            if std::thread::panicking() && self.nodes[index].child.is_some() {
                eprintln!("--- {} says {:?}", self.nodes[index].name, self.status(index));
            }
        }
        for index in 0..self.nodes.len() {
            if let Some(mut child) = self.nodes[index].child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
            if std::thread::panicking() {
                const LINES: usize = 40;
                let log = fs::read_to_string(self.path(index, "log")).unwrap_or_default();
                let first = log.lines().count().saturating_sub(LINES);
                let end: Vec<&str> = log.lines().skip(first).collect();
                eprintln!("--- end of the log of {}\n{}", self.nodes[index].name, end.join("\n"));
            }
        }
    }
}

/// Who keeps a busy group.
#[derive(Debug)]
pub(crate) struct Busy {
    pub(crate) leader: usize,
    pub(crate) followers: Vec<usize>,
}

fn is_ready(status: &Status, nodes: usize) -> bool {
    let up = status.nodes.iter().filter(|it| it.health == "up").count();
    up == nodes
        && status.nodes.len() == nodes
        && !status.groups.is_empty()
        && status.groups.iter().all(|group| {
            let is_replica = group.replicas.contains(&status.node);
            // Of a group that a node only observes, it does not always know who leads.
            let copies = if group.strategy == "raft" { 3 } else { 2 };
            group.is_led()
                && group.replicas.len() >= nodes.min(copies)
                && (!is_replica || group.takes_part())
        })
}

/// Not the system's choice of a free port: while a node is down, its port could become the near end of
/// some outgoing connection, and the node could not come back. These are below those.
pub(crate) fn free_address() -> SocketAddr {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test programs that run at the same time begin in different places.
    let begin = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(COUNT))
        .expect("it is below COUNT");
    loop {
        let offset = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + offset));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
