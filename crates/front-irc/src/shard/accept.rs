//! New connections: the first shard accepts and hands them out, some at a time to each in turn.
//!
//! One listening socket, not one for each shard with `SO_REUSEPORT`: an address that another process
//! listens on is then an error at the start, and many connections spread evenly. Few share a shard:
//! what is said to them all wakes one thread then, not every one.

use super::{Control, LISTENER, Shard, ShardLink};
use crate::conn::Conn;
use crate::stream::Stream;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use node::ConnId;
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;

/// The listeners of the first shard; the others have none.
#[derive(Default)]
pub(crate) struct Listening {
    sockets: Vec<TcpListener>,
    shards: Vec<ShardLink>,
    /// How many were handed out.
    handed_out: usize,
    retry_ms: Option<u64>,
}

/// A connection that was accepted and counted.
pub(crate) struct Socket {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) address: IpAddr,
    pub(crate) listener: u16,
}

/// Connections that a shard gets before the next one does.
const AT_A_TIME: usize = 8;
/// When the process has no more descriptors: how long until the next try.
const RETRY_MS: u64 = 100;

impl Listening {
    pub(crate) fn new(
        mut sockets: Vec<TcpListener>,
        shards: Vec<ShardLink>,
        registry: &Registry,
    ) -> io::Result<Listening> {
        for (number, socket) in sockets.iter_mut().enumerate() {
            registry.register(socket, Token(LISTENER - number), Interest::READABLE)?;
        }
        Ok(Listening { sockets, shards, handed_out: 0, retry_ms: None })
    }

    pub(crate) fn count(&self) -> usize {
        self.sockets.len()
    }

    /// The shard that takes the next connection.
    fn next(&mut self) -> usize {
        let shard = self.handed_out / AT_A_TIME % self.shards.len();
        self.handed_out = self.handed_out.wrapping_add(1);
        shard
    }

    pub(super) fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Takes nobody any more.
    pub(super) fn close(&mut self) {
        self.sockets.clear();
        self.retry_ms = None;
    }
}

impl Shard {
    /// Accepts everybody who waits at one listener.
    pub(super) fn accept(&mut self, listener: usize) {
        loop {
            let Some(socket) = self.listening.sockets.get(listener) else {
                return;
            };
            match socket.accept() {
                Ok((stream, address)) => {
                    self.welcome(stream, address.ip().to_canonical(), listener)
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection; trying again soon");
                    self.listening.retry_ms = Some(self.now_ms + RETRY_MS);
                    return;
                }
            }
        }
    }

    /// Accepts again after descriptors ran out.
    pub(super) fn retry_accept(&mut self) {
        if self.listening.retry_ms.is_some_and(|it| it <= self.now_ms) {
            self.listening.retry_ms = None;
            for listener in 0..self.listening.count() {
                self.accept(listener);
            }
        }
    }

    fn welcome(&mut self, stream: TcpStream, address: IpAddr, listener: usize) {
        if !self.context.per_address.enter(address) {
            self.measures.turned_away.increment(1);
            if self.context.config.listeners[listener].tls.is_none() {
                let text = "ERROR :Closing Link: (Too many connections from your address)\r\n";
                let _ = (&stream).write(text.as_bytes());
            }
            return;
        }
        let _ = stream.set_nodelay(true);
        let socket = Socket { stream: stream.into(), address, listener: listener as u16 };
        match self.listening.next() {
            0 => self.admit(socket),
            next => self.listening.shards[next].tell(Control::Socket(socket)),
        }
    }

    /// Takes a connection into this shard.
    pub(super) fn admit(&mut self, socket: Socket) {
        let listener = &self.context.config.listeners[usize::from(socket.listener)];
        let is_websocket = listener.transport == crate::Transport::WebSocket;
        let tls = match &self.context.tls[usize::from(socket.listener)] {
            Some(config) => match rustls::ServerConnection::new(config.clone()) {
                Ok(tls) => Some(tls),
                Err(error) => {
                    tracing::error!(%error, "cannot begin TLS");
                    self.context.per_address.leave(socket.address);
                    return;
                }
            },
            None => None,
        };
        let mut stream = TcpStream::from_std(socket.stream);
        let entry = self.conns.vacant_entry();
        let slot = entry.key();
        // Both at once and never changed: an edge is reported once, so wanting to write costs nothing.
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut stream, Token(slot), interest) {
            tracing::warn!(%error, "cannot watch a connection");
            self.context.per_address.leave(socket.address);
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        let id = ConnId { shard: self.number, slot: slot as u32, generation: self.generation };
        let stream = Stream::new(stream, tls, is_websocket);
        entry.insert(Conn::new(id, stream, socket.address, socket.listener, self.now_ms));
        self.outs.open(slot as u32);
        self.enqueue(slot as u32);
        if let Some(reason) = self.turns_away() {
            self.close(slot as u32, &reason);
        }
    }
}
