//! The two kinds of connection to a peer: the one we dial and write, the one it dials and we read.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem;
use std::rc::Rc;

use bytes::BytesMut;
use fail::fail_point;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::breaker::Breaker;
use super::frame::{self, Received};
use super::handshake::{self, Hello};
use super::peers::{Peer, PeerEvent, Session, Shared};
use super::{Network, handshake::HandshakeError};

/// What a reader asks the socket for at a time.
const READ_BYTES: usize = 64 << 10;
/// What a reader holds while the node takes no frames; beyond it the socket fills.
const READ_AHEAD_BYTES: usize = 256 << 10;
/// What a write buffer keeps after a burst.
const IDLE_BUFFER_BYTES: usize = 256 << 10;

/// Our connection to a peer: a buffer, and a task that empties it.
pub(super) struct Outgoing {
    buffer: RefCell<Vec<u8>>,
    in_flight: Cell<usize>,
    filled: Notify,
    pub(super) since: Instant,
}

/// A peer's connection to us.
pub(super) struct Incoming {
    pub(super) last_received: Cell<Instant>,
    /// We are not reading: the peer's silence is our own doing.
    pub(super) is_held: Cell<bool>,
}

impl Outgoing {
    fn new() -> Outgoing {
        Outgoing {
            buffer: RefCell::default(),
            in_flight: Cell::new(0),
            filled: Notify::new(),
            since: Instant::now(),
        }
    }

    /// Bytes that wait for the socket.
    pub(super) fn waiting(&self) -> usize {
        self.buffer.borrow().len() + self.in_flight.get()
    }

    /// Appends by `fill`, and wakes the writer only if it may be asleep.
    pub(super) fn append<T>(&self, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let mut buffer = self.buffer.borrow_mut();
        let was_empty = buffer.is_empty();
        let result = fill(&mut buffer);
        if was_empty && !buffer.is_empty() {
            self.filled.notify_one();
        }
        result
    }

    async fn write_all_to<W: AsyncWrite + Unpin>(&self, mut socket: W) -> io::Result<()> {
        let mut spare = Vec::new();
        loop {
            while self.buffer.borrow().is_empty() {
                self.filled.notified().await;
            }
            yield_now().await; // More frames gather meanwhile: fewer, larger writes.
            mem::swap(&mut *self.buffer.borrow_mut(), &mut spare);
            self.in_flight.set(spare.len());
            fail_point!("link.before-write");
            socket.write_all(&spare).await?;
            socket.flush().await?;
            fail_point!("link.after-write");
            self.in_flight.set(0);
            spare.clear();
            spare.shrink_to(IDLE_BUFFER_BYTES);
        }
    }
}

/// Keeps a connection to the peer: dials, carries frames until it breaks, waits, dials again.
pub(super) async fn dial<N: Network>(net: N, shared: Rc<Shared>, peer: Rc<Peer>) {
    let limits = shared.me.limits;
    let mut breaker = Breaker::new(limits.patience());
    let mut told = String::new();
    loop {
        if shared.cluster.get() == 0 {
            peer.dial_now.notified().await;
            continue;
        }
        shared.attempt(&peer, &mut breaker, Breaker::begin);
        match timeout(limits.dial, reach(&net, &shared, &peer)).await {
            Ok(Ok((stream, cluster))) => {
                shared.attempt(&peer, &mut breaker, Breaker::succeed);
                told.clear();
                if cluster == shared.cluster.get() {
                    carry(stream, &shared, &peer).await;
                }
            }
            Ok(Err(error)) => {
                shared.attempt(&peer, &mut breaker, Breaker::fail);
                if let Some(why) = error.refusal().filter(|it| *it != told) {
                    tracing::warn!(peer = peer.id, address = %peer.address, %why, "peer refuses us, or we it");
                    told = why; // Once is enough.
                }
            }
            Err(_) => shared.attempt(&peer, &mut breaker, Breaker::fail),
        }
        tokio::select! {
            () = sleep(shared.pause(&mut breaker)) => {}
            () = peer.dial_now.notified() => {}
        }
    }
}

