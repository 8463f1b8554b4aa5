//! The nodes' network, simulated by turmoil: messages are late, reordered and lost as its seed says.

use replica::net::Network;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

/// The network of the host that runs at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SimNetwork;

/// Turmoil's hosts have one address each and bind to all of it.
fn port_of(address: &str) -> io::Result<u16> {
    let port = address.rsplit_once(':').and_then(|it| it.1.parse().ok());
    port.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{address}: no port")))
}

impl Network for SimNetwork {
    type Stream = TcpStream;
    type Listener = TcpListener;
    type Datagrams = UdpSocket;

    async fn listen(&self, address: &str) -> io::Result<TcpListener> {
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port_of(address)?)).await
    }

    fn local_address(listener: &TcpListener) -> io::Result<SocketAddr> {
        listener.local_addr()
    }

    async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        listener.accept().await
    }

    async fn connect(&self, address: &str) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }

    async fn bind_datagrams(&self, address: &str) -> io::Result<UdpSocket> {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port_of(address)?)).await
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
        let port = port_of(address)?;
        let host = address.rsplit_once(':').map_or(address, |it| it.0);
        Ok(SocketAddr::new(turmoil::lookup(host), port))
    }
}
