//! The door as a whole: its sockets, and the server that answers on them.

use crate::config::{Config, Listener};
use crate::connection::{accepted, gate};
use crate::directory::Service;
use crate::measures::Measures;
use api::v1::directory_server::DirectoryServer;
use node::lookup::Lookup;
use node::pem::FromClients;
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::transport::Server;

const BACKLOG: i32 = 1_024;
/// What is spoken over TLS.
const PROTOCOL: &str = "h2";
/// Requests of one connection at once.
const STREAMS_MAX: u32 = 256;
/// Every request of ours is some bytes.
const REQUEST_BYTES_MAX: usize = 4 * 1_024;
const HEADER_BYTES_MAX: u32 = 16 * 1_024;
/// A connection over which nothing comes is asked for a sign of life.
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_PATIENCE: Duration = Duration::from_secs(10);

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for gRPC on {address}: {why}")]
pub struct StartError {
    address: SocketAddr,
    why: io::Error,
}

/// An open door. Nobody is answered before it runs.
pub struct Door {
    listeners: Vec<(std::net::TcpListener, Option<Arc<ServerConfig>>)>,
    service: Service,
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
        let service = Service { lookup, policy, measures: Arc::new(Measures::new()) };
        Ok(Door { listeners, service, connections_per_ip })
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
    /// The runtime does not take the sockets, or the server ended by itself.
    pub async fn run(self) -> io::Result<()> {
        let gate = gate(self.connections_per_ip, &self.service.measures);
        let service =
            DirectoryServer::new(self.service).max_decoding_message_size(REQUEST_BYTES_MAX);
        let mut tasks = JoinSet::new();
        for (listener, tls) in self.listeners {
            let listener = TcpListener::from_std(listener)?;
            let server = Server::builder()
                .max_concurrent_streams(STREAMS_MAX)
                .http2_max_header_list_size(HEADER_BYTES_MAX)
                .http2_keepalive_interval(Some(PING_AFTER))
                .http2_keepalive_timeout(Some(PING_PATIENCE))
                .add_service(service.clone());
            tasks.spawn(server.serve_with_incoming(accepted(listener, tls, gate.clone())));
        }
        match tasks.join_next().await {
            Some(Ok(ended)) => ended.map_err(io::Error::other),
            Some(Err(why)) => Err(io::Error::other(why)),
            None => Ok(()),
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
