//! What a process holds of the network: listeners, datagram sockets and streams.

use super::Net;
use super::connection::{Segment, Side};
use super::world::Queue;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where connections come in.
pub(crate) struct Listener {
    pub(super) net: Net,
    pub(super) at: SocketAddr,
}

/// A socket for datagrams.
pub(crate) struct Datagrams {
    pub(super) net: Net,
    pub(super) at: SocketAddr,
}

/// One end of a connection.
pub(crate) struct Stream {
    pub(super) net: Net,
    pub(super) id: u64,
    pub(super) side: Side,
}

fn poll_queue<T>(queue: Option<&mut Queue<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
    let Some(queue) = queue else {
        return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
    };
    match queue.waiting.pop_front() {
        Some(it) => Poll::Ready(Ok(it)),
        None => {
            queue.reader = Some(context.waker().clone());
            Poll::Pending
        }
    }
}

impl Listener {
    pub(super) fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let accepted = self.net.with(|it| poll_queue(it.listeners.get_mut(&self.at), context));
        accepted.map_ok(|id| Stream { net: self.net.clone(), id, side: 1 })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.net.with(|it| {
            let waiting = it.listeners.remove(&self.at).map(|it| it.waiting);
            for id in waiting.into_iter().flatten() {
                it.close(id, 1);
            }
        });
    }
}

impl Datagrams {
    pub(super) fn poll_receive(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(Vec<u8>, SocketAddr)>> {
        self.net.with(|it| poll_queue(it.sockets.get_mut(&self.at), context))
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.net.with(|it| it.sockets.remove(&self.at));
    }
}

impl Stream {
    /// Ready once the other machine has answered.
    pub(super) fn poll_connected(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.net.with(|it| {
            let connection = it.connections.get_mut(&self.id);
            let connection = connection.expect("it is there as long as its stream");
            if connection.is_reset[0] {
                return Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()));
            }
            if connection.is_established {
                return Poll::Ready(Ok(()));
            }
            connection.connecting = Some(context.waker().clone());
            Poll::Pending
        })
    }

    pub(super) fn peer(&self) -> SocketAddr {
        let there = |it: &super::World| it.connections.get(&self.id).map(|it| it.hosts[0]);
        super::address_of(self.net.with(|it| there(it)).unwrap_or_default(), 1)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.net.with(|it| it.close(self.id, self.side));
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.net.with(|it| {
            let Some(connection) = it.connections.get_mut(&self.id) else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            };
            let from = 1 - self.side;
            let is_reset = connection.is_reset[self.side];
            let pipe = &mut connection.pipes[from];
            let length = pipe.arrived.len().min(out.remaining());
            if length > 0 {
                let (head, tail) = pipe.arrived.as_slices();
                let from_head = head.len().min(length);
                out.put_slice(&head[..from_head]);
                out.put_slice(&tail[..length - from_head]);
                pipe.arrived.drain(..length);
                it.acknowledge(self.id, from, length);
                return Poll::Ready(Ok(()));
            }
            if is_reset {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            if pipe.has_ended {
                return Poll::Ready(Ok(()));
            }
            pipe.reader = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.net.with(|it| {
            let connection = it.connections.get_mut(&self.id);
            let Some(connection) = connection.filter(|it| !it.is_reset[self.side]) else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            };
            let pipe = &mut connection.pipes[self.side];
            if pipe.is_shut {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let length = bytes.len().min(pipe.room());
            if length == 0 && !bytes.is_empty() {
                pipe.writer = Some(context.waker().clone());
                return Poll::Pending;
            }
            pipe.unacknowledged += length;
            it.transmit(self.id, self.side, Segment::Bytes(bytes[..length].to_vec()));
            Poll::Ready(Ok(length))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.net.with(|it| {
            let connection = it.connections.get_mut(&self.id);
            let Some(connection) = connection.filter(|it| !it.is_reset[self.side]) else {
                return;
            };
            if !std::mem::replace(&mut connection.pipes[self.side].is_shut, true) {
                it.transmit(self.id, self.side, Segment::End);
            }
        });
        Poll::Ready(Ok(()))
    }
}
