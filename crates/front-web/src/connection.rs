//! Connections: who is let in, and how long anybody may take.

use crate::measures::Measures;
use crate::routes::{Client, Shared};
use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use node::{Admitted, Gate, Stream};
use rustls::ServerConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tower_service::Service;

/// Everybody who asks is gone within milliseconds; who is told of changes stays.
const CONNECTIONS_MAX: usize = 4_096;
/// From the connection, or the answer before, to the end of a request's head; what TLS has to agree on first included.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// What was written and is not taken: then nobody is there, or somebody who wants to fill our memory.
const WRITE_PATIENCE_MS: u32 = 20_000;
/// A request is a line and some headers.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
const HEADERS_MAX: usize = 64;
/// After a failed accept: the process may have no file left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who may come in. All listeners of the door share it.
pub(crate) fn gate(per_address: usize, shared: &Shared) -> Gate {
    let Measures { connections, turned_away, .. } = &shared.measures;
    Gate::new(CONNECTIONS_MAX, per_address, connections.clone(), turned_away.clone())
}

/// Accepts until it is dropped.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    gate: Gate,
    router: Router,
) {
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
        tokio::spawn(serve(stream, tls.clone(), place, router.clone()));
    }
}

async fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, place: Admitted, router: Router) {
    // A client that takes nothing stops us writing, and the system ends it.
    let limited = rustix::net::sockopt::set_tcp_user_timeout(&stream, WRITE_PATIENCE_MS);
    if limited.is_err() || stream.set_nodelay(true).is_err() {
        return; // It is gone already.
    }
    let client = Client(place.address());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(client);
        router.clone().call(request.map(Body::new))
    });
    let stream = Stream::of_client(stream, tls);
    let ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = ended {
        tracing::debug!(client = %place.address(), %error, "a connection ended");
    }
}
