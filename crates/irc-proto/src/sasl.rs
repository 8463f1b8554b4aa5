//! SASL as IRC carries it: base64 in chunks of 400.
//!
//! Follows [sasl-3.2](https://ircv3.net/specs/extensions/sasl-3.2), and for PLAIN RFC 4616.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A chunk of this length is followed by another one.
pub const CHUNK_BYTES: usize = 400;
/// The longest payload, in bytes of base64: far more than any mechanism of ours needs.
pub const PAYLOAD_BYTES_MAX: usize = 4_096;

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// The password itself (RFC 4616).
    Plain,
    /// What TLS has proved (RFC 4422, appendix A).
    External,
    /// A proof of the password (RFC 5802, RFC 7677).
    ScramSha256,
}

impl Mechanism {
    /// As the capability and `908 RPL_SASLMECHS` list them.
    pub const NAMES: &str = "PLAIN,EXTERNAL,SCRAM-SHA-256";

    /// The mechanism of a name, in any case.
    pub fn from_name(name: &str) -> Option<Mechanism> {
        match name.to_ascii_uppercase().as_str() {
            "PLAIN" => Some(Mechanism::Plain),
            "EXTERNAL" => Some(Mechanism::External),
            "SCRAM-SHA-256" => Some(Mechanism::ScramSha256),
            _ => None,
        }
    }
}

/// A payload, as far as it has come. Holds at most [`PAYLOAD_BYTES_MAX`].
#[derive(Debug, Default, Clone)]
pub struct Payload(String);

/// What a chunk made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// There is more to come.
    Partial,
    /// That was all.
    Whole(Vec<u8>),
    /// A chunk, or all of them, are longer than they may be.
    TooLong,
    /// It is not base64.
    Malformed,
}

impl Payload {
    /// The parameter of one AUTHENTICATE. After anything but `Partial` the next one begins anew.
    pub fn take(&mut self, chunk: &str) -> Progress {
        if chunk.len() > CHUNK_BYTES || self.0.len() + chunk.len() > PAYLOAD_BYTES_MAX {
            self.0.clear();
            return Progress::TooLong;
        }
        if chunk != "+" {
            self.0.push_str(chunk);
        }
        if chunk.len() == CHUNK_BYTES {
            return Progress::Partial;
        }
        let whole = std::mem::take(&mut self.0);
        BASE64.decode(whole).map_or(Progress::Malformed, Progress::Whole)
    }
}

/// The parameters of the AUTHENTICATE lines that carry this.
pub fn chunks(payload: &[u8]) -> Vec<String> {
    let whole = BASE64.encode(payload);
    let mut chunks: Vec<String> = whole
        .as_bytes()
        .chunks(CHUNK_BYTES)
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .collect();
    if chunks.last().is_none_or(|it| it.len() == CHUNK_BYTES) {
        chunks.push("+".to_owned());
    }
    chunks
}

/// A message of PLAIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain<'a> {
    /// Whom to act as; mostly empty.
    pub authzid: &'a str,
    /// Whose password it is.
    pub authcid: &'a str,
    /// The password.
    pub password: &'a str,
}

impl<'a> Plain<'a> {
    /// Reads `authzid NUL authcid NUL password`; `None`: it is none, is not UTF-8, or names nobody.
    pub fn parse(message: &'a [u8]) -> Option<Plain<'a>> {
        let mut parts = std::str::from_utf8(message).ok()?.split('\0');
        let plain =
            Plain { authzid: parts.next()?, authcid: parts.next()?, password: parts.next()? };
        let is_whole = parts.next().is_none() && !plain.authcid.is_empty();
        is_whole.then_some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_payload_ends_with_its_first_short_chunk() {
        let mut it = Payload::default();
        assert_eq!(it.take("YWJj"), Progress::Whole(b"abc".to_vec()));
        assert_eq!(it.take("+"), Progress::Whole(Vec::new()));
        assert_eq!(it.take(&"YWJj".repeat(100)), Progress::Partial);
        assert_eq!(it.take("+"), Progress::Whole(b"abc".repeat(100)));
    }

    #[test]
    fn what_is_too_long_or_no_base64_is_refused_and_forgotten() {
        let mut it = Payload::default();
        let full = "YWJj".repeat(100);
        assert_eq!(it.take(&full), Progress::Partial);
        assert_eq!(it.take(&"x".repeat(65_536)), Progress::TooLong);
        assert_eq!(it.take("YWJj"), Progress::Whole(b"abc".to_vec()));
        for _ in 0..PAYLOAD_BYTES_MAX / CHUNK_BYTES {
            assert_eq!(it.take(&full), Progress::Partial);
        }
        assert_eq!(it.take(&full), Progress::TooLong);
        for bad in ["YWJ", "*", "é", "YW Jj", "YWJj=", "-_-_"] {
            assert_eq!(it.take(bad), Progress::Malformed, "{bad}");
        }
    }

    #[test]
    fn messages_of_plain() {
        let parsed =
            |it: &'static [u8]| Plain::parse(it).map(|it| (it.authzid, it.authcid, it.password));
        assert_eq!(parsed(b"\0alice\0secret"), Some(("", "alice", "secret")));
        assert_eq!(parsed(b"alice\0alice\0"), Some(("alice", "alice", "")));
        for bad in
            [&b""[..], b"\0\0", b"alice", b"a\0b", b"\0\0secret", b"a\0b\0c\0d", b"\0a\0\xff"]
        {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_cut_comes_together_again(payload in prop::collection::vec(any::<u8>(), 0..1_500)) {
            let mut it = Payload::default();
            let mut chunks = chunks(&payload).into_iter().map(|chunk| it.take(&chunk)).collect::<Vec<_>>();
            prop_assert_eq!(chunks.pop(), Some(Progress::Whole(payload)));
            prop_assert!(chunks.iter().all(|it| *it == Progress::Partial));
        }

        #[test]
        fn no_chunk_panics(chunks in prop::collection::vec(".{0,40}|[A-Za-z0-9+/=]{396,404}", 0..20)) {
            let mut it = Payload::default();
            for chunk in chunks {
                if let Progress::Whole(payload) = it.take(&chunk) {
                    let _ = Plain::parse(&payload);
                }
            }
        }
    }
}