async fn reach<N: Network>(
    net: &N,
    shared: &Shared,
    peer: &Peer,
) -> Result<(N::Stream, u64), HandshakeError> {
    let cluster = shared.cluster.get();
    let mut stream = net.connect(&peer.address).await?;
    let hello = Hello::new(cluster, shared.me.id, peer.id, &shared.me.name);
    fail_point!("link.before-hello");
    handshake::call(&mut stream, &hello).await?;
    Ok((stream, cluster))
}

async fn carry<S: AsyncRead + AsyncWrite>(stream: S, shared: &Shared, peer: &Rc<Peer>) {
    let link = Rc::new(Outgoing::new());
    let (open, closed) = oneshot::channel();
    *peer.outgoing.borrow_mut() = Some(Session { link: link.clone(), _open: open });
    shared.settle(peer);

    let (mut from_peer, to_peer) = tokio::io::split(stream);
    let mut nothing = [0];
    tokio::select! {
        biased;
        _ = closed => {}
        // The peer never writes here: whatever the read says, the connection is over.
        _ = from_peer.read(&mut nothing) => {}
        _ = link.write_all_to(to_peer) => {}
    }
    shared.lost_outgoing(peer, &link);
}

/// Reads a peer's connection, already shaken hands on, until it breaks.
pub(super) async fn receive<S: AsyncRead + Unpin>(stream: S, shared: &Shared, peer: &Rc<Peer>) {
    if peer.incoming.borrow().is_some() && peer.is_up.get() {
        shared.hang_up(peer); // The peer knows the old session is over; now we do.
    }
    let link =
        Rc::new(Incoming { last_received: Cell::new(Instant::now()), is_held: Cell::new(false) });
    let (open, closed) = oneshot::channel();
    *peer.incoming.borrow_mut() = Some(Session { link: link.clone(), _open: open });
    if peer.outgoing.borrow().is_none() {
        peer.dial_now.notify_one(); // It is there: no need to sit out the wait.
    }
    shared.settle(peer);

    tokio::select! {
        biased;
        _ = closed => {}
        ended = read_frames(stream, shared, peer, &link) => {
            if let Err(error) = ended {
                tracing::debug!(peer = peer.id, %error, "link broke");
            }
        }
    }
    shared.lost_incoming(peer, &link);
}

async fn read_frames<S: AsyncRead + Unpin>(
    mut socket: S,
    shared: &Shared,
    peer: &Peer,
    link: &Incoming,
) -> io::Result<()> {
    let frame_bytes_max = shared.me.limits.frame_bytes;
    let mut buffer = BytesMut::new();
    loop {
        let may_deliver = || peer.is_up.get() && !shared.paused.get();
        while may_deliver() {
            match frame::take(&mut buffer, frame_bytes_max) {
                Ok(Some(received)) => on_received(shared, peer, received),
                Ok(None) => break,
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        if !may_deliver() && buffer.len() >= READ_AHEAD_BYTES {
            link.is_held.set(true);
            peer.gate.notified().await;
            link.is_held.set(false);
            link.last_received.set(Instant::now());
            continue;
        }
        buffer.reserve(frame::missing(&buffer, frame_bytes_max).max(READ_BYTES));
        tokio::select! {
            read = socket.read_buf(&mut buffer) => {
                if read? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                link.last_received.set(Instant::now());
            }
            () = peer.gate.notified() => {}
        }
    }
}

fn on_received(shared: &Shared, peer: &Peer, received: Received) {
    match received {
        Received::Frame(bytes) => shared.tell(PeerEvent::Frame(peer.id, bytes)),
        Received::Heartbeat => {}
        Received::Ping(counter) => {
            if let Some(outgoing) = peer.outgoing.borrow().as_ref() {
                outgoing.link.append(|buffer| frame::append_pong(buffer, counter));
            }
        }
        Received::Pong(counter) => peer.on_pong(counter),
    }
}
