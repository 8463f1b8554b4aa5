//! Machines and the wires between them: peer links, liveness, and questions from outside.
//!
//! Everything here runs on one current-thread Tokio runtime inside a `LocalSet`, over real sockets
//! or over a simulated network, whichever [`Network`] it is given. It reads no wall clock; time is
//! `tokio::time`, chance comes from a seed.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

mod accept;
mod ask;
mod breaker;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod handshake;
mod link;
mod liveness;
#[cfg(test)]
pub(crate) mod memory;
mod peers;
mod pulse;
mod real;
#[cfg(test)]
mod tests;
mod tls;
mod turned_away;

pub use ask::{Responder, ask};
pub use breaker::BreakerState;
pub use liveness::{Liveness, LivenessError, LivenessMe, Words};
pub use peers::{Limits, Me, PeerEvent, Peers};
pub use real::RealNetwork;
pub use tls::{Stream, Tls};

/// The network a node is given: real sockets, or simulated ones.
pub trait Network: Clone + Send + Sync + 'static {
    /// A connection, in both directions.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Where connections come in.
    type Listener: Send + 'static;
    /// A socket that loses, repeats and reorders what it carries.
    type Datagrams: Send + Sync + 'static;

    /// Listens on `host:port`.
    fn listen(&self, address: &str) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// The address a listener is bound to; tells the port when `listen` was asked for port 0.
    fn local_address(listener: &Self::Listener) -> io::Result<SocketAddr>;

    /// Waits for the next connection. Dropping the future loses none.
    fn accept(
        listener: &Self::Listener,
    ) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>>;

    /// Connects to `host:port`. May take for ever: the caller holds the watch.
    fn connect(&self, address: &str) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Binds a datagram socket to `host:port`.
    fn bind_datagrams(
        &self,
        address: &str,
    ) -> impl Future<Output = io::Result<Self::Datagrams>> + Send;

    /// Sends one datagram; success says nothing about its arrival.
    fn send_to(
        datagrams: &Self::Datagrams,
        payload: &[u8],
        to: SocketAddr,
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// Receives one datagram. Dropping the future loses none.
    fn receive_from(
        datagrams: &Self::Datagrams,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send;

    /// Looks a `host:port` up.
    fn resolve(&self, address: &str) -> impl Future<Output = io::Result<SocketAddr>> + Send;
}
