//! The door as a whole: its sockets, and the tasks that answer on them.

use crate::config::Config;
use crate::connection::{accept, gate};
use crate::measures::Measures;
use crate::routes::{Shared, router};
use node::lookup::Lookup;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const BACKLOG: i32 = 1_024;

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for the web on {address}: {why}")]
pub struct StartError {
    address: SocketAddr,
    why: io::Error,
}

/// An open door. Nobody is answered before it runs.
pub struct Door {
    listeners: Vec<std::net::TcpListener>,
    shared: Arc<Shared>,
    connections_per_ip: usize,
}

impl Door {
    /// Binds every listener.
    ///
    /// # Errors
    /// The first address that cannot be had.
    pub fn open(config: Config, lookup: Lookup) -> Result<Door, StartError> {
        let Config { listeners, policy, connections_per_ip } = config;
        let bind = |address| listen(address).map_err(|why| StartError { address, why });
        let listeners = listeners.into_iter().map(bind).collect::<Result<_, _>>()?;
        let shared = Arc::new(Shared { lookup, policy, measures: Measures::new() });
        Ok(Door { listeners, shared, connections_per_ip })
    }

    /// Where it listens, in the order of the configuration.
    ///
    /// # Errors
    /// The system does not say.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(std::net::TcpListener::local_addr).collect()
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// The runtime does not take the sockets.
    pub async fn run(self) -> io::Result<()> {
        let router = router(self.shared.clone());
        let gate = gate(self.connections_per_ip, &self.shared);
        let mut tasks = JoinSet::new();
        for listener in self.listeners {
            let listener = TcpListener::from_std(listener)?;
            tasks.spawn(accept(listener, gate.clone(), router.clone()));
        }
        // They never end by themselves: if one did, it panicked.
        match tasks.join_next().await {
            Some(Err(why)) => Err(io::Error::other(why)),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // A restart need not wait for connections of the last run.
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
