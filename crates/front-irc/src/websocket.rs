//! IRC over WebSocket, as <https://ircv3.net/specs/extensions/websocket> has it: one line, without
//! CR LF, in each text frame (`text.ircv3.net`) or binary frame (`binary.ircv3.net`).

use std::io::{self, ErrorKind, Read, Write};
use tungstenite::handshake::server::{Callback, ErrorResponse, Request, Response, ServerHandshake};
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::http::{HeaderValue, StatusCode};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::{Message, WebSocket};

/// Bytes of the HTTP request; longer ones are no browser's.
const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// A WebSocket on a stream that is fed by hand.
pub(crate) struct WebSocketLayer {
    state: State,
    /// Frames ready for the socket; those before `sent` are written.
    raw: Vec<u8>,
    sent: usize,
    request_bytes: usize,
    /// The client closed it, or broke it; why, if not in peace.
    ended: Option<Option<&'static str>>,
    /// Said in the close frame, if the client broke it.
    close_code: Option<CloseCode>,
}

enum State {
    Handshake(Box<MidHandshake<ServerHandshake<Memory, Choose>>>),
    Open(Box<WebSocket<Memory>>, Data),
    Broken,
}

/// The stream that tungstenite believes to be a socket.
#[derive(Default)]
struct Memory {
    incoming: Vec<u8>,
    read: usize,
    outgoing: Vec<u8>,
}

impl Read for Memory {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let waiting = &self.incoming[self.read..];
        if waiting.is_empty() {
            self.incoming = Vec::new();
            self.read = 0;
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = waiting.len().min(buf.len());
        buf[..count].copy_from_slice(&waiting[..count]);
        self.read += count;
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Chooses the subprotocol: the first of the client's that we speak; text if it names none.
struct Choose;

impl Callback for Choose {
    fn on_request(
        self,
        request: &Request,
        mut response: Response,
    ) -> Result<Response, ErrorResponse> {
        let mut offered = request
            .headers()
            .get_all("Sec-WebSocket-Protocol")
            .iter()
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(','))
            .map(str::trim)
            .peekable();
        if offered.peek().is_none() {
            return Ok(response);
        }
        let Some(chosen) = offered.find(|it| data_of(it).is_some()) else {
            let words = "This is an IRC server; it speaks text.ircv3.net and binary.ircv3.net.\n";
            let mut refusal = ErrorResponse::new(Some(words.to_owned()));
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            return Err(refusal);
        };
        if let Ok(value) = HeaderValue::from_str(chosen) {
            response.headers_mut().insert("Sec-WebSocket-Protocol", value);
        }
        Ok(response)
    }
}

fn data_of(protocol: &str) -> Option<Data> {
    match protocol {
        "text.ircv3.net" => Some(Data::Text),
        "binary.ircv3.net" => Some(Data::Binary),
        _ => None,
    }
}

impl WebSocketLayer {
    pub(crate) fn new() -> WebSocketLayer {
        // A frame holds one line; anything much longer is refused before it is stored.
        let config = WebSocketConfig::default()
            .read_buffer_size(1024)
            .write_buffer_size(0)
            .max_message_size(Some(irc_proto::limits::CLIENT_LINE_BYTES_MAX + 512))
            .max_frame_size(Some(irc_proto::limits::CLIENT_LINE_BYTES_MAX + 512));
        let handshake = ServerHandshake::start(Memory::default(), Choose, Some(config));
        WebSocketLayer {
            state: State::Handshake(Box::new(handshake)),
            raw: Vec::new(),
            sent: 0,
            request_bytes: 0,
            ended: None,
            close_code: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(..))
    }

    pub(crate) fn wants_write(&self) -> bool {
        self.waiting() > 0
    }

    pub(crate) fn waiting(&self) -> usize {
        self.raw.len() - self.sent
    }

    pub(crate) fn raw(&mut self) -> (&mut Vec<u8>, &mut usize) {
        (&mut self.raw, &mut self.sent)
    }

    /// Gives an emptied buffer back.
    pub(crate) fn release(&mut self) {
        if self.raw.is_empty() {
            self.raw = Vec::new();
        }
    }

