//! One IRC client of the load, as far as it is the same for every scenario.
//!
//! Promise: it answers every PING, takes another nick when its own is in use, and knows the last
//! words of a server that refuses it. No I/O: lines come in, bytes to send come out.

use super::message::{RunTag, body};

/// What every client says first.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    pub(super) run: RunTag,
    pub(super) pass: Option<String>,
    /// Asked for one by one, so that a server may lack some.
    pub(super) caps: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Connecting,
    Registering,
    Registered,
    /// Rooms whose NAMES list has not ended yet.
    Joining(usize),
    /// All further lines are traffic.
    Live,
    Quitting,
    Closed,
}

/// What a line meant.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Heard {
    Nothing,
    Registered,
    Joined,
    /// The server does not want this client; `last_words` say why.
    Refused,
    /// For the scenario to read.
    Traffic,
}

/// Nicks tried before giving up: other runs may be on the server, but not that many.
const NICK_ATTEMPTS_MAX: u8 = 8;
/// So many of our names fit one 512-byte line with ease.
const ROOMS_PER_LINE: usize = 20;

pub(super) struct Client {
    pub(super) serial: usize,
    pub(super) phase: Phase,
    pub(super) opened_ns: u64,
    /// 0 until registered.
    pub(super) registered_ns: u64,
    /// The server's ERROR or refusing numeric, or what the socket said.
    pub(super) last_words: String,
    pub(super) caps: Vec<&'static str>,
    attempt: u8,
}

impl Client {
    pub(super) fn new(serial: usize, opened_ns: u64) -> Client {
        Client {
            serial,
            phase: Phase::Connecting,
            opened_ns,
            registered_ns: 0,
            last_words: String::new(),
            caps: Vec::new(),
            attempt: 0,
        }
    }

    pub(super) fn greet(&mut self, hello: &Hello, out: &mut Vec<u8>) {
        self.phase = Phase::Registering;
        if let Some(pass) = &hello.pass {
            say(out, &format!("PASS {pass}"));
        }
        for cap in hello.caps {
            say(out, &format!("CAP REQ :{cap}"));
        }
        say(out, &format!("NICK {}", hello.run.nick(self.serial, self.attempt)));
        say(out, "USER bench 0 * :starling bench");
        if !hello.caps.is_empty() {
            say(out, "CAP END");
        }
    }

    pub(super) fn join(&mut self, rooms: &[String], out: &mut Vec<u8>) {
        self.phase = Phase::Joining(rooms.len());
        for some in rooms.chunks(ROOMS_PER_LINE) {
            say(out, &format!("JOIN {}", some.join(",")));
        }
    }

    pub(super) fn quit(&mut self, out: &mut Vec<u8>) {
        self.phase = Phase::Quitting;
        say(out, "QUIT :done");
    }

    pub(super) fn hear(
        &mut self,
        line: &[u8],
        now_ns: u64,
        hello: &Hello,
        out: &mut Vec<u8>,
    ) -> Heard {
        let is_prefixed = matches!(line.first(), Some(b':' | b'@'));
        if is_prefixed && self.phase == Phase::Live {
            return Heard::Traffic; // The main path: millions of deliveries a second.
        }
        let body = body(line);
        let verb_end = body.iter().position(|byte| *byte == b' ').unwrap_or(body.len());
        let (verb, params) = body.split_at(verb_end);
        match verb {
            b"PING" => {
                out.extend_from_slice(b"PONG");
                out.extend_from_slice(params);
                out.extend_from_slice(b"\r\n");
                Heard::Nothing
            }
            b"ERROR" => {
                self.keep(line);
                Heard::Nothing // The server closes the connection, and that is what counts.
            }
            _ => match self.phase {
                Phase::Registering => self.hear_registering(verb, line, now_ns, hello, out),
                Phase::Joining(left) => self.hear_joining(verb, line, left, out),
                Phase::Live => Heard::Traffic,
                _ => Heard::Nothing,
            },
        }
    }

    fn hear_registering(
        &mut self,
        verb: &[u8],
        line: &[u8],
        now_ns: u64,
        hello: &Hello,
        out: &mut Vec<u8>,
    ) -> Heard {
        match verb {
            b"CAP" => {
                let text = String::from_utf8_lossy(line);
                if let Some((_, acked)) = text.split_once(" ACK ") {
                    let acked = acked.trim_start_matches(':');
                    let is_acked =
                        |cap: &&&str| acked.split_ascii_whitespace().any(|it| it == **cap);
                    self.caps.extend(hello.caps.iter().filter(is_acked));
                }
                Heard::Nothing
            }
            // The nick is in use, collides with one elsewhere, or is held for the moment.
            b"433" | b"436" | b"437" if self.attempt < NICK_ATTEMPTS_MAX => {
                self.attempt += 1;
                say(out, &format!("NICK {}", hello.run.nick(self.serial, self.attempt)));
                Heard::Nothing
            }
            b"376" | b"422" => {
                self.phase = Phase::Registered;
                self.registered_ns = now_ns;
                Heard::Registered
            }
            // Bad nick, nick in use, password, ban.
            b"432" | b"433" | b"436" | b"437" | b"464" | b"465" | b"FAIL" => {
                self.keep(line);
                Heard::Refused
            }
            _ => Heard::Nothing,
        }
    }

    fn hear_joining(&mut self, verb: &[u8], line: &[u8], left: usize, out: &mut Vec<u8>) -> Heard {
        match verb {
            b"366" if left <= 1 => {
                self.phase = Phase::Live;
                Heard::Joined
            }
            b"366" => {
                self.phase = Phase::Joining(left - 1);
                Heard::Nothing
            }
            // It may have happened. If it did, asking again says nothing; who is there is said in any case.
            b"FAIL" if let Some(room) = unknown_join(line) => {
                say(out, &format!("JOIN {room}\r\nNAMES {room}"));
                Heard::Nothing
            }
            // No such room, too many rooms, full, invite only, banned, bad key, not now.
            b"403" | b"405" | b"437" | b"471" | b"473" | b"474" | b"475" | b"477" | b"FAIL" => {
                self.keep(line);
                Heard::Refused
            }
            _ => Heard::Nothing,
        }
    }

    fn keep(&mut self, line: &[u8]) {
        self.last_words = String::from_utf8_lossy(line).into_owned();
    }
}

/// The room of `FAIL JOIN OUTCOME_UNKNOWN room :…`.
fn unknown_join(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    text.split_once("FAIL JOIN OUTCOME_UNKNOWN ")?.1.split(' ').next()
}

fn say(out: &mut Vec<u8>, line: &str) {
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
