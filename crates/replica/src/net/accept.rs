//! The listener: peers' links and questions come in here, and whatever else the world sends.

use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::ask::{self, QUESTION_BYTES_MAX, Responder};
use super::handshake::{self, ASK_MAGIC, LINK_MAGIC, MAGIC_BYTES};
use super::peers::{Peer, PeerEvent, Shared};
use super::{Network, link};

/// After a failed accept: file descriptors may have run out, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until aborted; the connections end with it.
pub(super) async fn run<N: Network>(shared: Rc<Shared>, listener: N::Listener) {
    let strangers = std::sync::Arc::new(Semaphore::new(shared.me.limits.strangers));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = N::accept(&listener) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept peers");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Too many strangers at the door: this one is closed unheard, and tries again.
        let Ok(stranger) = strangers.clone().try_acquire_owned() else {
            continue;
        };
        connections.spawn_local(serve(stream, from.ip(), shared.clone(), stranger));
    }
}

/// What a connection turned out to be.
enum Caller {
    Peer(Rc<Peer>),
    Asks(Vec<u8>),
}

async fn serve<S>(mut stream: S, from: IpAddr, shared: Rc<Shared>, stranger: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(shared.me.limits.handshake, hear(&mut stream, from, &shared)).await {
        Ok(Ok(Caller::Peer(peer))) => {
            drop(stranger);
            link::receive(stream, &shared, &peer).await;
        }
        Ok(Ok(Caller::Asks(question))) => {
            let _ = answer(stream, &shared, question).await; // Gone: nobody is left to tell.
        }
        // It has no certificate of this cluster: it hears so by TLS itself.
        Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
            note_refusal(from, "somebody", &error.to_string(), &shared);
        }
        Ok(Err(error)) => tracing::debug!(%error, "a caller came to nothing"),
        Err(_) => tracing::debug!("a caller took too long"),
    }
}

async fn hear<S>(stream: &mut S, from: IpAddr, shared: &Shared) -> io::Result<Caller>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut magic = [0; MAGIC_BYTES];
    stream.read_exact(&mut magic).await?;
    match magic {
        ASK_MAGIC => Ok(Caller::Asks(ask::read_sized(stream, QUESTION_BYTES_MAX).await?)),
        LINK_MAGIC => Ok(Caller::Peer(meet(stream, from, shared).await?)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "neither a peer nor a question")),
    }
}

async fn meet<S>(stream: &mut S, from: IpAddr, shared: &Shared) -> io::Result<Rc<Peer>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let version = handshake::read_version(stream).await?;
    if let Some(why) = handshake::version_refusal(version) {
        return turn_away(stream, from, "a node", &why, shared).await;
    }
    let hello = handshake::read_hello(stream, version).await?;
    let peer = shared.peer(hello.from);
    let why = hello.refusal(shared.cluster.get(), shared.me.id, peer.is_some());
    if let Some(why) = why {
        return turn_away(stream, from, &hello.name, &why, shared).await;
    }
    handshake::accept(stream).await?;
    // Who is a member may have changed while we wrote.
    match shared.peer(hello.from) {
        Some(peer) if shared.cluster.get() == hello.cluster => Ok(peer),
        _ => Err(io::Error::other("no member any more")),
    }
}

/// Whoever is refused tries again and again: it is told why each time, the log once.
async fn turn_away<S, T>(
    stream: &mut S,
    from: IpAddr,
    name: &str,
    why: &str,
    shared: &Shared,
) -> io::Result<T>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    note_refusal(from, name, why, shared);
    handshake::refuse(stream, why).await?;
    Err(io::Error::other(format!("{name} refused: {why}")))
}

fn note_refusal(from: IpAddr, name: &str, why: &str, shared: &Shared) {
    metrics::counter!("starling_peers_refused_total").increment(1);
    let said = format!("{name}: {why}");
    if shared.turned_away.borrow_mut().is_news(from, &said) {
        tracing::warn!(%from, name, why, "a peer is refused, however often it tries");
    }
}

async fn answer<S>(mut stream: S, shared: &Shared, question: Vec<u8>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (responder, mut answered) = Responder::new();
    shared.tell(PeerEvent::Asked(question, responder));
    let mut nothing = [0];
    let answer = tokio::select! {
        answer = &mut answered => answer,
        // Whoever asked hung up, or talks out of turn.
        _ = stream.read(&mut nothing) => return Ok(()),
    };
    let Ok(answer) = answer else {
        return Ok(()); // The node dropped the question.
    };
    // A reader that does not read keeps a stranger's place no longer than a writer that does not write.
    timeout(shared.me.limits.handshake, ask::write_sized(&mut stream, &answer)).await?
}
