//! A node in a process of its own: real network, real clock, real disk, threads of its own.

use crate::core::Question;
use crate::door::Handle;
use crate::shell::{self, Env};
use crate::{Config, Contact, Status};
use replica::net::RealNetwork;
use replica::store::history::HistoryOptions;
use replica::store::log::LogOptions;
use replica::store::{Disk, RealDisk};
use serde::de::DeserializeOwned;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Commands between two checkpoints: replaying so many takes a start about a second.
const CHECKPOINT_COMMANDS: u64 = 200_000;

/// Why a node did not start; nothing was changed unless the text says so.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("data directory {path}: {why}")]
    DataDir {
        /// Which.
        path: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The cluster address cannot be listened on.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// Which.
        address: String,
        /// The system's words.
        why: String,
    },
    /// The cluster refused this node, for example because another has its name.
    #[error("the cluster refused this node: {0}")]
    Refused(String),
}

/// A node that runs in its own threads.
pub struct Running {
    handle: Handle,
    ended: Arc<Ended>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Ended {
    result: Mutex<Option<Result<(), String>>>,
    changed: Condvar,
}

impl Running {
    /// For doors.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes nobody new, hands leaderships over, tells doors to move their clients away; returns when
    /// that is done or `limit` has passed. The node still runs.
    pub fn drain(&self, limit: Duration) {
        let _ = self.handle.drain_soon().recv_timeout(limit); // Late or not: the caller goes on.
    }

    /// Stops; everything acknowledged is on disk. Idempotent.
    pub fn stop(&self) {
        self.handle.stop_soon();
        if let Some(thread) = self.thread.lock().expect("nobody panics with it").take() {
            let _ = thread.join();
        }
    }

    /// Returns when the node has stopped by itself or by [`Running::stop`]; `Err` says what broke.
    pub fn wait(&self) -> Result<(), String> {
        let mut result = self.ended.result.lock().expect("nobody panics with it");
        loop {
            if let Some(result) = result.as_ref() {
                return result.clone();
            }
            result = self.ended.changed.wait(result).expect("nobody panics with it");
        }
    }
}

/// Starts a node: listens, opens its data, founds or joins. Returns once it is listening; it becomes
/// ready by itself (see `Status`).
pub fn start(config: Config) -> Result<Running, StartError> {
    let path = config.data_dir.display().to_string();
    let disk = RealDisk::open(&config.data_dir)
        .map_err(|why| StartError::DataDir { path, why: why.to_string() })?;
    let ended = Arc::new(Ended::default());
    let (started, is_started) = mpsc::channel();
    let thread = {
        let ended = ended.clone();
        std::thread::Builder::new()
            .name("node".to_owned())
            .spawn(move || {
                let running = AssertUnwindSafe(|| run(config, disk, &started));
                let result = catch_unwind(running).unwrap_or_else(|panic| Err(words(&*panic)));
                *ended.result.lock().expect("nobody panics with it") = Some(result);
                ended.changed.notify_all();
            })
            .map_err(|why| StartError::Refused(format!("no thread for it: {why}")))?
    };
    match is_started.recv() {
        Ok(Ok(handle)) => Ok(Running { handle, ended, thread: Mutex::new(Some(thread)) }),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(StartError::Refused("it stopped while it started".to_owned())),
    }
}

/// A panic's message. The node's state is not touched again, so nobody sees it half changed.
fn words(panic: &(dyn Any + Send)) -> String {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(it), _) => it,
        (_, Some(it)) => it.as_str(),
        _ => "without a message",
    };
    format!("it panicked: {message}")
}

fn run(
    config: Config,
    disk: Arc<dyn Disk>,
    started: &mpsc::Sender<Result<Handle, StartError>>,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| format!("no runtime: {why}"))?;
    let env = Env {
        network: RealNetwork { tls: config.tls.clone() },
        disk,
        wall_ms: Arc::new(wall_ms),
        seed: rand::random(),
        secret: rand::random(),
        log: LogOptions::default(),
        history: HistoryOptions::default(),
        checkpoint_commands: CHECKPOINT_COMMANDS,
        on_thread: true,
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let node = match shell::prepare(config, env).await {
            Ok(node) => node,
            Err(why) => {
                let _ = started.send(Err(why));
                return Ok(());
            }
        };
        let _ = started.send(Ok(node.handle()));
        node.run().await
    })
}

fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}

/// Why a running node could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Nothing listens there, or it does not answer in time.
    #[error("no answer from {address}: {why}")]
    NoAnswer {
        /// Which.
        address: String,
        /// The system's words.
        why: String,
    },
    /// Something answered, but not a Starling node of this version. Nothing was done.
    #[error("{address} does not speak like a Starling node of this version")]
    NotANode {
        /// Which.
        address: String,
    },
}

/// Asks the node at a cluster address for its status.
pub fn ask_status(at: impl Into<Contact>, limit: Duration) -> Result<Status, AdminError> {
    ask(at.into(), &Question::Status, limit)
}

/// One question, one answer.
pub(crate) fn ask<T: DeserializeOwned>(
    Contact { address, tls }: Contact,
    question: &Question,
    limit: Duration,
) -> Result<T, AdminError> {
    let network = RealNetwork { tls };
    let no_answer = |why: String| AdminError::NoAnswer { address: address.clone(), why };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| no_answer(why.to_string()))?;
    let question = serde_json::to_vec(question).expect("our own types become JSON");
    let answer = runtime.block_on(async {
        tokio::time::timeout(limit, replica::net::ask(&network, &address, &question)).await
    });
    let bytes = match answer {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(why)) => return Err(no_answer(why.to_string())),
        Err(_) => {
            return Err(no_answer(format!("nothing within {} ms", limit.as_millis())));
        }
    };
    serde_json::from_slice(&bytes).map_err(|_| AdminError::NotANode { address: address.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_in_its_own_words() {
        for (told, panic) in [
            ("it panicked: broken", catch_unwind(|| panic!("broken"))),
            ("it panicked: broken 7", catch_unwind(|| panic!("broken {}", 7))),
        ] {
            assert_eq!(words(&*panic.expect_err("it panics")), told);
        }
    }
}
