//! The door as a whole: its sockets, and the tasks that answer on them.

use crate::config::{Config, Listener};
use crate::measures::Measures;
use crate::rate::Rate;
use crate::respond::Responder;
use crate::{tcp, udp};
use node::lookup::Lookup;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// Queries that may wait in the kernel: what comes in 50 ms at 100,000 a second.
const RECEIVE_BYTES: usize = 1 << 20;
const BACKLOG: i32 = 256;

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for DNS on {address}: {why}")]
pub struct StartError {
    address: SocketAddr,
    why: String,
}

/// An open door. Nobody is answered before it runs.
pub struct Door {
    sockets: Vec<(std::net::UdpSocket, std::net::TcpListener, Responder)>,
    answers_per_prefix: u32,
}

impl Door {
    /// Binds every listener.
    ///
    /// # Errors
    /// The first address that cannot be had, by UDP or by TCP.
    pub fn open(config: Config, lookup: &Lookup) -> Result<Door, StartError> {
        let Config { listeners, policy, answers_per_prefix } = config;
        let bound = listeners.into_iter().map(|Listener { address, zone }| {
            let listened =
                listen(address).map_err(|why| StartError { address, why: why.to_string() });
            let (udp, tcp) = listened?;
            Ok((udp, tcp, Responder::new(zone, lookup.clone(), policy)))
        });
        Ok(Door { sockets: bound.collect::<Result<_, _>>()?, answers_per_prefix })
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// The runtime does not take the sockets.
    pub async fn run(self) -> io::Result<()> {
        let mut tasks = JoinSet::new();
        let measures = Measures::new();
        for (datagrams, listener, responder) in self.sockets {
            let datagrams = UdpSocket::from_std(datagrams)?;
            let listener = TcpListener::from_std(listener)?;
            let rate = Rate::new(self.answers_per_prefix);
            tasks.spawn(udp::run(datagrams, responder.clone(), rate, measures.clone()));
            tasks.spawn(tcp::run(listener, responder, measures.clone()));
        }
        // They never end by themselves: if one did, it panicked.
        match tasks.join_next().await {
            Some(Err(why)) => Err(io::Error::other(why)),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<(std::net::UdpSocket, std::net::TcpListener)> {
    let domain = Domain::for_address(address);
    let datagrams = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    datagrams.set_recv_buffer_size(RECEIVE_BYTES)?;
    datagrams.bind(&address.into())?;
    datagrams.set_nonblocking(true)?;
    let listener = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    listener.set_reuse_address(true)?; // A restart need not wait for connections of the last run.
    listener.bind(&address.into())?;
    listener.listen(BACKLOG)?;
    listener.set_nonblocking(true)?;
    Ok((datagrams.into(), listener.into()))
}
