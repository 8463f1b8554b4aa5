//! One thread, one epoll set, thousands of clients.
//!
//! Promise: every line of every client is heard once and in order, at about one read and one write
//! per client and wake-up. Nothing here knows what a scenario is about.

use std::collections::HashMap;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::client::{Client, Heard, Hello, Phase};
use super::clock::now_ns;
use super::network::Network;

/// Reads the traffic of clients that have joined.
pub(super) trait Handler {
    fn line(&mut self, client: usize, line: &[u8], now_ns: u64);
}

/// For the times when traffic does not matter.
pub(super) struct Ignore;

impl Handler for Ignore {
    fn line(&mut self, _: usize, _: &[u8], _: u64) {}
}

/// About a thousand lines of a fan-out in one read; a longer line ends the connection.
const READ_BYTES_MAX: usize = 256 * 1024;
const EVENTS_MAX: usize = 1024;
const TIMER: Token = Token(usize::MAX);

pub(super) struct Connection {
    stream: Option<TcpStream>,
    pub(super) client: Client,
    out: Vec<u8>,
    /// The beginning of a line whose end has not arrived.
    partial: Vec<u8>,
}

pub(super) struct Engine {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    timer: OwnedFd,
    pub(super) hello: Hello,
    pub(super) network: Network,
    pub(super) connections: Vec<Connection>,
    /// Clients that came so far since the caller last emptied these.
    pub(super) registered: Vec<usize>,
    pub(super) joined: Vec<usize>,
    pub(super) closed: Vec<usize>,
}

impl Engine {
    pub(super) fn new(hello: Hello, network: Network) -> io::Result<Engine> {
        let poll = Poll::new()?;
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
        Ok(Engine {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            buffer: vec![0; READ_BYTES_MAX].into_boxed_slice(),
            timer,
            hello,
            network,
            connections: Vec::new(),
            registered: Vec::new(),
            joined: Vec::new(),
            closed: Vec::new(),
        })
    }

    /// Opens client `id`, a new one or one that has closed; `serial` makes its nick.
    pub(super) fn open(&mut self, id: usize, serial: usize) -> io::Result<()> {
        let mut stream = TcpStream::from_std(self.network.connect(id)?);
        self.poll.registry().register(
            &mut stream,
            Token(id),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        let client = Client::new(serial, now_ns());
        let connection =
            Connection { stream: Some(stream), client, out: Vec::new(), partial: Vec::new() };
        if id == self.connections.len() {
            self.connections.push(connection);
        } else {
            self.connections[id] = connection;
        }
        Ok(())
    }

    pub(super) fn client(&mut self, id: usize) -> (&mut Client, &mut Vec<u8>) {
        let connection = &mut self.connections[id];
        (&mut connection.client, &mut connection.out)
    }

    pub(super) fn is_open(&self, id: usize) -> bool {
        self.connections[id].stream.is_some()
    }

    /// Sends what the client has queued, as far as the socket takes it.
    pub(super) fn flush(&mut self, id: usize) {
        let connection = &mut self.connections[id];
        let Some(stream) = connection.stream.as_mut() else {
            return;
        };
        if connection.out.is_empty() || connection.client.phase == Phase::Connecting {
            return;
        }
        let mut sent = 0;
        while sent < connection.out.len() {
            match stream.write(&connection.out[sent..]) {
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The next writable event goes on. An error shows on the read side too, behind
                // the last words of the server.
                Err(_) => break,
            }
        }
        connection.out.drain(..sent);
    }

    /// Wakes the next `turn` at this moment; epoll alone counts in milliseconds.
    pub(super) fn wake_at(&mut self, at_ns: u64) -> io::Result<()> {
        let (seconds, nanoseconds) = (at_ns / 1_000_000_000, at_ns % 1_000_000_000);
        let at = Timespec { tv_sec: seconds.cast_signed(), tv_nsec: nanoseconds.cast_signed() };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: at };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }

    /// Waits once and handles everything that has happened.
    pub(super) fn turn(&mut self, wait: Duration, handler: &mut impl Handler) -> io::Result<()> {
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(1));
        match self.poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            if event.token() == TIMER {
                continue; // Setting it anew clears it.
            }
            let id = event.token().0;
            if event.is_writable() || event.is_error() {
                self.greet(id);
            }
            let is_ending = event.is_read_closed() || event.is_error();
            if event.is_readable() || is_ending {
                self.read(id, is_ending, handler);
            }
            self.flush(id);
        }
        self.events = events;
        Ok(())
    }

    fn greet(&mut self, id: usize) {
        let connection = &mut self.connections[id];
        if connection.client.phase != Phase::Connecting {
            return;
        }
        match connection.stream.as_ref().map(TcpStream::take_error) {
            Some(Ok(Some(error))) => self.close(id, &format!("cannot connect: {error}")),
            _ => connection.client.greet(&self.hello, &mut connection.out),
        }
    }

    /// `is_ending`: no further event will announce the end of the stream, so a read that does not
    /// fill the buffer is not the last one, as it is otherwise with edge-triggered events.
    fn read(&mut self, id: usize, is_ending: bool, handler: &mut impl Handler) {
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            let connection = &mut self.connections[id];
            let Some(stream) = connection.stream.as_mut() else {
                break;
            };
            let kept = connection.partial.len();
            buffer[..kept].copy_from_slice(&connection.partial);
            match stream.read(&mut buffer[kept..]) {
                Ok(0) => self.close(id, "closed by the server"),
                Ok(bytes) => {
                    let end = kept + bytes;
                    connection.partial.clear();
                    let rest = self.hear_all(id, &buffer[..end], handler);
                    let is_full = end == buffer.len();
                    if rest.len() == buffer.len() {
                        self.close(id, "sent a line without an end");
                    }
                    self.connections[id].partial.extend_from_slice(rest);
                    if !is_full && !is_ending {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.close(id, &error.to_string()),
            }
        }
        self.buffer = buffer;
    }

    /// Hears every whole line; hands back the beginning of the last one.
    fn hear_all<'a>(&mut self, id: usize, bytes: &'a [u8], handler: &mut impl Handler) -> &'a [u8] {
        let now_ns = now_ns();
        let mut rest = bytes;
        loop {
            let from = rest;
            // The standard library's own fast search for a byte.
            let length = rest.skip_until(b'\n').unwrap_or(0);
            let Some(line) = from[..length].strip_suffix(b"\n") else {
                return from;
            };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let connection = &mut self.connections[id];
            match connection.client.hear(line, now_ns, &self.hello, &mut connection.out) {
                Heard::Traffic => handler.line(id, line, now_ns),
                Heard::Nothing => {}
                Heard::Registered => self.registered.push(id),
                Heard::Joined => self.joined.push(id),
                Heard::Refused => self.close(id, "refused"),
            }
        }
    }

    /// Ends a client. What the server said last explains it better than `why`.
    pub(super) fn close(&mut self, id: usize, why: &str) {
        let connection = &mut self.connections[id];
        let Some(mut stream) = connection.stream.take() else {
            return;
        };
        let _ = self.poll.registry().deregister(&mut stream); // It is dropped next anyhow.
        connection.client.phase = Phase::Closed;
        if connection.client.last_words.is_empty() {
            connection.client.last_words = why.to_string();
        }
        connection.out = Vec::new();
        connection.partial = Vec::new();
        self.closed.push(id);
    }

    /// How many clients have closed for each reason, for a message to people.
    pub(super) fn reasons(&self) -> String {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for connection in self.connections.iter().filter(|it| it.stream.is_none()) {
            *counts.entry(&connection.client.last_words).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(words, count)| (std::cmp::Reverse(*count), *words));
        let shown: Vec<_> =
            counts.iter().take(3).map(|(words, count)| format!("{count} x \"{words}\"")).collect();
        shown.join(", ")
    }
}
