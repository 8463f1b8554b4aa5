//! Connections: who is let in. Each keeps its place until it is gone.

use crate::measures::Measures;
use futures_util::stream::{self, Stream};
use node::{Admitted, Gate};
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::time::{Sleep, sleep};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Programs keep their connection.
const CONNECTIONS_MAX: usize = 4_096;
/// What was written and is not taken: then nobody is there, or somebody who wants to fill our memory.
const WRITE_PATIENCE_MS: u32 = 20_000;
/// From the connection to the first byte of a request; what TLS has to agree on included.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);
/// After a failed accept: the process may have no file left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who may come in. All listeners of the door share it.
pub(crate) fn gate(per_address: usize, measures: &Measures) -> Gate {
    let Measures { connections, turned_away, .. } = measures;
    Gate::new(CONNECTIONS_MAX, per_address, connections.clone(), turned_away.clone())
}

/// A connection that was let in.
pub(crate) struct Connection {
    stream: node::Stream,
    local: Option<SocketAddr>,
    from: SocketAddr,
    /// Until the first byte came.
    patience: Option<Pin<Box<Sleep>>>,
    _place: Admitted,
}

/// Those who are let in, one after the other.
pub(crate) fn accepted(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    gate: Gate,
) -> impl Stream<Item = io::Result<Connection>> {
    stream::unfold((listener, tls, gate), |(listener, tls, gate)| async {
        let connection = accept(&listener, tls.as_ref(), &gate).await;
        Some((Ok(connection), (listener, tls, gate)))
    })
}

async fn accept(
    listener: &TcpListener,
    tls: Option<&Arc<ServerConfig>>,
    gate: &Gate,
) -> Connection {
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = gate.enter(from.ip()) else {
            continue; // Closed by being dropped.
        };
        // A client that takes nothing stops us writing, and the system ends it.
        let limited = rustix::net::sockopt::set_tcp_user_timeout(&stream, WRITE_PATIENCE_MS);
        if limited.is_ok() && stream.set_nodelay(true).is_ok() {
            let local = stream.local_addr().ok();
            let patience = Some(Box::pin(sleep(FIRST_PATIENCE)));
            let stream = node::Stream::of_client(stream, tls.cloned());
            return Connection { stream, local, from, patience, _place: place };
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        TcpConnectInfo { local_addr: self.local, remote_addr: Some(self.from) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.patience = None;
        }
        match (&read, &mut self.patience) {
            (Poll::Pending, Some(patience)) => {
                ready!(patience.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            _ => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
