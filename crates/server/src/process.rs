//! This process as the kernel sees it: its limits, its size, who started it.

use anyhow::{Context, bail};
use rustix::process::{Pid, Resource, Signal};
use std::fs;
use std::time::Duration;

/// Raises the limit of open files to what the system allows: every connection is one.
/// Gives back the limit then in force.
pub(crate) fn raise_open_files() -> Option<u64> {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    match rustix::process::setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.current,
        Err(_) => before, // Fewer connections then; the door says so when it comes to that.
    }
}

/// From now on this process is killed when the one that started it ends.
pub(crate) fn exit_with_parent(parent: i32) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("cannot ask to be killed with the parent")?;
    // It may have ended before we asked.
    if rustix::process::getppid() != Pid::from_raw(parent) {
        bail!("process {parent}, which started this one, is gone");
    }
    Ok(())
}

/// Processor time this process has used, in user and kernel.
pub(crate) fn cpu_time() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(used.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanoseconds)
}

/// Memory of this process that is resident, in bytes.
pub(crate) fn resident_bytes() -> Option<u64> {
    resident_of(&fs::read_to_string("/proc/self/status").ok()?)
}

/// Files, sockets and the like that this process has open.
pub(crate) fn open_files() -> Option<usize> {
    let entries = fs::read_dir("/proc/self/fd").ok()?;
    Some(entries.count().saturating_sub(1)) // One is the directory being read.
}

/// proc_pid_status(5): `VmRSS:     1234 kB`
fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status_file() {
        let status = "Name:\tstarling\nVmHWM:\t    9999 kB\nVmRSS:\t    1234 kB\nThreads:\t3\n";
        assert_eq!(resident_of(status), Some(1234 * 1024));
        assert_eq!(resident_of("Name:\tstarling\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_running_process_has_memory_and_open_files() {
        assert!(resident_bytes() > Some(0));
        assert!(open_files() > Some(0));
    }
}
