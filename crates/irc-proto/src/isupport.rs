//! `005 RPL_ISUPPORT`: what this server can, in as few lines as hold it.
//!
//! [Modern IRC, feature advertisement](https://modern.ircdocs.horse/#feature-advertisement).

use crate::build::LineWriter;
use crate::numeric::RPL_ISUPPORT;

const TRAILING: &str = "are supported by this server";

/// Tokens in one line: fifteen parameters are the client, the text, and these.
const TOKENS_MAX: usize = 13;

/// The tokens, put together once for all clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Isupport {
    tokens: Vec<String>,
}

impl Isupport {
    /// No tokens yet.
    pub fn new() -> Isupport {
        Isupport::default()
    }

    /// Adds a token without value, or `-TOKEN` to take one back.
    pub fn flag(&mut self, token: &str) -> &mut Self {
        self.tokens.push(token.to_owned());
        self
    }

    /// Adds a token with its value. What cannot stand there is written as `\xHH`: spaces, `=` and
    /// backslashes, and control characters.
    pub fn value(&mut self, token: &str, value: impl std::fmt::Display) -> &mut Self {
        let mut text = format!("{token}=");
        for it in value.to_string().chars() {
            match it {
                ' ' | '\\' | '=' | '\0'..='\x1f' | '\x7f' => {
                    text.push_str(&format!("\\x{:02X}", u32::from(it)));
                }
                other => text.push(other),
            }
        }
        self.tokens.push(text);
        self
    }

    /// Writes the lines for one client.
    pub fn write(&self, out: &mut Vec<u8>, server: &str, client: &str) {
        let mut tokens = self.tokens.iter().peekable();
        while let Some(first) = tokens.next() {
            let mut line = LineWriter::reply(out, server, RPL_ISUPPORT, client);
            line.param(first);
            for _ in 1..TOKENS_MAX {
                let room = line.room().saturating_sub(" :".len() + TRAILING.len());
                let Some(token) = tokens.next_if(|it| it.len() < room) else {
                    break;
                };
                line.param(token);
            }
            line.trailing(TRAILING).finish();
        }
    }
}

/// Undoes the escapes of a value, as a client does. What is no escape stays as it is.
pub fn unescape(value: &str) -> String {
    let mut parts = value.split("\\x");
    let mut text = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let digits = part.get(..2).filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()));
        match digits.and_then(|it| u8::from_str_radix(it, 16).ok()).filter(u8::is_ascii) {
            Some(byte) => {
                text.push(char::from(byte));
                text.push_str(&part[2..]);
            }
            None => {
                text.push_str("\\x");
                text.push_str(part);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Line;
    use proptest::prelude::*;

    fn written(isupport: &Isupport) -> Vec<String> {
        let mut out = Vec::new();
        isupport.write(&mut out, "n1", "alice");
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn tokens_and_values() {
        let mut isupport = Isupport::new();
        isupport
            .value("NETWORK", "My Net")
            .value("NICKLEN", 32)
            .flag("SAFELIST")
            .value("EXCEPTS", "");
        let expected = r":n1 005 alice NETWORK=My\x20Net NICKLEN=32 SAFELIST EXCEPTS= :are supported by this server";
        assert_eq!(written(&isupport), [expected]);
        assert_eq!(unescape(r"My\x20Net\x5Cx20\x3d\xZ9\x"), r"My Net\x20=\xZ9\x");
    }

    #[test]
    fn thirteen_tokens_to_a_line() {
        let mut isupport = Isupport::new();
        for it in 0..27 {
            isupport.value("T", it);
        }
        let lines = written(&isupport);
        let counts = lines.iter().map(|it| Line::parse(it.as_bytes()).unwrap().params.len());
        assert_eq!(counts.collect::<Vec<_>>(), [15, 15, 3]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(values in prop::collection::vec("[ -~é]{0,90}", 0..30)) {
            let mut isupport = Isupport::new();
            for value in &values {
                isupport.value("KEY", value);
            }
            let mut read = Vec::new();
            for line in written(&isupport) {
                let line = Line::parse(line.as_bytes()).unwrap();
                let (text, tokens) = line.params[1..].split_last().unwrap();
                prop_assert_eq!(*text, TRAILING);
                read.extend(tokens.iter().map(|it| unescape(it.strip_prefix("KEY=").unwrap())));
            }
            prop_assert_eq!(read, values);
        }
    }
}
