//! For the fuzz targets: the private codecs of a peer link, bytes in and bytes out.

use super::{frame, handshake};
use bytes::BytesMut;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What the frames in some bytes came to.
pub struct Frames {
    /// The whole ones, written again.
    pub again: Vec<u8>,
    /// Bytes that wait for the rest of their frame.
    pub held: usize,
    /// Whether the link would close.
    pub is_broken: bool,
}

/// Reads frames from bytes that arrive in pieces, until the link would close.
#[must_use]
pub fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max: usize) -> Frames {
    let mut buffer = BytesMut::new();
    let mut again = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match frame::take(&mut buffer, max) {
                Ok(Some(it)) => write(&mut again, max, &it),
                Ok(None) => break,
                Err(_) => return Frames { again, held: buffer.len(), is_broken: true },
            }
        }
        let missing = frame::missing(&buffer, max);
        assert!(missing <= max + 4, "a link makes room for {missing} bytes");
    }
    Frames { again, held: buffer.len(), is_broken: false }
}

fn write(again: &mut Vec<u8>, max: usize, received: &frame::Received) {
    match received {
        frame::Received::Frame(body) => {
            assert!(frame::append(again, max, |it| it.extend_from_slice(body)));
        }
        frame::Received::Heartbeat => frame::append_heartbeat(again),
        frame::Received::Ping(counter) => frame::append_ping(again, *counter),
        frame::Received::Pong(counter) => frame::append_pong(again, *counter),
    }
}

/// The greeting at the start of `bytes` (the magic excepted), written again.
#[must_use]
pub fn hello_again(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let version = now(handshake::read_version(&mut bytes))?.ok()?;
    let hello = now(handshake::read_hello(&mut bytes, version))?.ok()?;
    let _ = hello.refusal(hello.cluster, hello.to, true);
    let again = hello.to_bytes();
    Some(again[handshake::MAGIC_BYTES..].to_vec())
}

/// What a future that has all its input comes to.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(it) => Some(it),
        Poll::Pending => None,
    }
}
