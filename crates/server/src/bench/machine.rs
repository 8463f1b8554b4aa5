//! What the servers and this program take from the machine, as `/proc` tells it.

use std::fs;

use super::clock::{now_ns, own_cpu_s};

/// `/proc` counts in `USER_HZ`, which is 100 wherever this runs, whatever the kernel's own tick.
const TICKS_PER_S: f64 = 100.0;

/// The sum over all processes of the servers.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub(super) struct Usage {
    pub(super) user_s: f64,
    pub(super) system_s: f64,
    pub(super) rss_bytes: u64,
    pub(super) rss_peak_bytes: u64,
}

impl Usage {
    /// Processes that have ended count as nothing.
    pub(super) fn of(pids: &[i32]) -> Usage {
        pids.iter().filter_map(|pid| Usage::of_one(*pid)).fold(Usage::default(), |sum, one| Usage {
            user_s: sum.user_s + one.user_s,
            system_s: sum.system_s + one.system_s,
            rss_bytes: sum.rss_bytes + one.rss_bytes,
            rss_peak_bytes: sum.rss_peak_bytes + one.rss_peak_bytes,
        })
    }

    fn of_one(pid: i32) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let (user_s, system_s) = cpu_of_stat(&stat)?;
        let bytes = |key| bytes_of_status(&status, key).unwrap_or(0);
        Some(Usage {
            user_s,
            system_s,
            rss_bytes: bytes("VmRSS:"),
            rss_peak_bytes: bytes("VmHWM:"),
        })
    }
}

pub(super) fn is_running(pid: i32) -> bool {
    fs::exists(format!("/proc/{pid}/stat")).unwrap_or(false)
}

/// CPU time of all processes and the kernel since the machine started.
fn machine_busy_s() -> f64 {
    busy_of_stat(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

fn busy_of_stat(stat: &str) -> f64 {
    let fields = stat.lines().next().unwrap_or("").split_ascii_whitespace().skip(1);
    let ticks: Vec<f64> = fields.map_while(|it| it.parse().ok()).collect();
    // user nice system (idle iowait) irq softirq
    [0, 1, 2, 5, 6].iter().filter_map(|at| ticks.get(*at)).sum::<f64>() / TICKS_PER_S
}

fn cpu_of_stat(stat: &str) -> Option<(f64, f64)> {
    // The command's name may hold spaces and brackets: fields are counted behind its last bracket.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut seconds = || Some(fields.next()?.parse::<f64>().ok()? / TICKS_PER_S);
    Some((seconds()?, seconds()?))
}

fn bytes_of_status(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// One reading at one moment.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) at_ns: u64,
    pub(super) servers: Usage,
    own_cpu_s: f64,
    machine_busy_s: f64,
}

/// What passed between two readings.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) seconds: f64,
    pub(super) server_user_s: f64,
    pub(super) server_system_s: f64,
    pub(super) own_cpu_s: f64,
    /// All processes of the machine together.
    pub(super) machine_busy_s: f64,
}

impl Reading {
    pub(super) fn take(pids: &[i32]) -> Reading {
        Reading {
            at_ns: now_ns(),
            servers: Usage::of(pids),
            own_cpu_s: own_cpu_s(),
            machine_busy_s: machine_busy_s(),
        }
    }

    pub(super) fn since(&self, earlier: &Reading) -> Span {
        Span {
            seconds: self.at_ns.saturating_sub(earlier.at_ns) as f64 / 1e9,
            server_user_s: self.servers.user_s - earlier.servers.user_s,
            server_system_s: self.servers.system_s - earlier.servers.system_s,
            own_cpu_s: self.own_cpu_s - earlier.own_cpu_s,
            machine_busy_s: self.machine_busy_s - earlier.machine_busy_s,
        }
    }
}

impl Span {
    pub(super) fn server_cpu_s(&self) -> f64 {
        self.server_user_s + self.server_system_s
    }

    /// What everything else took: near zero, or the run is not to be trusted.
    pub(super) fn other_cpu_s(&self) -> f64 {
        self.machine_busy_s - self.server_cpu_s() - self.own_cpu_s
    }

    /// `count` per CPU-second of the servers, or nothing where ten ticks cannot tell.
    pub(super) fn per_server_cpu_s(&self, count: u64) -> Option<f64> {
        (self.server_cpu_s() > 10.0 / TICKS_PER_S).then(|| count as f64 / self.server_cpu_s())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_the_name_of_the_command() {
        let stat = "42 (a b) (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0";
        assert_eq!(cpu_of_stat(stat), Some((2.5, 0.5)));
        assert_eq!(cpu_of_stat("42 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(bytes_of_status(status, "VmRSS:"), Some(1024 * 1024));
        assert_eq!(bytes_of_status(status, "VmSwap:"), None);
    }

    #[test]
    fn the_machine_is_busy_when_it_neither_idles_nor_waits() {
        assert_eq!(busy_of_stat("cpu  100 200 300 9999 9999 400 500 9 0 0\ncpu0 1 1"), 15.0);
    }

    #[test]
    fn this_process_is_running_and_has_memory() {
        let own = std::process::id().cast_signed();
        assert!(is_running(own));
        assert!(Usage::of(&[own]).rss_bytes > 0);
        assert_eq!(Usage::of(&[]), Usage::default());
    }
}
