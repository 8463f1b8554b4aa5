//! The network: a namespace for each node, with an address of its own, and one for the clients, which
//! the nodes' are joined to by a bridge. Whoever made it removes it; see `undertaker` for who cannot.

use anyhow::{Context, bail};
use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

/// All names of ours begin so, and go on with the process that made them.
const PREFIX: &str = "tort";

/// A cluster's network.
#[derive(Debug)]
pub(crate) struct Net {
    pid: u32,
    /// By node: rules of its packet filter, for what comes in.
    rules: Vec<Vec<String>>,
    /// By node: what tc was told.
    links: Vec<Option<String>>,
}

impl Net {
    /// Makes it, and moves this thread to where the clients are; threads started from it follow.
    pub(crate) fn make(nodes: usize) -> anyhow::Result<Net> {
        let net = Net {
            pid: std::process::id(),
            rules: vec![Vec::new(); nodes],
            links: vec![None; nodes],
        };
        let clients = net.clients();
        ip(&["netns", "add", &clients])?;
        enter(&clients)?;
        ip(&["link", "set", "lo", "up"])?;
        ip(&["link", "add", "bridge", "type", "bridge"])?;
        ip(&["addr", "add", &format!("{}/24", address(200)), "dev", "bridge"])?;
        ip(&["link", "set", "bridge", "up"])?;
        for node in 0..nodes {
            let (name, end) = (net.name(node), format!("n{node}"));
            ip(&["netns", "add", &name])?;
            let veth =
                ["link", "add", &end, "type", "veth", "peer", "name", "eth0", "netns", &name];
            ip(&veth)?;
            ip(&["link", "set", &end, "master", "bridge", "up"])?;
            let own = format!("{}/24", address(node));
            ip(&["-n", &name, "addr", "add", &own, "dev", "eth0"])?;
            ip(&["-n", &name, "link", "set", "lo", "up"])?;
            ip(&["-n", &name, "link", "set", "eth0", "up"])?;
        }
        Ok(net)
    }

    /// The namespace of a node.
    pub(crate) fn name(&self, node: usize) -> String {
        format!("{PREFIX}{}n{}", self.pid, node + 1)
    }

    fn clients(&self) -> String {
        format!("{PREFIX}{}c", self.pid)
    }

    /// One more rule for what reaches this node.
    pub(crate) fn rule(&mut self, node: usize, rule: impl Into<String>) -> anyhow::Result<()> {
        self.rules[node].push(rule.into());
        self.apply(node)
    }

    /// What `from` sends to `to` is lost.
    pub(crate) fn cut(&mut self, from: usize, to: usize) -> anyhow::Result<()> {
        self.rule(to, format!("ip saddr {} drop", address(from)))
    }

    /// How a node's packets leave, in the words of tc-qdisc(8).
    pub(crate) fn link(&mut self, node: usize, words: &str) -> anyhow::Result<()> {
        tc(&self.name(node), "replace", words)?;
        self.links[node] = Some(words.to_owned());
        Ok(())
    }

    /// All packets pass again.
    pub(crate) fn heal(&mut self) -> anyhow::Result<()> {
        for node in 0..self.rules.len() {
            if !self.rules[node].is_empty() {
                self.rules[node].clear();
                self.apply(node)?;
            }
            if self.links[node].take().is_some() {
                tc(&self.name(node), "del", "")?;
            }
        }
        Ok(())
    }

    fn apply(&self, node: usize) -> anyhow::Result<()> {
        let mut text = "add table inet torture\nflush table inet torture\ntable inet torture {\n\
                        chain input { type filter hook input priority 0; policy accept;\n"
            .to_owned();
        for rule in &self.rules[node] {
            text += rule;
            text.push('\n');
        }
        text += "}\n}\n";
        let mut nft = Command::new("ip")
            .args(["netns", "exec", &self.name(node), "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()?;
        nft.stdin.take().expect("it is piped").write_all(text.as_bytes())?;
        if !nft.wait()?.success() {
            bail!("nft refused:\n{text}");
        }
        Ok(())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        remove(self.pid);
    }
}

/// The address of a node, counted from 0.
pub(crate) fn address(node: usize) -> Ipv4Addr {
    let last = u8::try_from(node + 1).expect("there are few nodes");
    Ipv4Addr::new(10, 77, 0, last)
}

/// Whether tc knows this kind of queue on this machine.
pub(crate) fn has_queue(kind: &str, words: &str) -> bool {
    let name = format!("{PREFIX}{}q", std::process::id());
    let has = ip(&["netns", "add", &name]).is_ok()
        && Command::new("ip")
            .args(["netns", "exec", &name, "tc", "qdisc", "add", "dev", "lo", "root", kind])
            .args(words.split(' '))
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|it| it.success());
    let _ = ip(&["netns", "del", &name]); // If it is not there, it need not go.
    has
}

/// Whether namespaces can be made at all.
pub(crate) fn can_make() -> bool {
    let name = format!("{PREFIX}{}q", std::process::id());
    let can = ip(&["netns", "add", &name]).is_ok();
    let _ = ip(&["netns", "del", &name]); // If it is not there, it need not go.
    can
}

/// Removes all namespaces of this process.
pub(crate) fn remove(pid: u32) {
    for (name, _) in ours().into_iter().filter(|it| it.1 == pid) {
        let _ = ip(&["netns", "del", &name]); // Gone already, or somebody else is at it.
    }
}

/// Removes what dead runs have left behind.
pub(crate) fn remove_leftovers() {
    for (_, pid) in ours() {
        if !fs::exists(format!("/proc/{pid}")).unwrap_or(true) {
            remove(pid);
        }
    }
}

/// Namespaces of our kind, with the process that made each.
fn ours() -> Vec<(String, u32)> {
    let listed = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let names = listed.filter_map(|it| it.file_name().into_string().ok());
    names
        .filter_map(|name| {
            let rest = name.strip_prefix(PREFIX)?;
            let end = rest.find(|it: char| !it.is_ascii_digit())?;
            let pid = rest[..end].parse().ok()?;
            Some((name, pid))
        })
        .collect()
}

fn enter(name: &str) -> anyhow::Result<()> {
    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
    let file = File::open(format!("/run/netns/{name}"))?;
    use std::os::fd::AsFd;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .with_context(|| format!("cannot enter the network namespace {name}"))
}

fn tc(name: &str, verb: &str, words: &str) -> anyhow::Result<()> {
    let status = Command::new("ip")
        .args(["netns", "exec", name, "tc", "qdisc", verb, "dev", "eth0", "root"])
        .args(words.split_whitespace())
        .status()?;
    if !status.success() {
        bail!("tc refused: {verb} {words}");
    }
    Ok(())
}

fn ip(args: &[&str]) -> anyhow::Result<()> {
    let out = Command::new("ip").args(args).output().context("ip cannot be started")?;
    if !out.status.success() {
        bail!("ip {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}
