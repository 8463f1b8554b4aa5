//! Writes one line at the end of a buffer, with no allocation of its own.
//!
//! Promise: whatever the values hold, what comes out is one line: CR, LF and NUL never get through,
//! the body ends within its limit at a whole character, the tags within theirs.

use crate::limits::{BODY_BYTES_MAX, TAGS_BYTES_MAX};
use crate::tags::{Tag, escape, is_valid_key};

/// Appends a line to a buffer: tags, source, verb, parameters, and [`LineWriter::finish`].
///
/// ```
/// use irc_proto::LineWriter;
/// let mut out = Vec::new();
/// LineWriter::new(&mut out)
///     .tag("msgid", "a b")
///     .source_user("alice", "a", "host")
///     .verb("PRIVMSG")
///     .param("#rust")
///     .trailing("hello world")
///     .finish();
/// assert_eq!(out, b"@msgid=a\\sb :alice!a@host PRIVMSG #rust :hello world\r\n");
/// ```
#[derive(Debug)]
pub struct LineWriter<'a> {
    out: &'a mut Vec<u8>,
    line_start: usize,
    /// Where the body begins, once there is one: no tags after that.
    body_start: Option<usize>,
}

impl<'a> LineWriter<'a> {
    /// Begins a line at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> LineWriter<'a> {
        let line_start = out.len();
        LineWriter { out, line_start, body_start: None }
    }

    /// Begins `:server NNN client`, as every numeric reply does. `*` is a client without a nick.
    pub fn reply(out: &'a mut Vec<u8>, server: &str, code: u16, client: &str) -> LineWriter<'a> {
        let mut line = LineWriter::new(out);
        line.source(server).numeric(code).param(client);
        line
    }

    /// Adds a tag. Left out: a key that is none, a tag after the body began, and one that would
    /// take the tags past their limit.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.tag_with(key, |out| escape(value, out))
    }

    /// Adds a tag as it was received, its value still escaped.
    pub fn relay_tag(&mut self, tag: Tag<'_>) -> &mut Self {
        self.tag_with(tag.key, |out| push_clean(out, tag.raw_value, b" ;", b'_'))
    }

    /// Adds the tag `time` of [server-time](https://ircv3.net/specs/extensions/server-time).
    pub fn time_tag(&mut self, unix_ms: u64) -> &mut Self {
        self.tag_with("time", |out| crate::time::write(unix_ms, out))
    }

    /// Who the line is from: a server, or a whole `nick!user@host`.
    pub fn source(&mut self, source: &str) -> &mut Self {
        self.begin_body();
        self.out.push(b':');
        push_clean(self.out, source, b" ", b'_');
        self
    }

    /// Who the line is from, put together from its parts.
    pub fn source_user(&mut self, nick: &str, user: &str, host: &str) -> &mut Self {
        self.source(nick);
        self.out.push(b'!');
        push_clean(self.out, user, b" ", b'_');
        self.out.push(b'@');
        push_clean(self.out, host, b" ", b'_');
        self
    }

    /// The command.
    pub fn verb(&mut self, verb: &str) -> &mut Self {
        self.separate();
        push_clean(self.out, verb, b" ", b'_');
        self
    }

    /// A numeric reply as a verb, always of three digits.
    pub fn numeric(&mut self, code: u16) -> &mut Self {
        self.separate();
        let digit = |it: u16| b'0' + (it % 10) as u8;
        self.out.extend_from_slice(&[digit(code / 100), digit(code / 10), digit(code)]);
        self
    }

    /// A parameter of one word. What cannot stand in one is changed to `_`: spaces and a `:` at
    /// the beginning; an empty one becomes `*`. For free text there is [`LineWriter::trailing`].
    pub fn param(&mut self, word: &str) -> &mut Self {
        self.separate();
        let word = match word.strip_prefix(':') {
            Some(rest) => {
                self.out.push(b'_');
                rest
            }
            None if word.is_empty() => "*",
            None => word,
        };
        push_clean(self.out, word, b" ", b'_');
        self
    }

    /// A number as a parameter.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.separate();
        push_decimal(self.out, number);
        self
    }

    /// The last parameter: any text. CR, LF and NUL become spaces. It is always written with `:`,
    /// so no client has to guess.
    pub fn trailing(&mut self, text: &str) -> &mut Self {
        self.separate();
        self.out.push(b':');
        push_clean(self.out, text, b"", b' ');
        self
    }

    /// Adds to the last parameter, where a list of words goes. See [`LineWriter::room`].
    pub fn more(&mut self, text: &str) -> &mut Self {
        self.begin_body();
        push_clean(self.out, text, b"", b' ');
        self
    }

    /// How many more bytes the body can take, to end a list before the limit would cut it.
    pub fn room(&self) -> usize {
        let body_bytes = self.body_start.map_or(0, |start| self.out.len() - start);
        BODY_BYTES_MAX.saturating_sub(body_bytes)
    }

    /// Ends the line: cut to its limit at a whole character, then CR LF.
    pub fn finish(&mut self) {
        let body_start = self.begin_body();
        let limit = body_start + BODY_BYTES_MAX;
        if limit < self.out.len() {
            let is_inside_character = |it: u8| it & 0b1100_0000 == 0b1000_0000;
            let mut end = limit;
            while body_start < end && is_inside_character(self.out[end]) {
                end -= 1;
            }
            self.out.truncate(end);
        }
        self.out.extend_from_slice(b"\r\n");
    }

    /// Ends the line with a body written before, CR LF included: what all recipients get alike is
    /// encoded once, and only the tags differ.
    pub fn finish_with(&mut self, body: &[u8]) {
        self.begin_body();
        self.out.extend_from_slice(body);
    }

    fn tag_with(&mut self, key: &str, write_value: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        if self.body_start.is_some() || !is_valid_key(key) {
            return self;
        }
        let before = self.out.len();
        self.out.push(if before == self.line_start { b'@' } else { b';' });
        self.out.extend_from_slice(key.as_bytes());
        let without_value = self.out.len();
        self.out.push(b'=');
        write_value(self.out);
        if self.out.len() == without_value + 1 {
            self.out.truncate(without_value); // "Implementations SHOULD NOT send `key=`".
        }
        // One byte is for the space after the tags.
        if TAGS_BYTES_MAX < self.out.len() + 1 - self.line_start {
            self.out.truncate(before);
        }
        self
    }

    fn begin_body(&mut self) -> usize {
        if let Some(start) = self.body_start {
            return start;
        }
        if self.line_start < self.out.len() {
            self.out.push(b' ');
        }
        *self.body_start.insert(self.out.len())
    }

    fn separate(&mut self) {
        if self.begin_body() < self.out.len() {
            self.out.push(b' ');
        }
    }
}

/// Appends text without CR, LF, NUL and the `also` forbidden ones, each replaced by `instead`.
fn push_clean(out: &mut Vec<u8>, text: &str, also: &[u8], instead: u8) {
    let is_bad = |it: u8| matches!(it, b'\0' | b'\r' | b'\n') || also.contains(&it);
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    // Looks first, without early exit: nearly all text is clean.
    if text.bytes().fold(false, |found, it| found | is_bad(it)) {
        for it in out[start..].iter_mut().filter(|it| is_bad(**it)) {
            *it = instead;
        }
    }
}

fn push_decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20]; // u64::MAX has 20.
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests;
