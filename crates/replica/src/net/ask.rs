//! One question, one answer, from outside the links: status, join, administration.
//!
//! Both are opaque bytes behind a little-endian `u32` length; what they mean is the node's affair.

use std::io;

use fail::fail_point;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;

use super::Network;
use super::handshake::ASK_MAGIC;

pub(super) const QUESTION_BYTES_MAX: usize = 1 << 20; // Whoever asks is not known yet.
const ANSWER_BYTES_MAX: usize = 8 << 20; // A status of thousands of groups; the same as a frame.

/// Takes the answer to one question, whenever the node has it. Dropping it closes the connection
/// without an answer.
#[derive(Debug)]
pub struct Responder(oneshot::Sender<Vec<u8>>);

impl Responder {
    pub(super) fn new() -> (Responder, oneshot::Receiver<Vec<u8>>) {
        let (sender, receiver) = oneshot::channel();
        (Responder(sender), receiver)
    }

    /// Sends the answer, unless whoever asked is gone.
    pub fn answer(self, answer: Vec<u8>) {
        fail_point!("ask.before-answer");
        let _ = self.0.send(answer); // They stopped waiting: nobody is left to tell.
    }
}

/// Asks the node at `address`. The caller holds the watch: this waits as long as the node does.
///
/// An error means that no answer came; the node may have acted all the same.
pub async fn ask<N: Network>(net: &N, address: &str, question: &[u8]) -> io::Result<Vec<u8>> {
    if question.len() > QUESTION_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "question over 1 MiB"));
    }
    let mut stream = net.connect(address).await?;
    fail_point!("ask.before-question");
    stream.write_all(&ASK_MAGIC).await?;
    write_sized(&mut stream, question).await?;
    read_sized(&mut stream, ANSWER_BYTES_MAX).await
}

pub(super) async fn write_sized<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
) -> io::Result<()> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "answer over 8 MiB"));
    }
    stream.write_u32_le(bytes.len() as u32).await?;
    stream.write_all(bytes).await?;
    stream.flush().await
}

pub(super) async fn read_sized<S: AsyncRead + Unpin>(
    stream: &mut S,
    bytes_max: usize,
) -> io::Result<Vec<u8>> {
    let length = stream.read_u32_le().await?;
    if length as usize > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than allowed"));
    }
    // Grows with what arrives: a claimed length alone buys no memory.
    let mut bytes = Vec::new();
    let read = stream.take(length.into()).read_to_end(&mut bytes).await?;
    if read < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}
