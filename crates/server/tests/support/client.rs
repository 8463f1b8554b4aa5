//! A small blocking IRC client. It shares no code with the server, so that it cannot share its errors.

use checker::Outcome;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long anything may take that is expected to happen.
pub(crate) const SOON: Duration = Duration::from_secs(20);

const CAPS: &str = "message-tags server-time batch labeled-response echo-message standard-replies \
                    draft/chathistory draft/event-playback";

/// A line in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) tags: HashMap<String, String>,
    pub(crate) source: String,
    pub(crate) verb: String,
    pub(crate) params: Vec<String>,
}

impl Line {
    pub(crate) fn parse(raw: &str) -> Line {
        let mut line = Line::default();
        let mut rest = raw.trim_end_matches(['\r', '\n']);
        if let Some((tags, after)) = rest.strip_prefix('@').and_then(|it| it.split_once(' ')) {
            let pairs = tags.split(';').map(|it| it.split_once('=').unwrap_or((it, "")));
            line.tags = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            rest = after.trim_start();
        }
        if let Some((source, after)) = rest.strip_prefix(':').and_then(|it| it.split_once(' ')) {
            line.source = source.to_owned();
            rest = after.trim_start();
        }
        let (words, trailing) = match rest.split_once(" :") {
            Some((words, trailing)) => (words, Some(trailing)),
            None => (rest, None),
        };
        let mut words = words.split_whitespace().map(str::to_owned);
        line.verb = words.next().unwrap_or_default();
        line.params = words.chain(trailing.map(str::to_owned)).collect();
        line
    }

    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    pub(crate) fn param(&self, number: usize) -> &str {
        self.params.get(number).map_or("", String::as_str)
    }

    pub(crate) fn is(&self, verb: &str) -> bool {
        self.verb == verb
    }
}

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    /// The latest lines in both directions, for whoever reads a failure.
    latest: VecDeque<String>,
}

