//! One socket with what is layered on it: TLS, WebSocket, both or neither.
//!
//! Promise: never blocks, and shows IRC lines on both sides whatever carries them.

use crate::websocket::WebSocketLayer;
use mio::net::TcpStream;
use rustls::ServerConnection;
use std::io::{self, ErrorKind, Read, Write};

pub(crate) struct Stream {
    pub(crate) socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
    ws: Option<Box<WebSocketLayer>>,
}

/// What a read gave.
pub(crate) enum Input<'a> {
    /// Some bytes of lines, possibly none. `is_all`: the kernel has no more for now.
    Bytes { bytes: &'a [u8], is_all: bool },
    /// Nothing more for now: the socket will say when there is.
    Blocked,
    /// The other side is gone; why, if not in peace.
    End(Option<&'static str>),
}

/// Space that all connections of a shard read into, one after the other.
pub(crate) struct ReadSpace {
    bytes: Box<[u8]>,
    lines: Vec<u8>,
}

impl ReadSpace {
    pub(crate) fn new() -> ReadSpace {
        ReadSpace { bytes: vec![0; 16 * 1024].into(), lines: Vec::new() }
    }
}

impl Stream {
    pub(crate) fn new(
        socket: TcpStream,
        tls: Option<ServerConnection>,
        is_websocket: bool,
    ) -> Stream {
        Stream {
            socket,
            tls: tls.map(Box::new),
            ws: is_websocket.then(|| Box::new(WebSocketLayer::new())),
        }
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// The client's certificate (DER), whose key it has proved to hold.
    pub(crate) fn certificate(&self) -> Option<&[u8]> {
        let certificates = self.tls.as_ref()?.peer_certificates()?;
        certificates.first().map(|it| it.as_ref())
    }

    /// The encryption or the WebSocket is not yet agreed on: nothing can be said to the client.
    pub(crate) fn is_in_handshake(&self) -> bool {
        self.tls.as_ref().is_some_and(|it| it.is_handshaking())
            || self.ws.as_ref().is_some_and(|it| !it.is_open())
    }

    /// True when reading or the handshake left something to write.
    pub(crate) fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|it| it.wants_write())
            || self.ws.as_ref().is_some_and(|it| it.wants_write())
    }

    /// Reads once.
    pub(crate) fn read<'a>(&mut self, space: &'a mut ReadSpace) -> Input<'a> {
        if let Some(why) = self.ws.as_ref().and_then(|it| it.ended()) {
            return Input::End(why);
        }
        let count = match &mut self.tls {
            None => self.socket.read(&mut space.bytes),
            Some(tls) => read_tls(tls, &mut self.socket, &mut space.bytes),
        };
        let count = match count {
            Ok(0) => return Input::End(None),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Input::Blocked,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                return Input::Bytes { bytes: &[], is_all: false };
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Input::End(Some("TLS failed"));
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Input::End(Some("Connection reset by peer"));
            }
            Err(_) => return Input::End(Some("Read error")),
        };
        // A read that does not fill the space has emptied the socket (epoll(7)); TLS reads otherwise.
        let is_all = self.tls.is_none() && count < space.bytes.len();
        let Some(ws) = &mut self.ws else {
            return Input::Bytes { bytes: &space.bytes[..count], is_all };
        };
        space.lines.clear();
        match ws.feed(&space.bytes[..count], &mut space.lines) {
            Ok(()) => {
                let is_all = is_all && ws.ended().is_none();
                Input::Bytes { bytes: &space.lines, is_all }
            }
            Err(why) => Input::End(why),
        }
    }

    /// Writes `out` from `sent` on as far as the socket takes it. True when nothing is left.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, sent: &mut usize) -> io::Result<bool> {
        if let Some(ws) = &mut self.ws {
            *sent = ws.frame(out, *sent);
            if *sent == out.len() {
                out.clear();
                *sent = 0;
            }
            let is_empty = out.is_empty();
            let (raw, raw_sent) = ws.raw();
            let is_done = write_below(&mut self.socket, self.tls.as_deref_mut(), raw, raw_sent)?;
            ws.release();
            return Ok(is_done && is_empty);
        }
        write_below(&mut self.socket, self.tls.as_deref_mut(), out, sent)
    }

    /// Bytes that wait below the outbox.
    pub(crate) fn waiting(&self) -> usize {
        self.ws.as_ref().map_or(0, |it| it.waiting())
    }

    /// Says goodbye as the layers do it, as far as the socket takes it.
    pub(crate) fn close(&mut self) {
        if let Some(ws) = &mut self.ws {
            ws.close();
            let (raw, raw_sent) = ws.raw();
            let _ = write_below(&mut self.socket, self.tls.as_deref_mut(), raw, raw_sent);
        }
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.socket);
        }
        // Input left unread would turn the close into a reset, and that can destroy what we said.
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
        let mut rest = [0; 4096];
        for _ in 0..4 {
            if !matches!(self.socket.read(&mut rest), Ok(1..)) {
                break;
            }
        }
    }
}

fn read_tls(
    tls: &mut ServerConnection,
    socket: &mut TcpStream,
    bytes: &mut [u8],
) -> io::Result<usize> {
    loop {
        match tls.reader().read(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => return other,
        }
        if tls.read_tls(socket)? == 0 {
            return Ok(0);
        }
        if let Err(error) = tls.process_new_packets() {
            let _ = tls.write_tls(socket); // The alert that says what was wrong.
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
    }
}

/// Writes through TLS if there is any.
fn write_below(
    socket: &mut TcpStream,
    mut tls: Option<&mut ServerConnection>,
    out: &mut Vec<u8>,
    sent: &mut usize,
) -> io::Result<bool> {
    loop {
        if let Some(tls) = tls.as_deref_mut() {
            while tls.wants_write() {
                match tls.write_tls(socket) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        if *sent == out.len() {
            out.clear();
            *sent = 0;
            return Ok(true);
        }
        let written = match tls.as_deref_mut() {
            Some(tls) if tls.is_handshaking() => return Ok(false),
            Some(tls) => tls.writer().write(&out[*sent..]),
            None => socket.write(&out[*sent..]),
        };
        match written {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => *sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if *sent >= COMPACT_BYTES && *sent * 2 > out.len() {
        out.drain(..*sent);
        *sent = 0;
    }
    Ok(false)
}

/// What a slow reader has taken is dropped in pieces of at least this, to move the rest seldom.
const COMPACT_BYTES: usize = 32 * 1024;
