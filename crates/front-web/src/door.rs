//! The door as a whole: its sockets, and the tasks that answer on them.

use crate::config::{Config, Listener};
use crate::connection::{accept, gate};
use crate::measures::Measures;
use crate::routes::{Shared, router};
use node::lookup::Lookup;
use node::pem::FromClients;
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const BACKLOG: i32 = 1_024;
/// What is spoken over TLS.
const PROTOCOL: &str = "http/1.1";

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for the web on {address}: {why}")]
pub struct StartError {
    address: SocketAddr,
    why: io::Error,
}

/// An open door. Nobody is answered before it runs.
pub struct Door {
    listeners: Vec<(std::net::TcpListener, Option<Arc<ServerConfig>>)>,
    shared: Arc<Shared>,
    connections_per_ip: usize,
}

impl Door {
    /// Binds every listener.
    ///
    /// # Errors
    /// The first address that cannot be had, or whose certificate cannot.
    pub fn open(config: Config, lookup: Lookup) -> Result<Door, StartError> {
        let Config { listeners, policy, connections_per_ip } = config;
        let listeners = listeners.iter().map(bind).collect::<Result<_, _>>()?;
        let shared = Arc::new(Shared { lookup, policy, measures: Measures::new() });
        Ok(Door { listeners, shared, connections_per_ip })
    }

    /// Where it listens, in the order of the configuration.
    ///
    /// # Errors
    /// The system does not say.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(|it| it.0.local_addr()).collect()
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// The runtime does not take the sockets.
    pub async fn run(self) -> io::Result<()> {
        let router = router(self.shared.clone());
        let gate = gate(self.connections_per_ip, &self.shared);
        let mut tasks = JoinSet::new();
        for (listener, tls) in self.listeners {
            let listener = TcpListener::from_std(listener)?;
            tasks.spawn(accept(listener, tls, gate.clone(), router.clone()));
        }
        // They never end by themselves: if one did, it panicked.
        match tasks.join_next().await {
            Some(Err(why)) => Err(io::Error::other(why)),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

fn bind(
    listener: &Listener,
) -> Result<(std::net::TcpListener, Option<Arc<ServerConfig>>), StartError> {
    let address = listener.address;
    let tls = listener
        .tls
        .as_ref()
        .map(|(cert, key)| node::pem::door(cert, key, &[PROTOCOL], FromClients::Nothing));
    let tls = tls.transpose().map_err(|why| StartError { address, why: io::Error::other(why) })?;
    let socket = listen(address).map_err(|why| StartError { address, why })?;
    Ok((socket, tls))
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // A restart need not wait for connections of the last run.
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