impl Client {
    pub(crate) fn connect(to: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&to, Duration::from_secs(2))?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        Ok(Client { stream, received: Vec::new(), latest: VecDeque::new() })
    }

    /// Connects, negotiates and becomes `nick`; an error says what came instead.
    pub(crate) fn register(to: SocketAddr, nick: &str, limit: Duration) -> io::Result<Client> {
        let mut client = Client::connect(to)?;
        client.negotiate(nick)?;
        client.send("CAP END")?;
        client.send(&format!("NICK {nick}"))?;
        let answer = client.wait(limit, |it| it.is("001") || is_refusal(it))?;
        match answer.is("001") {
            true => Ok(client),
            false => Err(io::Error::other(format!("{nick} is not let in: {answer:?}"))),
        }
    }

    /// Everything of the registration but the nick and the end of the negotiation.
    pub(crate) fn negotiate(&mut self, user: &str) -> io::Result<()> {
        self.send("CAP LS 302")?;
        self.send(&format!("USER {user} 0 * :{user}"))?;
        self.send(&format!("CAP REQ :{CAPS}"))?;
        let answer = self.wait(SOON, |it| it.is("CAP") && ["ACK", "NAK"].contains(&it.param(1)))?;
        match answer.param(1) {
            "ACK" => Ok(()),
            _ => Err(io::Error::other(format!("capabilities were refused: {answer:?}"))),
        }
    }

    pub(crate) fn join(&mut self, room: &str, limit: Duration) -> io::Result<()> {
        self.send(&format!("JOIN {room}"))?;
        let answer = self.wait(limit, |it| it.is("366") || is_refusal(it))?;
        match answer.is("366") {
            true => Ok(()),
            false => Err(io::Error::other(format!("{room} refused: {answer:?}"))),
        }
    }

    pub(crate) fn send(&mut self, line: &str) -> io::Result<()> {
        self.remember(format!("> {line}"));
        self.stream.write_all(format!("{line}\r\n").as_bytes())
    }

    /// The next line; `None`: none came before the deadline. Answers PING by itself.
    pub(crate) fn next(&mut self, deadline: Instant) -> io::Result<Option<Line>> {
        loop {
            if let Some(end) = self.received.iter().position(|b| *b == b'\n') {
                let raw: Vec<u8> = self.received.drain(..=end).collect();
                let raw = String::from_utf8(raw)
                    .map_err(|it| io::Error::new(ErrorKind::InvalidData, it))?;
                self.remember(format!("< {}", raw.trim_end()));
                let line = Line::parse(&raw);
                if line.is("PING") {
                    self.send(&format!("PONG :{}", line.param(0)))?;
                    continue;
                }
                return Ok(Some(line));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.received.extend_from_slice(&chunk[..length]),
                Err(it) if matches!(it.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(it) if it.kind() == ErrorKind::Interrupted => {}
                Err(it) => return Err(it),
            }
        }
    }

    /// The next line that `is_it`; others are passed over.
    pub(crate) fn wait(
        &mut self,
        limit: Duration,
        is_it: impl Fn(&Line) -> bool,
    ) -> io::Result<Line> {
        let deadline = Instant::now() + limit;
        while let Some(line) = self.next(deadline)? {
            if is_it(&line) {
                return Ok(line);
            }
        }
        let latest: Vec<&str> = self.latest.iter().map(String::as_str).collect();
        let text = format!("not within {limit:?}; the latest lines:\n{}", latest.join("\n"));
        Err(io::Error::new(ErrorKind::TimedOut, text))
    }

    /// Waits for somebody's words in a room or to this client.
    #[track_caller]
    pub(crate) fn hear(&mut self, text: &str) -> Line {
        let heard = self.wait(SOON, |it| it.is("PRIVMSG") && it.param(1) == text);
        heard.unwrap_or_else(|why| panic!("{text:?} was not heard: {why}"))
    }

    /// The whole history of a room, oldest first, with `msgid`s to page by.
    pub(crate) fn history(&mut self, room: &str) -> io::Result<Vec<Line>> {
        self.history_after(room, None)
    }

    /// What follows this id, to the end; `None`: from the beginning.
    pub(crate) fn history_after(&mut self, room: &str, id: Option<&str>) -> io::Result<Vec<Line>> {
        let mut all: Vec<Line> = Vec::new();
        let mut from = match id {
            Some(id) => format!("msgid={id}"),
            None => "timestamp=2000-01-01T00:00:00.000Z".to_owned(),
        };
        loop {
            self.send(&format!("CHATHISTORY AFTER {room} {from} 100"))?;
            let page = self.batch("chathistory")?;
            let Some(last) = page.iter().rev().find_map(|it| it.tag("msgid")) else {
                return Ok(all);
            };
            from = format!("msgid={last}");
            all.extend(page);
        }
    }

    fn batch(&mut self, kind: &str) -> io::Result<Vec<Line>> {
        let opens =
            |it: &Line| it.is("BATCH") && it.param(0).starts_with('+') && it.param(1) == kind;
        let opened = self.wait(SOON, |it| opens(it) || it.is("FAIL"))?;
        if opened.is("FAIL") {
            return Err(io::Error::other(format!("no {kind}: {opened:?}")));
        }
        let reference = opened.param(0)[1..].to_owned();
        let mut lines = Vec::new();
        loop {
            let is_ours = |it: &Line| it.tag("batch") == Some(&reference);
            let is_end = |it: &Line| it.is("BATCH") && it.param(0)[1..] == reference;
            let line = self.wait(SOON, |it| is_ours(it) || is_end(it))?;
            if is_end(&line) {
                return Ok(lines);
            }
            lines.push(line);
        }
    }

    fn remember(&mut self, line: String) {
        const LATEST: usize = 20;
        self.latest.push_back(line);
        if self.latest.len() > LATEST {
            self.latest.pop_front();
        }
    }
}

/// FAIL, ERROR, or an error numeric (those of 422, no MOTD, is none).
fn is_refusal(line: &Line) -> bool {
    let is_error = line.verb.len() == 3 && line.verb.starts_with(['4', '5']) && !line.is("422");
    is_error || line.is("FAIL") || line.is("ERROR")
}

/// Open labeled-response batches: reference to label.
#[derive(Debug, Default)]
pub(crate) struct Batches(HashMap<String, String>);

impl Batches {
    /// Which labeled request the line answers, by itself or inside of a batch. The line that begins a
    /// batch answers nothing, and is noted.
    pub(crate) fn label(&mut self, line: &Line) -> Option<String> {
        let batch = line.tag("batch").and_then(|it| self.0.get(it));
        let label = line.tag("label").or(batch.map(String::as_str)).map(str::to_owned);
        if !line.is("BATCH") {
            return label;
        }
        if let (Some(label), Some(reference)) = (label, line.param(0).strip_prefix('+')) {
            self.0.insert(reference.to_owned(), label);
        }
        None
    }
}

/// An answer that is no echo: the message did not happen, or nobody knows.
pub(crate) fn outcome(line: &Line) -> Outcome {
    let is_error = line.verb.len() == 3 && line.verb.starts_with(['4', '5']);
    let is_certain = line.is("FAIL") && !line.param(1).contains("UNKNOWN");
    match is_error || is_certain {
        true => Outcome::Refused,
        false => Outcome::Unknown,
    }
}
