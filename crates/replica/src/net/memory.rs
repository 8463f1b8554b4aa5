//! A network in memory, for tests: connections that can be cut, one direction at a time.
//!
//! A cut holds bytes, ends and datagrams back, as a real cut does: connections heal with it,
//! datagrams are gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc};

use super::Network;

const PIPE_BYTES: usize = 64 << 10;

#[derive(Default)]
struct World {
    listeners: BTreeMap<SocketAddr, mpsc::UnboundedSender<(Stream, SocketAddr)>>,
    datagrams: BTreeMap<SocketAddr, mpsc::UnboundedSender<(Vec<u8>, SocketAddr)>>,
    cuts: BTreeSet<(IpAddr, IpAddr)>,
    held: Vec<Waker>,
}

/// The network as one host sees it.
#[derive(Clone)]
pub(crate) struct MemoryNetwork {
    host: IpAddr,
    world: Arc<Mutex<World>>,
    healed: Arc<Notify>,
}

impl MemoryNetwork {
    pub(crate) fn new() -> MemoryNetwork {
        let host = IpAddr::from([10, 0, 0, 0]);
        MemoryNetwork { host, world: Arc::default(), healed: Arc::default() }
    }

    pub(crate) fn host(&self, number: u8) -> MemoryNetwork {
        MemoryNetwork { host: host(number), ..self.clone() }
    }

    /// Nothing arrives at `to` that leaves `from` from now on.
    pub(crate) fn cut(&self, from: u8, to: u8) {
        self.world.lock().unwrap().cuts.insert((host(from), host(to)));
    }

    pub(crate) fn heal(&self) {
        let mut world = self.world.lock().unwrap();
        world.cuts.clear();
        world.held.drain(..).for_each(Waker::wake);
        self.healed.notify_waiters();
    }

    fn is_cut(&self, from: IpAddr, to: IpAddr) -> bool {
        self.world.lock().unwrap().cuts.contains(&(from, to))
    }
}

fn host(number: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, number])
}

/// Where host `number` listens in tests.
pub(crate) fn address(number: u8) -> String {
    format!("10.0.0.{number}:7100")
}

fn parse(address: &str) -> io::Result<SocketAddr> {
    address.parse().map_err(|_| io::Error::from(io::ErrorKind::NotFound))
}

pub(crate) struct Listener {
    at: SocketAddr,
    world: Arc<Mutex<World>>,
    incoming: AsyncMutex<mpsc::UnboundedReceiver<(Stream, SocketAddr)>>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.world.lock().unwrap().listeners.remove(&self.at);
    }
}

pub(crate) struct Datagrams {
    at: SocketAddr,
    net: MemoryNetwork,
    incoming: AsyncMutex<mpsc::UnboundedReceiver<(Vec<u8>, SocketAddr)>>,
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.net.world.lock().unwrap().datagrams.remove(&self.at);
    }
}

impl Network for MemoryNetwork {
    type Stream = Stream;
    type Listener = Listener;
    type Datagrams = Datagrams;

    async fn listen(&self, address: &str) -> io::Result<Listener> {
        let at = parse(address)?;
        let (sender, incoming) = mpsc::unbounded_channel();
        let replaced = self.world.lock().unwrap().listeners.insert(at, sender);
        assert!(replaced.is_none(), "{at} is taken");
        let incoming = AsyncMutex::new(incoming);
        Ok(Listener { at, world: self.world.clone(), incoming })
    }

    fn local_address(listener: &Listener) -> io::Result<SocketAddr> {
        Ok(listener.at)
    }

    async fn accept(listener: &Listener) -> io::Result<(Stream, SocketAddr)> {
        let accepted = listener.incoming.lock().await.recv().await;
        accepted.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    async fn connect(&self, address: &str) -> io::Result<Stream> {
        let at = parse(address)?;
        loop {
            let healed = self.healed.notified();
            if !self.is_cut(self.host, at.ip()) && !self.is_cut(at.ip(), self.host) {
                break;
            }
            healed.await;
        }
        let (there, back) =
            (Pipe::new(self, self.host, at.ip()), Pipe::new(self, at.ip(), self.host));
        let theirs = Stream { read: there.clone(), write: back.clone() };
        let world = self.world.lock().unwrap();
        let Some(listener) = world.listeners.get(&at) else {
            drop(world); // The streams take the lock when they close.
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let listener = listener.clone();
        drop(world);
        let _ = listener.send((theirs, SocketAddr::new(self.host, 1)));
        Ok(Stream { read: back, write: there })
    }

    async fn bind_datagrams(&self, address: &str) -> io::Result<Datagrams> {
        let at = parse(address)?;
        let (sender, incoming) = mpsc::unbounded_channel();
        self.world.lock().unwrap().datagrams.insert(at, sender);
        Ok(Datagrams { at, net: self.clone(), incoming: AsyncMutex::new(incoming) })
    }

    async fn send_to(socket: &Datagrams, payload: &[u8], to: SocketAddr) -> io::Result<usize> {
        if !socket.net.is_cut(socket.at.ip(), to.ip()) {
            let world = socket.net.world.lock().unwrap();
            if let Some(receiver) = world.datagrams.get(&to) {
                let _ = receiver.send((payload.to_vec(), socket.at));
            }
        }
        Ok(payload.len())
    }

    async fn receive_from(socket: &Datagrams, out: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = socket.incoming.lock().await.recv().await;
        let (payload, from) = received.ok_or(io::ErrorKind::NotConnected)?;
        out[..payload.len()].copy_from_slice(&payload);
        Ok((payload.len(), from))
    }

    async fn resolve(&self, address: &str) -> io::Result<SocketAddr> {
        parse(address)
    }
}

struct Pipe {
    net: MemoryNetwork,
    from: IpAddr,
    to: IpAddr,
    state: Mutex<PipeState>,
}

#[derive(Default)]
struct PipeState {
    bytes: VecDeque<u8>,
    is_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn new(net: &MemoryNetwork, from: IpAddr, to: IpAddr) -> Arc<Pipe> {
        Arc::new(Pipe { net: net.clone(), from, to, state: Mutex::default() })
    }

    fn close(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_closed = true;
        state.reader.take().into_iter().chain(state.writer.take()).for_each(Waker::wake);
    }
}

pub(crate) struct Stream {
    read: Arc<Pipe>,
    write: Arc<Pipe>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.read.close();
        self.write.close();
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let pipe = &self.read;
        {
            let mut world = pipe.net.world.lock().unwrap();
            if world.cuts.contains(&(pipe.from, pipe.to)) {
                world.held.push(context.waker().clone());
                return Poll::Pending;
            }
        }
        let mut state = pipe.state.lock().unwrap();
        if state.bytes.is_empty() && !state.is_closed {
            state.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let length = state.bytes.len().min(out.remaining());
        let (head, tail) = state.bytes.as_slices();
        let from_head = head.len().min(length);
        out.put_slice(&head[..from_head]);
        out.put_slice(&tail[..length - from_head]);
        state.bytes.drain(..length);
        state.writer.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.write.state.lock().unwrap();
        if state.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let length = bytes.len().min(PIPE_BYTES - state.bytes.len());
        if length == 0 {
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        state.bytes.extend(&bytes[..length]);
        state.reader.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write.close();
        Poll::Ready(Ok(()))
    }
}
