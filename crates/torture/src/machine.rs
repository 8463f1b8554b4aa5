//! What this machine must have, and what it may lack.

use crate::faults::{self, Fault};
use crate::net;
use std::process::{Command, Stdio};

/// What is missing, each with what to do about it.
pub(crate) fn lacks() -> Vec<String> {
    let mut lacks = Vec::new();
    if !rustix::process::geteuid().is_root() {
        lacks.push("root: network namespaces are made by root only; run it with sudo".to_owned());
    }
    for (program, package) in
        [("ip", "iproute2"), ("tc", "iproute2"), ("nft", "nftables"), ("cc", "gcc")]
    {
        let how = if program == "cc" { "--version" } else { "-V" };
        let mut command = Command::new(program);
        if command.arg(how).stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            lacks.push(format!("{program}: install the package {package}"));
        }
    }
    if lacks.is_empty() && !net::can_make() {
        lacks.push("network namespaces: `ip netns add` is refused here (a container?)".to_owned());
    }
    lacks
}

/// The faults that this machine can do; says which it cannot.
pub(crate) fn faults() -> Vec<&'static Fault> {
    let can = |it: &&Fault| {
        let Some((kind, words)) = it.queue else {
            return true;
        };
        let has = net::has_queue(kind, words);
        if !has {
            eprintln!("{} is skipped: the kernel has no sch_{kind}", it.name);
        }
        has
    };
    faults::ALL.iter().filter(can).collect()
}
