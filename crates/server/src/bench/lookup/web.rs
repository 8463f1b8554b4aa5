//! Asks a web door. It shares no code with the door, so that it cannot share its errors.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer of a hundred nodes is shorter.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// A connection of its own.
pub(super) struct Asker {
    stream: TcpStream,
    request: String,
    received: Vec<u8>,
}

impl Asker {
    pub(super) async fn new(to: SocketAddr, door: &str) -> Result<Asker> {
        let stream = TcpStream::connect(to).await.with_context(|| format!("--web {to}"))?;
        stream.set_nodelay(true)?;
        let request = format!("GET /v1/where?door={door} HTTP/1.1\r\nHost: {to}\r\n\r\n");
        Ok(Asker { stream, request, received: Vec::new() })
    }

    pub(super) async fn ask(&mut self) -> Result<()> {
        self.stream.write_all(self.request.as_bytes()).await?;
        self.received.clear();
        loop {
            if let Some(status) = whole(&self.received)? {
                ensure!(status == 200, "status {status}");
                return Ok(());
            }
            ensure!(self.received.len() < ANSWER_BYTES_MAX, "an endless answer");
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the connection was closed");
            }
        }
    }
}

/// The status, once the whole answer is there.
fn whole(received: &[u8]) -> Result<Option<u16>> {
    let Some(end) = received.windows(4).position(|it| it == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&received[..end])?;
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).context("no status")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.context("no length")?;
    Ok((received.len() >= end + 4 + length).then_some(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is_there() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        for length in 0..answer.len() {
            assert_eq!(whole(&answer[..length]).expect("it is well formed"), None, "{length}");
        }
        assert_eq!(whole(answer).expect("it is well formed"), Some(200));
        assert!(whole(b"rubbish\r\n\r\n").is_err());
    }
}
