//! The simulated network: streams as TCP's, datagrams as UDP's, and wires that can be cut, one
//! direction at a time, or be slow and lossy.
//!
//! Promise: what happens on it follows from its seed and from who was run when.

mod connection;
mod sockets;
#[cfg(test)]
mod tests;
mod weather;
mod world;

use crate::hosts;
use replica::net::Network;
use sockets::{Datagrams, Listener, Stream};
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
pub(crate) use weather::Weather;
use world::{Queue, World};

/// The whole network, for whoever breaks it.
#[derive(Clone)]
pub(crate) struct Net(Arc<Mutex<World>>);

/// The network as one host has it.
#[derive(Clone)]
pub(crate) struct SimNetwork {
    net: Net,
    host: usize,
}

fn address_of(host: usize, port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(10, 0, 0, host as u8 + 1), port))
}

/// `n3:7100`
fn parse(address: &str) -> io::Result<SocketAddr> {
    let parsed = address.split_once(':').and_then(|(host, port)| {
        let number: usize = host.strip_prefix('n')?.parse().ok()?;
        Some(address_of(number.checked_sub(1)?, port.parse().ok()?))
    });
    parsed.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{address}: no address")))
}

impl Net {
    pub(crate) fn new(seed: u64) -> Net {
        Net(Arc::new(Mutex::new(World::new(seed))))
    }

    pub(crate) fn host(&self, host: usize) -> SimNetwork {
        SimNetwork { net: self.clone(), host }
    }

    /// Whom it woke may come back here, so they are woken last.
    fn with<T>(&self, what: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let it = what(&mut world);
        let woken = std::mem::take(&mut world.woken);
        drop(world);
        woken.into_iter().for_each(std::task::Waker::wake);
        it
    }

    /// Everything that arrives up to now does.
    pub(crate) fn advance(&self, now_ms: u64) {
        self.with(|it| it.advance(now_ms));
    }

    /// Nothing that leaves `from` arrives at `to` any more.
    pub(crate) fn cut(&self, from: usize, to: usize) {
        self.with(|it| it.cut((from, to)));
    }

    pub(crate) fn heal(&self, from: usize, to: usize) {
        self.with(|it| it.heal((from, to)));
    }

    pub(crate) fn set_weather(&self, from: usize, to: usize, weather: Weather) {
        self.with(|it| it.set_weather((from, to), weather));
    }

    /// Everywhere as it was at first; cuts stay.
    pub(crate) fn calm(&self) {
        self.with(World::calm);
    }

    /// Breaks a connection; tells between whom, if there was one.
    pub(crate) fn reset_one(&self) -> Option<(usize, usize)> {
        self.with(World::reset_one)
    }

    /// The host's process is killed: its machine hangs up on everybody.
    pub(crate) fn kill(&self, host: usize) {
        self.with(|it| it.die(host, true));
    }

    /// The host's machine falls silent.
    pub(crate) fn darken(&self, host: usize) {
        self.with(|it| it.die(host, false));
    }

    /// The host's machine is there again: it answers that it knows nothing.
    pub(crate) fn light(&self, host: usize) {
        self.with(|it| it.light(host));
    }
}

impl SimNetwork {
    /// Whoever uses a host's network runs on it.
    fn check(&self) {
        debug_assert!(hosts::current().is_none_or(|it| it == self.host));
    }
}

impl Network for SimNetwork {
    type Stream = Stream;
    type Listener = Listener;
    type Datagrams = Datagrams;

    async fn listen(&self, address: &str) -> io::Result<Listener> {
        self.check();
        let at = parse(address)?;
        self.net.with(|it| match it.listeners.contains_key(&at) {
            true => Err(io::ErrorKind::AddrInUse.into()),
            false => {
                it.listeners.insert(at, Queue::new());
                Ok(Listener { net: self.net.clone(), at })
            }
        })
    }

    fn local_address(listener: &Listener) -> io::Result<SocketAddr> {
        Ok(listener.at)
    }

    async fn accept(listener: &Listener) -> io::Result<(Stream, SocketAddr)> {
        let stream = poll_fn(|context| listener.poll_accept(context)).await?;
        let from = stream.peer();
        Ok((stream, from))
    }

    async fn connect(&self, address: &str) -> io::Result<Stream> {
        self.check();
        let to = parse(address)?;
        let id = self.net.with(|it| it.connect(self.host, to));
        let stream = Stream { net: self.net.clone(), id, side: 0 };
        poll_fn(|context| stream.poll_connected(context)).await?;
        Ok(stream)
    }

    async fn bind_datagrams(&self, address: &str) -> io::Result<Datagrams> {
        self.check();
        let at = parse(address)?;
        self.net.with(|it| it.sockets.insert(at, Queue::new()));
        Ok(Datagrams { net: self.net.clone(), at })
    }

    async fn send_to(datagrams: &Datagrams, payload: &[u8], to: SocketAddr) -> io::Result<usize> {
        datagrams.net.with(|it| it.send(datagrams.at, to, payload));
        Ok(payload.len())
    }

    async fn receive_from(
        datagrams: &Datagrams,
        buffer: &mut [u8],
    ) -> io::Result<(usize, SocketAddr)> {
        let (payload, from) = poll_fn(|context| datagrams.poll_receive(context)).await?;
        let length = payload.len().min(buffer.len()); // What does not fit is cut off, as UDP does.
        buffer[..length].copy_from_slice(&payload[..length]);
        Ok((length, from))
    }

    async fn resolve(&self, address: &str) -> io::Result<SocketAddr> {
        parse(address)
    }
}
