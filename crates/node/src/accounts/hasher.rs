//! Threads for passwords: a hash takes long on purpose, and nobody's messages shall wait for it.

use super::password;
use crate::door::Inbound;
use chat::directory::Credentials;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::Arc;

/// Jobs that may wait; more are refused. A client gives up after half a minute, and that is about what one
/// thread can do meanwhile.
const WAITING_MAX: usize = 1_024;
/// How much these threads give way to all others (`nice`).
const NICENESS: i32 = 10;

/// Something to compute.
pub(crate) enum Job {
    /// Is this the password?
    Check { credentials: Option<Arc<Credentials>>, password: Arc<str> },
    /// What is to be kept of it?
    Make { password: Arc<str> },
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Hashed {
    /// Of `Check`.
    Checked(bool),
    /// Of `Make`; `None`: it can be nobody's password.
    Made(Option<Arc<Credentials>>),
}

/// What became of a job.
pub(crate) enum Submitted {
    /// The result will come from another thread.
    Waits,
    /// There are no threads (simulation): it is done.
    Done(Hashed),
    /// Too many wait. It was not taken.
    Full,
}

/// The threads, or none.
pub(crate) struct Hasher {
    jobs: Option<Sender<(u64, Job)>>,
}

impl Hasher {
    /// Computes at once, in the caller's thread.
    pub(crate) fn inline() -> Hasher {
        Hasher { jobs: None }
    }

    /// Half of the cores, and one at least. The threads end with the hasher.
    pub(crate) fn start(results: &Sender<Inbound>, wake: &Arc<dyn Fn() + Send + Sync>) -> Hasher {
        let (jobs, waiting) = bounded(WAITING_MAX);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.div_ceil(2) {
            let (waiting, results, wake) = (waiting.clone(), results.clone(), wake.clone());
            let thread = std::thread::Builder::new().name("passwords".into());
            if let Err(error) = thread.spawn(move || run(&waiting, &results, &*wake)) {
                tracing::error!(%error, "no thread for passwords: logging in will be slow, or not work");
            }
        }
        Hasher { jobs: Some(jobs) }
    }

    pub(crate) fn submit(&self, number: u64, job: Job) -> Submitted {
        let Some(jobs) = &self.jobs else {
            return Submitted::Done(carry_out(job));
        };
        match jobs.try_send((number, job)) {
            Ok(()) => Submitted::Waits,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Submitted::Full,
        }
    }
}

fn run(waiting: &Receiver<(u64, Job)>, results: &Sender<Inbound>, wake: &(dyn Fn() + Send + Sync)) {
    // Of the calling thread only, on Linux.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "passwords are hashed with the priority of all else");
    }
    while let Ok((number, job)) = waiting.recv() {
        let hashed = carry_out(job);
        if results.send(Inbound::Hashed { number, hashed }).is_err() {
            return; // The node is gone.
        }
        wake();
    }
}

fn carry_out(job: Job) -> Hashed {
    match job {
        Job::Check { credentials, password } => {
            Hashed::Checked(password::is_right(credentials.as_deref(), &password))
        }
        Job::Make { password } => Hashed::Made(password::make(&password).map(Arc::new)),
    }
}
