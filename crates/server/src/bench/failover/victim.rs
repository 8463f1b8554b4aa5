//! The process to kill or to pause. No other is ever signalled.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::machine::is_running;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blow {
    Kill,
    /// Paused, and woken again before the run ends.
    Pause,
}

pub(super) struct Victim {
    pid: Pid,
    blow: Blow,
    is_paused: bool,
}

impl Victim {
    pub(super) fn new(pid: i32, blow: Blow) -> Result<Victim> {
        let is_own = pid.unsigned_abs() == std::process::id();
        ensure!(pid > 1 && !is_own && is_running(pid), "{pid}: no such process to kill or stop");
        let pid = Pid::from_raw(pid).context("a pid is above 0")?;
        Ok(Victim { pid, blow, is_paused: false })
    }

    pub(super) fn strike(&mut self) -> Result<()> {
        let signal = match self.blow {
            Blow::Kill => Signal::KILL,
            Blow::Pause => Signal::STOP,
        };
        kill_process(self.pid, signal)
            .with_context(|| format!("cannot signal {}", self.pid.as_raw_nonzero()))?;
        self.is_paused = self.blow == Blow::Pause;
        Ok(())
    }

    pub(super) fn wake(&mut self) {
        if std::mem::take(&mut self.is_paused) {
            let _ = kill_process(self.pid, Signal::CONT); // It may have ended meanwhile.
        }
    }

    /// Whether this process listens at the address.
    pub(super) fn serves(&self, address: SocketAddr) -> bool {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
            .map(|path| fs::read_to_string(path).unwrap_or_default());
        let sockets: Vec<String> =
            tables.iter().flat_map(|table| listening(table, address)).collect();
        let Ok(files) = fs::read_dir(format!("/proc/{}/fd", self.pid.as_raw_nonzero())) else {
            return false;
        };
        let mut links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        links.any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
    }
}

/// A run that ends early leaves nobody paused.
impl Drop for Victim {
    fn drop(&mut self) {
        self.wake();
    }
}

/// The sockets of a `/proc/net/tcp` table that listen at the address or at every address.
fn listening(table: &str, address: SocketAddr) -> Vec<String> {
    const LISTEN: &str = "0A";
    let exact = match address.ip() {
        IpAddr::V4(ip) => Some(format!("{:08X}", u32::from_ne_bytes(ip.octets()))),
        IpAddr::V6(_) => None, // One port, one process: the port will do.
    };
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (host, port) = fields.get(1)?.split_once(':')?;
        let is_port = u16::from_str_radix(port, 16) == Ok(address.port());
        let is_host =
            exact.as_deref().is_none_or(|it| it == host) || host.bytes().all(|digit| digit == b'0');
        let (state, inode) = (fields.get(3)?, fields.get(9)?);
        (is_port && is_host && *state == LISTEN).then(|| format!("socket:[{inode}]"))
    };
    table.lines().filter_map(socket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_serves_what_it_listens_at_and_nothing_else() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let address = listener.local_addr().expect("it is bound");
        let pid = Pid::from_raw(std::process::id().cast_signed()).expect("we have a pid");
        let own = Victim { pid, blow: Blow::Kill, is_paused: false };
        assert!(own.serves(address));
        assert!(!own.serves(SocketAddr::from(([127, 0, 0, 2], address.port()))));
        drop(listener);
        assert!(!own.serves(address));
    }

    #[test]
    fn neither_ourselves_nor_everybody_is_a_victim() {
        let own = std::process::id().cast_signed();
        for pid in [own, 1, 0, -1, -own] {
            assert!(Victim::new(pid, Blow::Kill).is_err(), "{pid}");
        }
    }
}
