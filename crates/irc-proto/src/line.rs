//! One line, taken apart without copying a byte of it.
//!
//! Grammar: [Modern IRC, message format](https://modern.ircdocs.horse/#message-format) and
//! [message-tags](https://ircv3.net/specs/extensions/message-tags). All lines are UTF-8
//! ([utf8-only](https://ircv3.net/specs/extensions/utf8-only)).

use crate::limits::{BODY_BYTES_MAX, CLIENT_TAGS_BYTES_MAX, TAGS_BYTES_MAX};
use crate::params::{Params, skip_spaces, split_word};
use crate::tags::Tags;
use std::borrow::Cow;

/// A line somebody sent, borrowed from the bytes it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What stood between `@` and the first space; values are unescaped when looked at.
    pub tags: Tags<'a>,
    /// Who it is from, without the `:`. Servers ignore what clients write here.
    pub source: Option<&'a str>,
    /// The command or the three digits, as written: compare with [`Line::is_verb`].
    pub verb: &'a str,
    /// What the command is about.
    pub params: Params<'a>,
}

/// Why some bytes are no line. None of it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing but spaces: skipped in silence (RFC 1459 2.3.1).
    #[error("empty line")]
    Empty,
    /// The tags pass their limit: `417 ERR_INPUTTOOLONG`.
    #[error("tags too long")]
    TagsTooLong,
    /// The rest passes its limit: `417 ERR_INPUTTOOLONG`.
    #[error("line too long")]
    TooLong,
    /// Holds a NUL, or a CR or LF that does not end it.
    #[error("NUL, CR or LF inside the line")]
    Nul,
    /// `FAIL <verb> INVALID_UTF8`; [`salvage`] finds the verb.
    #[error("not UTF-8")]
    NotUtf8,
    /// Tags or a source, but no verb after them; or a source without a name.
    #[error("malformed line")]
    Malformed,
}

impl<'a> Line<'a> {
    /// Parses a line from a client, given without its CR LF.
    pub fn parse(bytes: &'a [u8]) -> Result<Line<'a>, LineError> {
        parse(bytes, CLIENT_TAGS_BYTES_MAX)
    }

    /// Parses a line from a server, which may add its own tags to those of a client.
    pub fn parse_from_server(bytes: &'a [u8]) -> Result<Line<'a>, LineError> {
        parse(bytes, TAGS_BYTES_MAX)
    }

    /// Verbs are compared without regard to case.
    pub fn is_verb(&self, verb: &str) -> bool {
        self.verb.eq_ignore_ascii_case(verb)
    }

    /// The three digits, if the verb is made of them; compare with [`crate::numeric`].
    pub fn numeric(&self) -> Option<u16> {
        let &[hundreds, tens, ones] = self.verb.as_bytes() else {
            return None;
        };
        let digits = [hundreds, tens, ones];
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0, |sum, it| sum * 10 + u16::from(it - b'0')))
    }

    /// The nick of the source, or the whole source if it is a server's name.
    pub fn source_nick(&self) -> Option<&'a str> {
        let source = self.source?;
        Some(source.split(['!', '@']).next().unwrap_or(source))
    }

    /// The unescaped value of a tag; empty if the tag stands there without one.
    pub fn tag(&self, key: &str) -> Option<Cow<'a, str>> {
        self.tags.get(key)
    }

    /// The last parameter, where text stands.
    pub fn last(&self) -> Option<&'a str> {
        self.params.last().copied()
    }
}

fn parse(bytes: &[u8], tags_bytes_max: usize) -> Result<Line<'_>, LineError> {
    let tags_bytes = match bytes.first() {
        Some(b'@') => bytes.iter().position(|it| *it == b' ').map_or(bytes.len(), |it| it + 1),
        _ => 0,
    };
    if tags_bytes_max < tags_bytes {
        return Err(LineError::TagsTooLong);
    }
    if BODY_BYTES_MAX < bytes.len() - tags_bytes {
        return Err(LineError::TooLong);
    }
    // No early exit, so that the compiler looks at many bytes at once.
    if bytes.iter().fold(false, |found, it| found | matches!(it, b'\0' | b'\r' | b'\n')) {
        return Err(LineError::Nul);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| LineError::NotUtf8)?;
    let (tags, body) = text.split_at(tags_bytes);
    parse_body(tags, body)
}

fn parse_body<'a>(tags: &'a str, body: &'a str) -> Result<Line<'a>, LineError> {
    let mut rest = skip_spaces(body);
    if rest.is_empty() {
        return Err(if tags.is_empty() { LineError::Empty } else { LineError::Malformed });
    }
    let mut source = None;
    if let Some(after_colon) = rest.strip_prefix(':') {
        let (name, after) = split_word(after_colon);
        source = Some(name);
        rest = skip_spaces(after);
    }
    let (verb, rest) = split_word(rest);
    // Any other word may be a verb: the answer to one we do not know is 421, with the word in it.
    if source == Some("") || verb.is_empty() || verb.starts_with(':') {
        return Err(LineError::Malformed);
    }
    let tags = Tags::from_raw(tags.strip_prefix('@').unwrap_or(tags).trim_end_matches(' '));
    Ok(Line { tags, source, verb, params: Params::parse(rest) })
}

/// What can still be read of a line that was refused, so that the answer names its command and its
/// label: the tags if they are sound by themselves, and the verb if it is ASCII.
pub fn salvage(bytes: &[u8]) -> (Tags<'_>, Option<&str>) {
    let mut words = bytes.split(|it| *it == b' ').filter(|it| !it.is_empty()).peekable();
    let mut tags = Tags::default();
    if let Some(raw) = words.next_if(|it| it.starts_with(b"@"))
        && let Ok(raw) = std::str::from_utf8(&raw[1..])
        && raw.len() + 2 <= CLIENT_TAGS_BYTES_MAX
        && !raw.contains(['\0', '\r', '\n'])
    {
        tags = Tags::from_raw(raw);
    }
    words.next_if(|it| it.starts_with(b":"));
    let verb = words.next().filter(|it| it.len() <= BODY_BYTES_MAX);
    let verb = verb.filter(|it| it.iter().all(u8::is_ascii_alphanumeric));
    (tags, verb.and_then(|it| std::str::from_utf8(it).ok()))
}

#[cfg(test)]
mod tests;
