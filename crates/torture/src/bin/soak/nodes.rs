//! Real nodes on loopback, in a directory of the run's own.

use crate::status::Status;
use crate::wait::wait_for;
use anyhow::Context;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const READY_MAX: Duration = Duration::from_secs(60);

/// A running node; dropping it ends it.
pub(super) struct Node {
    pub(super) child: Child,
    pub(super) irc: SocketAddr,
    pub(super) metrics: SocketAddr,
    pub(super) data: PathBuf,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It may have ended.
        let _ = self.child.wait();
    }
}

/// Starts so many and waits until every group has its replicas.
pub(super) fn start(starling: &Path, dir: &Path, count: usize) -> anyhow::Result<Vec<Node>> {
    let peers: Vec<SocketAddr> = (0..count).map(|_| free_address()).collect::<Result<_, _>>()?;
    let mut nodes = Vec::new();
    for index in 0..count {
        let name = format!("n{}", index + 1);
        let data = dir.join(&name);
        let (irc, metrics) = (free_address()?, free_address()?);
        let join = if index == 0 { String::new() } else { format!("\"{}\"", peers[0]) };
        let config = format!(
            "[node]\nname = \"{name}\"\ndata_dir = \"{}\"\n[cluster]\naddress = \"{}\"\njoin = [{join}]\n\
             [[listen]]\ndoor = \"irc\"\naddress = \"{irc}\"\n\
             [[listen]]\ndoor = \"metrics\"\naddress = \"{metrics}\"\n\
             [limits]\nflood_protection = false\nconnections_per_ip = 100000\n",
            data.display(),
            peers[index],
        );
        let file = dir.join(format!("{name}.toml"));
        fs::write(&file, config)?;
        let child = Command::new(starling)
            .args(["serve", "--config"])
            .arg(&file)
            .args(["--exit-with-parent", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(dir.join(format!("{name}.log")))?)
            .spawn()?;
        nodes.push(Node { child, irc, metrics, data });
    }
    for it in &peers {
        wait_until_whole(starling, *it, count)?;
    }
    Ok(nodes)
}

fn wait_until_whole(starling: &Path, peer: SocketAddr, count: usize) -> anyhow::Result<()> {
    wait_for(&format!("the node at {peer} to be one of a whole cluster"), READY_MAX, || {
        let asked = Command::new(starling)
            .args(["status", "--json", "--node", &peer.to_string()])
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let status: Status = serde_json::from_slice(&asked.stdout).ok()?;
        status.lacks(count, count).is_none().then_some(())
    })
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}
