//! Asks a DNS door. It shares no code with the door, so that it cannot share its errors.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use tokio::net::UdpSocket;

const HEADER_BYTES: usize = 12;
const ANSWER_BYTES_MAX: usize = 512; // By UDP, without EDNS.
const SRV: u16 = 33;
const IN: u16 = 1;

/// A socket of its own, so that an answer is its own.
pub(super) struct Asker {
    socket: UdpSocket,
    query: Vec<u8>,
    answer: Vec<u8>,
}

impl Asker {
    pub(super) async fn new(to: SocketAddr, door: &str, zone: &str) -> Result<Asker> {
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await.context("no socket")?;
        socket.connect(to).await.with_context(|| format!("--dns {to}"))?;
        let query = query(&format!("_{door}._tcp.{zone}"))?;
        Ok(Asker { socket, query, answer: vec![0; ANSWER_BYTES_MAX] })
    }

    pub(super) async fn ask(&mut self) -> Result<()> {
        let id = u16::from_be_bytes([self.query[0], self.query[1]]).wrapping_add(1).to_be_bytes();
        self.query[..2].copy_from_slice(&id);
        self.socket.send(&self.query).await?;
        loop {
            let length = self.socket.recv(&mut self.answer).await?;
            let answer = &self.answer[..length];
            if answer.get(..2) == Some(&id) {
                return check(answer);
            } // Else one that was given up came late.
        }
    }
}

fn query(name: &str) -> Result<Vec<u8>> {
    let mut query = vec![0, 0, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|it| (1..64).contains(it));
        query.push(length.with_context(|| format!("{name} is no name"))?);
        query.extend_from_slice(label.as_bytes());
    }
    query.push(0);
    query.extend_from_slice(&SRV.to_be_bytes());
    query.extend_from_slice(&IN.to_be_bytes());
    Ok(query)
}

/// It is an answer, whole, without an error, and names somebody.
fn check(answer: &[u8]) -> Result<()> {
    ensure!(answer.len() > HEADER_BYTES && answer[2] & 0x80 != 0, "no DNS answer");
    ensure!(answer[2] & 0x02 == 0, "cut: too many for its limit, lookup.dns_answers_per_prefix");
    ensure!(answer[3] & 0x0f == 0, "response code {}", answer[3] & 0x0f);
    ensure!(answer[6..8] != [0, 0], "it names nobody");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_one_that_others_read() {
        let query = query("_irc._tcp.x").expect("a name");
        assert_eq!(query[HEADER_BYTES..], *b"\x04_irc\x04_tcp\x01x\x00\x00\x21\x00\x01");
        assert!(super::query("a..b").is_err());
        assert!(super::query(&"x".repeat(64)).is_err());
    }

    #[test]
    fn only_an_answer_that_names_somebody_counts() {
        let good = [0, 1, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0];
        assert!(check(&good).is_ok());
        for (at, byte) in [(2, 0x04), (2, 0x86), (3, 0x05), (7, 0)] {
            let mut bad = good;
            bad[at] = byte;
            assert!(check(&bad).is_err(), "{at} {byte}");
        }
        assert!(check(&good[..12]).is_err());
    }
}
