//! Real sockets, by Tokio.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host};

use super::tls::Stream;
use super::{Network, Tls};

/// Connections the kernel may hold until we accept them.
const ACCEPT_BACKLOG: u32 = 1024;

/// The network of the machine we run on.
#[derive(Clone, Debug, Default)]
pub struct RealNetwork {
    /// Without it, connections are neither encrypted nor authenticated. Datagrams never are.
    pub tls: Option<Tls>,
}

/// Where connections come in, and how they are secured.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<Tls>,
}

impl Network for RealNetwork {
    type Stream = Stream;
    type Listener = Listener;
    type Datagrams = UdpSocket;

    async fn listen(&self, address: &str) -> io::Result<Listener> {
        let address = self.resolve(address).await?;
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restarted node must get its port back while old connections still time out.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Listener { socket: socket.listen(ACCEPT_BACKLOG)?, tls: self.tls.clone() })
    }

    fn local_address(listener: &Listener) -> io::Result<SocketAddr> {
        listener.socket.local_addr()
    }

    async fn accept(listener: &Listener) -> io::Result<(Stream, SocketAddr)> {
        let (stream, from) = listener.socket.accept().await?;
        let _ = stream.set_nodelay(true); // Fails when they are gone again: reading will tell.
        let stream = match &listener.tls {
            Some(tls) => tls.accept(stream),
            None => Stream::plain(stream),
        };
        Ok((stream, from))
    }

    async fn connect(&self, address: &str) -> io::Result<Stream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?; // We gather frames ourselves.
        match &self.tls {
            Some(tls) => tls.connect(address, stream).await,
            None => Ok(Stream::plain(stream)),
        }
    }

    async fn bind_datagrams(&self, address: &str) -> io::Result<UdpSocket> {
        UdpSocket::bind(address).await
    }

    async fn send_to(datagrams: &UdpSocket, payload: &[u8], to: SocketAddr) -> io::Result<usize> {
        datagrams.send_to(payload, to).await
    }

    async fn receive_from(
        datagrams: &UdpSocket,
        buffer: &mut [u8],
    ) -> io::Result<(usize, SocketAddr)> {
        datagrams.recv_from(buffer).await
    }

    async fn resolve(&self, address: &str) -> io::Result<SocketAddr> {
        let mut found = lookup_host(address).await?;
        found.next().ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("{address}: no address"))
        })
    }
}
