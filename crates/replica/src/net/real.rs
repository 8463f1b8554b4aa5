//! Real sockets, by Tokio.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host};

use super::Network;

/// Connections the kernel may hold until we accept them.
const ACCEPT_BACKLOG: u32 = 1024;

/// The network of the machine we run on.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealNetwork;

impl Network for RealNetwork {
    type Stream = TcpStream;
    type Listener = TcpListener;
    type Datagrams = UdpSocket;

    async fn listen(&self, address: &str) -> io::Result<TcpListener> {
        let address = self.resolve(address).await?;
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restarted node must get its port back while old connections still time out.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(ACCEPT_BACKLOG)
    }

    fn local_address(listener: &TcpListener) -> io::Result<SocketAddr> {
        listener.local_addr()
    }

    async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = listener.accept().await?;
        let _ = stream.set_nodelay(true); // Fails when they are gone again: reading will tell.
        Ok((stream, from))
    }

    async fn connect(&self, address: &str) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?; // We gather frames ourselves.
        Ok(stream)
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
