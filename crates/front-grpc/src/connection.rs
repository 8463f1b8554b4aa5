//! Connections: who is let in. Each keeps its place until it is gone.

use crate::measures::Measures;
use futures_util::stream::{self, Stream};
use node::{Admitted, Gate};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Programs keep their connection.
const CONNECTIONS_MAX: usize = 4_096;
/// What was written and is not taken: then nobody is there, or somebody who wants to fill our memory.
const WRITE_PATIENCE_MS: u32 = 20_000;
/// After a failed accept: the process may have no file left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who may come in. All listeners of the door share it.
pub(crate) fn gate(per_address: usize, measures: &Measures) -> Gate {
    let Measures { connections, turned_away, .. } = measures;
    Gate::new(CONNECTIONS_MAX, per_address, connections.clone(), turned_away.clone())
}

/// A connection that was let in.
pub(crate) struct Connection {
    stream: TcpStream,
    from: SocketAddr,
    _place: Admitted,
}

/// Those who are let in, one after the other.
pub(crate) fn accepted(
    listener: TcpListener,
    gate: Gate,
) -> impl Stream<Item = io::Result<Connection>> {
    stream::unfold((listener, gate), |(listener, gate)| async {
        let connection = accept(&listener, &gate).await;
        Some((Ok(connection), (listener, gate)))
    })
}

async fn accept(listener: &TcpListener, gate: &Gate) -> Connection {
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
            return Connection { stream, from, _place: place };
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        let local_addr = self.stream.local_addr().ok();
        TcpConnectInfo { local_addr, remote_addr: Some(self.from) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
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

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