    /// Takes what came from the socket and appends the lines in it, each with CR LF. An error ends
    /// the connection, with the reason if it did not end in peace.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        lines: &mut Vec<u8>,
    ) -> Result<(), Option<&'static str>> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Broken => Err(Some("WebSocket failed")),
            State::Handshake(mut handshake) => {
                self.request_bytes += bytes.len();
                if self.request_bytes > REQUEST_BYTES_MAX {
                    return Err(Some("WebSocket request too long"));
                }
                handshake.get_mut().get_mut().incoming.extend_from_slice(bytes);
                self.shake(*handshake)?;
                if self.is_open() { self.receive(lines) } else { Ok(()) }
            }
            State::Open(mut socket, data) => {
                socket.get_mut().incoming.extend_from_slice(bytes);
                self.state = State::Open(socket, data);
                self.receive(lines)
            }
        }
    }

    fn shake(
        &mut self,
        handshake: MidHandshake<ServerHandshake<Memory, Choose>>,
    ) -> Result<(), Option<&'static str>> {
        match handshake.handshake() {
            Ok(mut socket) => {
                let memory = socket.get_mut();
                let data = protocol_in(&memory.outgoing).unwrap_or(Data::Text);
                self.raw.append(&mut memory.outgoing);
                self.state = State::Open(Box::new(socket), data);
                Ok(())
            }
            Err(HandshakeError::Interrupted(handshake)) => {
                self.state = State::Handshake(Box::new(handshake));
                Ok(())
            }
            Err(HandshakeError::Failure(error)) => {
                // tungstenite keeps what it wrote to the stream it dropped; browsers need a status.
                let status = match error {
                    tungstenite::Error::Http(_) => "400 Bad Request",
                    _ => "426 Upgrade Required",
                };
                let words =
                    "This is an IRC server; it speaks text.ircv3.net and binary.ircv3.net.\n";
                let _ = write!(
                    self.raw,
                    "HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: close\r\n\
                     Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{words}",
                    words.len()
                );
                Err(Some("Not a WebSocket request"))
            }
        }
    }

    fn receive(&mut self, lines: &mut Vec<u8>) -> Result<(), Option<&'static str>> {
        let State::Open(socket, _) = &mut self.state else {
            return Ok(());
        };
        let ended = loop {
            match socket.read() {
                Ok(Message::Text(text)) => push_line(lines, text.as_bytes()),
                Ok(Message::Binary(bytes)) => push_line(lines, &bytes),
                Ok(_) => {} // Pings are answered, closing is seen, below.
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    break None;
                }
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
                    break Some(None);
                }
                Err(tungstenite::Error::Capacity(_)) => {
                    self.close_code = Some(CloseCode::Size);
                    break Some(Some("WebSocket frame too long"));
                }
                Err(tungstenite::Error::Utf8(_)) => {
                    self.close_code = Some(CloseCode::Invalid);
                    break Some(Some("WebSocket text is not UTF-8"));
                }
                Err(_) => {
                    self.close_code = Some(CloseCode::Protocol);
                    break Some(Some("WebSocket failed"));
                }
            }
        };
        let _ = socket.flush();
        self.raw.append(&mut socket.get_mut().outgoing);
        self.ended = ended; // What came before the end still counts.
        Ok(())
    }

    /// After what was fed last nothing more will come.
    pub(crate) fn ended(&self) -> Option<Option<&'static str>> {
        self.ended
    }

    /// Moves whole lines of `out`, from `start` on, into frames; returns where the next would begin.
    pub(crate) fn frame(&mut self, out: &[u8], start: usize) -> usize {
        let State::Open(_, data) = &self.state else {
            return start;
        };
        let header = FrameHeader { opcode: OpCode::Data(*data), ..FrameHeader::default() };
        let mut at = start;
        while let Some(end) = out[at..].iter().position(|it| *it == b'\n') {
            let line = out[at..at + end].strip_suffix(b"\r").unwrap_or(&out[at..at + end]);
            header.format(line.len() as u64, &mut self.raw).expect("writing to memory cannot fail");
            self.raw.extend_from_slice(line);
            at += end + 1;
        }
        at
    }

    pub(crate) fn close(&mut self) {
        if let State::Open(socket, _) = &mut self.state {
            let frame = self.close_code.map(|code| CloseFrame { code, reason: "".into() });
            let _ = socket.close(frame);
            let _ = socket.flush();
            self.raw.append(&mut socket.get_mut().outgoing);
        }
    }
}

/// The subprotocol that the response, as written, agreed to.
fn protocol_in(response: &[u8]) -> Option<Data> {
    let response = std::str::from_utf8(response).ok()?;
    response.lines().find_map(|it| {
        let (key, value) = it.split_once(':')?;
        key.eq_ignore_ascii_case("Sec-WebSocket-Protocol").then(|| data_of(value.trim()))?
    })
}

fn push_line(lines: &mut Vec<u8>, line: &[u8]) {
    lines.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        lines.extend_from_slice(b"\r\n");
    }
}
