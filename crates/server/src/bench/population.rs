//! Bringing a crowd of clients onto the servers and into their rooms.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::clock::now_ns;
use super::engine::{Engine, Ignore};
use super::progress::Progress;

/// A load that moves nothing for so long is reported instead of waited for.
pub(super) const STALL_NS: u64 = if cfg!(test) { 1_000_000_000 } else { 5_000_000_000 };
pub(super) const TURN: Duration = Duration::from_millis(50);

/// Notices when nothing has moved for [`STALL_NS`].
pub(super) struct Watch {
    moved_ns: u64,
    mark: u64,
}

impl Watch {
    pub(super) fn new() -> Watch {
        Watch { moved_ns: now_ns(), mark: u64::MAX }
    }

    /// `mark` is any number that changes with every progress.
    pub(super) fn is_stalled(&mut self, mark: u64) -> bool {
        let now_ns = now_ns();
        if mark != self.mark {
            *self = Watch { moved_ns: now_ns, mark };
        }
        now_ns - self.moved_ns > STALL_NS
    }
}

/// Opens and registers `count` clients, at most `parallel` under way. Returns the seconds taken.
pub(super) fn register(
    engine: &mut Engine,
    count: usize,
    parallel: usize,
    progress: &Progress,
) -> Result<f64> {
    progress.phase("registering", count);
    let start_ns = now_ns();
    let mut watch = Watch::new();
    let mut opened = 0;
    let mut done = 0;
    while done < count {
        while opened < count && opened - done < parallel {
            engine.open(opened, opened).with_context(|| format!("client {opened}"))?;
            opened += 1;
        }
        engine.turn(TURN, &mut Ignore)?;
        all_open(engine)?;
        done += engine.registered.drain(..).count();
        progress.at(done);
        if watch.is_stalled(done as u64) {
            bail!(
                "registration stalled: {done} of {count} clients registered, then nothing for {} s",
                STALL_NS / 1_000_000_000
            );
        }
    }
    Ok((now_ns() - start_ns) as f64 / 1e9)
}

/// Joins every client to its rooms, at most `parallel` under way. Returns the seconds taken.
pub(super) fn join(
    engine: &mut Engine,
    rooms_of: impl Fn(usize) -> Vec<String>,
    parallel: usize,
    progress: &Progress,
) -> Result<f64> {
    let all: Vec<usize> = (0..engine.connections.len()).collect();
    join_some(engine, &all, rooms_of, parallel, progress)
}

/// The same for some of the clients.
pub(super) fn join_some(
    engine: &mut Engine,
    clients: &[usize],
    rooms_of: impl Fn(usize) -> Vec<String>,
    parallel: usize,
    progress: &Progress,
) -> Result<f64> {
    let count = clients.len();
    progress.phase("joining", count);
    let start_ns = now_ns();
    let mut watch = Watch::new();
    let mut asked = 0;
    let mut done = 0;
    while done < count {
        while asked < count && asked - done < parallel {
            let id = clients[asked];
            let (client, out) = engine.client(id);
            client.join(&rooms_of(id), out);
            engine.flush(id);
            asked += 1;
        }
        engine.turn(TURN, &mut Ignore)?;
        all_open(engine)?;
        done += engine.joined.drain(..).count();
        progress.at(done);
        if watch.is_stalled(done as u64) {
            bail!(
                "joining stalled: {done} of {count} clients joined, then nothing for {} s",
                STALL_NS / 1_000_000_000
            );
        }
    }
    Ok((now_ns() - start_ns) as f64 / 1e9)
}

/// Lets the last JOIN lines and greetings pass.
pub(super) fn settle(engine: &mut Engine, wait: Duration) -> Result<()> {
    let end_ns = now_ns() + wait.as_nanos() as u64;
    while now_ns() < end_ns {
        engine.turn(TURN, &mut Ignore)?;
    }
    all_open(engine)
}

/// A load with holes measures something else: any lost client ends the run.
pub(super) fn all_open(engine: &Engine) -> Result<()> {
    let Some(first) = engine.closed.first() else {
        return Ok(());
    };
    let server = engine.network.servers[engine.network.server_of(*first)];
    bail!(
        "{server} dropped or refused {} of {} clients: {}",
        engine.closed.len(),
        engine.connections.len(),
        engine.reasons()
    )
}

/// A scenario may need what not every server has.
pub(super) fn require_caps(engine: &Engine, caps: &[&str]) -> Result<()> {
    for cap in caps {
        let has = |it: &super::engine::Connection| it.client.caps.contains(cap);
        ensure!(
            engine.connections.iter().all(has),
            "the server does not offer the capability {cap}"
        );
    }
    Ok(())
}
