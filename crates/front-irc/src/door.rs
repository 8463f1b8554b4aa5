//! The door as a whole: listeners, shards, and their end.

use crate::config::{Config, Timings};
use crate::context::Context;
use crate::shard::{Alarm, Control, Listening, Parts, Shard, ShardLink, WAKE};
use mio::net::TcpListener;
use mio::{Poll, Waker};
use node::Handle;
use node::pem::FromClients;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Connections the kernel may hold until they are accepted: a mass arrival loses none.
const BACKLOG: i32 = 4096;

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener's address cannot be used.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// Which.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// A certificate or key cannot be used.
    #[error("TLS for {address}: {why}")]
    Tls {
        /// Of which listener.
        address: String,
        /// What is wrong: a file that cannot be read, a certificate that does not match its key.
        why: String,
    },
    /// The node has stopped.
    #[error("the node has stopped")]
    NodeStopped,
}

/// An open door.
pub struct Door {
    addresses: Vec<SocketAddr>,
    shards: Vec<ShardLink>,
    threads: Vec<JoinHandle<()>>,
}

impl Door {
    /// Where it listens, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes nobody new and closes every connection with `reason`, spread over `over`.
    pub fn drain(&self, reason: &str, over: Duration) {
        for shard in &self.shards {
            shard.tell(Control::Drain { reason: reason.into(), over });
        }
    }

    /// Closes everything and ends the threads.
    pub fn stop(self) {
        for shard in &self.shards {
            shard.tell(Control::Stop);
        }
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("an irc shard had panicked");
            }
        }
    }
}

/// Binds every listener and starts the shards.
pub fn start(config: Config, handle: Handle) -> Result<Door, StartError> {
    start_with(config, Timings::default(), handle)
}

/// The same with other limits of time.
pub fn start_with(config: Config, timings: Timings, handle: Handle) -> Result<Door, StartError> {
    let mut tls = Vec::new();
    let mut listeners = Vec::new();
    for it in &config.listeners {
        tls.push(match &it.tls {
            None => None,
            Some((cert, key)) => Some(
                node::pem::door(cert, key, &[], FromClients::Certificate)
                    .map_err(|why| StartError::Tls { address: it.address.clone(), why })?,
            ),
        });
        listeners.push(listen(&it.address).map_err(|why| listen_error(&it.address, &why))?);
    }
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>();
    let addresses = addresses.map_err(|why| listen_error("its own socket", &why))?;
    let count = match config.shards {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        count => count,
    };
    let context = Arc::new(Context::new(config, timings, tls, handle.info.clone()));
    let (shards, threads) =
        start_shards(count, &context, listeners, &handle).map_err(|why| match why {
            ShardError::Io(why) => listen_error("any address", &why),
            ShardError::NodeStopped => StartError::NodeStopped,
        })?;
    Ok(Door { addresses, shards, threads })
}

enum ShardError {
    Io(io::Error),
    NodeStopped,
}

impl From<io::Error> for ShardError {
    fn from(why: io::Error) -> ShardError {
        ShardError::Io(why)
    }
}

fn start_shards(
    count: usize,
    context: &Arc<Context>,
    listeners: Vec<TcpListener>,
    handle: &Handle,
) -> Result<(Vec<ShardLink>, Vec<JoinHandle<()>>), ShardError> {
    let mut links = Vec::new();
    let mut halves = Vec::new();
    for _ in 0..count {
        let poll = Poll::new()?;
        let alarm = Arc::new(Alarm::new(Waker::new(poll.registry(), WAKE)?));
        let (sender, control) = crossbeam_channel::unbounded();
        links.push(ShardLink { control: sender, alarm });
        halves.push((poll, control));
    }
    let mut listeners = Some(listeners);
    let mut threads = Vec::new();
    for (place, (poll, control)) in halves.into_iter().enumerate() {
        let link = links[place].clone();
        let alarm = link.alarm.clone();
        let attached = handle.attach(Box::new(move || alarm.ring()));
        let (number, deliveries) = attached.ok_or(ShardError::NodeStopped)?;
        let listening = match listeners.take() {
            Some(them) => Listening::new(them, links.clone(), poll.registry())?,
            None => Listening::default(),
        };
        let (context, handle) = (context.clone(), handle.clone());
        let parts = Parts { context, handle, number, poll, link, control, deliveries, listening };
        let thread = std::thread::Builder::new().name(format!("irc-{place}"));
        threads.push(thread.spawn(move || Shard::new(parts).run())?);
    }
    Ok((links, threads))
}

fn listen_error(address: &str, why: &io::Error) -> StartError {
    let hint = match why.kind() {
        io::ErrorKind::AddrInUse => "; another program listens there already",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
        _ => "",
    };
    StartError::Listen { address: address.to_owned(), why: format!("{why}{hint}") }
}

fn listen(address: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no such address");
    for address in address.to_socket_addrs()? {
        match listen_on(address) {
            Ok(it) => return Ok(it),
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // A restart need not wait for connections of the last run.
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}
