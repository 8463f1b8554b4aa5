//! The doors that say where to connect. They share threads of their own: an answer to one of them waits
//! neither for the node nor for people who talk.

use crate::config::Config;
use anyhow::Context;
use node::Handle;
use std::io;
use std::net::SocketAddr;
use std::thread::available_parallelism;
use tokio::runtime::{Builder, Runtime};
use tracing::error;

/// Two answer more than anybody asks; the rest of a machine is for talk.
const THREADS_MAX: usize = 2;

/// The doors, open. Dropping them closes them.
pub(crate) struct Lookups {
    runtime: Option<Runtime>,
    doors: Vec<String>,
}

impl Lookups {
    /// Opens those that the configuration has.
    ///
    /// # Errors
    /// The first that cannot be opened; none is open then.
    pub(crate) fn open(config: &Config, handle: &Handle) -> anyhow::Result<Lookups> {
        let mut lookups = Lookups { runtime: None, doors: Vec::new() };
        if let Some(dns) = config.for_dns() {
            let shown =
                dns.listeners.iter().map(|it| format!("dns of {} on {}", it.zone, it.address));
            lookups.doors.extend(shown);
            let door = front_dns::Door::open(dns, &handle.lookup())?;
            lookups.run("dns", door.run())?;
        }
        if let Some(web) = config.for_web() {
            lookups
                .doors
                .extend(web.listeners.iter().map(|it| shown("web", it.address, it.tls.is_some())));
            let door = front_web::Door::open(web, handle.lookup())?;
            lookups.run("web", door.run())?;
        }
        if let Some(grpc) = config.for_grpc() {
            lookups.doors.extend(
                grpc.listeners.iter().map(|it| shown("grpc", it.address, it.tls.is_some())),
            );
            let door = front_grpc::Door::open(grpc, handle.lookup())?;
            lookups.run("grpc", door.run())?;
        }
        Ok(lookups)
    }

    /// What is open, in words.
    pub(crate) fn doors(&self) -> &[String] {
        &self.doors
    }

    fn run(
        &mut self,
        name: &'static str,
        door: impl Future<Output = io::Result<()>> + Send + 'static,
    ) -> anyhow::Result<()> {
        let runtime = match &self.runtime {
            Some(runtime) => runtime,
            None => {
                self.runtime.insert(runtime().context("cannot start the runtime of the doors")?)
            }
        };
        runtime.spawn(async move {
            if let Err(why) = door.await {
                error!("the {name} door has closed: {why}");
            }
        });
        Ok(())
    }
}

impl Drop for Lookups {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn shown(door: &str, address: SocketAddr, is_secure: bool) -> String {
    format!("{door}{} on {address}", if is_secure { " (TLS)" } else { "" })
}

fn runtime() -> io::Result<Runtime> {
    let threads = available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    Builder::new_multi_thread().worker_threads(threads).thread_name("lookup").enable_all().build()
}
