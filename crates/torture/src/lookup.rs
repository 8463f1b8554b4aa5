//! Where a client shall connect, as a node of the directory says that answers.

use crate::cluster::irc;
use serde::Deserialize;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A node that gives no answer for so long is dead or as good as.
const ANSWER_MAX: Duration = Duration::from_millis(500);

#[derive(Debug, Deserialize)]
struct Answer {
    nodes: Vec<Found>,
}

#[derive(Debug, Deserialize)]
struct Found {
    address: SocketAddr,
}

/// Which of so many nodes, as the first of these doors says that answers, beginning with this one.
pub(crate) fn ask(doors: &[SocketAddr], first: usize, nodes: usize) -> io::Result<usize> {
    let mut answers = (0..doors.len()).map(|it| ask_one(doors[(first + it) % doors.len()]));
    let found = answers.find_map(Result::ok);
    let address = found.ok_or_else(|| io::Error::other("nobody says where to connect"))?;
    let node = (0..nodes).find(|it| irc(*it) == address);
    node.ok_or_else(|| io::Error::other(format!("{address} is no node of ours")))
}

fn ask_one(door: SocketAddr) -> io::Result<SocketAddr> {
    let mut stream = TcpStream::connect_timeout(&door, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    write!(stream, "GET /v1/where?door=irc HTTP/1.1\r\nHost: {door}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let body = text.split_once("\r\n\r\n").map_or("", |it| it.1);
    let answer: Answer = serde_json::from_str(body)?;
    answer.nodes.first().map(|it| it.address).ok_or_else(|| io::Error::other("no node is healthy"))
}
