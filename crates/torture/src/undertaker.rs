//! Removes what a run made when the run cannot: Ctrl-C, a panic, kill -9.
//!
//! A second process of this program waits until its standard input ends, which happens when the run
//! does, however. Nodes end with the run by themselves (`--exit-with-parent`).

use crate::net;
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The hidden argument that makes this program an undertaker.
pub(crate) const FLAG: &str = "--undertaker";

/// While it lives there is somebody to clean up after us.
#[derive(Debug)]
pub(crate) struct Undertaker(Child);

impl Undertaker {
    pub(crate) fn hire(dir: &Path) -> anyhow::Result<Undertaker> {
        let child = Command::new(std::env::current_exe()?)
            .arg(FLAG)
            .arg(std::process::id().to_string())
            .arg(dir)
            .stdin(Stdio::piped())
            .process_group(0) // Ctrl-C is not for it.
            .spawn()?;
        Ok(Undertaker(child))
    }
}

impl Drop for Undertaker {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait(); // It does its work and ends.
    }
}

/// What the second process does.
pub(crate) fn work(pid: u32, dir: &Path) {
    let _ = std::io::stdin().read_to_end(&mut Vec::new()); // However it ends, the run has.
    net::remove(pid);
    let _ = fs::remove_dir_all(dir);
}
