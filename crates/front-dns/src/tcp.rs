//! Connections: a length of two bytes, a message, and the next (RFC 7766).

use crate::measures::Measures;
use crate::respond::{Responder, Via};
use node::Gate;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// Hardly anybody comes by TCP, and nobody stays.
const CONNECTIONS_MAX: usize = 256;
/// Few enough that nobody takes all places alone.
const PER_ADDRESS_MAX: usize = 16;
/// A whole query, and the taking of its answer, within this time each.
const PATIENCE: Duration = Duration::from_secs(5);
/// As by UDP. A longer one is no query, and ends the connection.
const PACKET_BYTES_MAX: usize = 1_500;
/// After a failed accept: the process may have no file left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until it is dropped.
pub(crate) async fn run(listener: TcpListener, responder: Responder, measures: Measures) {
    let Measures { connections, turned_away, .. } = measures.clone();
    let gate = Gate::new(CONNECTIONS_MAX, PER_ADDRESS_MAX, connections, turned_away);
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
        let (responder, measures) = (responder.clone(), measures.clone());
        tokio::spawn(async move {
            if let Err(error) = serve(stream, place.address(), responder, &measures).await {
                tracing::debug!(%from, %error, "a connection ended");
            }
        });
    }
}

async fn serve(
    mut stream: TcpStream,
    from: IpAddr,
    mut responder: Responder,
    measures: &Measures,
) -> io::Result<()> {
    let mut buffer = [0; PACKET_BYTES_MAX];
    loop {
        let Some(length) = timeout(PATIENCE, read(&mut stream, &mut buffer)).await?? else {
            return Ok(());
        };
        let (answer, outcome) = responder.respond(&buffer[..length], from, Via::Tcp);
        measures.count(Via::Tcp, outcome);
        let Some(answer) = answer else { return Ok(()) };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        let framed = [&length.to_be_bytes()[..], &answer].concat();
        timeout(PATIENCE, stream.write_all(&framed)).await??;
    }
}

/// The length of the next query; `None`: there is none, or what comes is none.
async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let length = match stream.read_u16().await {
        Ok(length) => usize::from(length),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(packet) = buffer.get_mut(..length) else { return Ok(None) };
    stream.read_exact(packet).await?;
    Ok(Some(length))
}
