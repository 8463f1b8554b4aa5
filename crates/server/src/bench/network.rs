//! Which server a client connects to, and from where.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Protocol, Socket, Type};

/// Where clients connect to and from.
pub(super) struct Network {
    pub(super) servers: Vec<SocketAddr>,
    /// Different source addresses to use towards a loopback server; 0 leaves it to the kernel.
    pub(super) sources: u32,
}

impl Network {
    pub(super) fn server_of(&self, id: usize) -> usize {
        id % self.servers.len()
    }

    /// A connection of client `id` that is under way.
    pub(super) fn connect(&self, id: usize) -> io::Result<TcpStream> {
        let server = self.servers[self.server_of(id)];
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = self.source_of(id) {
            socket.bind(&source.into())?;
        }
        match socket.connect(&server.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => Ok(socket.into()),
        }
    }

    /// From 127.1.0.1 upwards, so that neither ports nor limits per address run out.
    fn source_of(&self, id: usize) -> Option<SocketAddr> {
        let server = self.servers[self.server_of(id)];
        if self.sources == 0 || !server.is_ipv4() || !server.ip().is_loopback() {
            return None;
        }
        let number = id as u32 % self.sources;
        let (high, low) = (1 + number / 62_500 % 250, number / 250 % 250);
        let address = Ipv4Addr::new(127, high as u8, low as u8, 1 + (number % 250) as u8);
        Some(SocketAddr::from((address, 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(server: &str, sources: u32) -> Network {
        Network { servers: vec![server.parse().expect("an address")], sources }
    }

    #[test]
    fn clients_of_a_loopback_server_come_from_many_addresses() {
        let network = network("127.0.0.1:6667", 70_000);
        for (id, want) in [
            (0, "127.1.0.1"),
            (249, "127.1.0.250"),
            (250, "127.1.1.1"),
            (62_500, "127.2.0.1"),
            (70_000, "127.1.0.1"),
        ] {
            let source = network.source_of(id).expect("it is loopback");
            assert_eq!(source.ip().to_string(), want);
        }
    }

    #[test]
    fn clients_of_other_servers_come_from_where_the_kernel_says() {
        for (server, sources) in [("10.0.0.1:6667", 10), ("127.0.0.1:6667", 0), ("[::1]:6667", 10)]
        {
            assert_eq!(network(server, sources).source_of(0), None);
        }
    }
}
