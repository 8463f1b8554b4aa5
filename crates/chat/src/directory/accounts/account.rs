//! What is kept of an account.

use crate::{Nick, Stamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Who somebody is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// As its owner wrote it. It is a nick, too, and nobody else's.
    pub name: Nick,
    /// When it was registered.
    pub registered_at: Stamp,
    /// What its password is checked against; `None`: it has only certificates.
    pub credentials: Option<Arc<Credentials>>,
    /// Client certificates that log in to it, the oldest first.
    pub certificates: Vec<Fingerprint>,
    /// Where its owner can be reached.
    pub email: Option<Arc<str>>,
    /// Somebody proved to read what is sent there.
    pub is_verified: bool,
    /// Its session shall outlive its connections.
    pub is_always_on: bool,
}

/// What a password is checked against. The password cannot be computed from it, only guessed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// An argon2id hash in PHC form: for passwords that are sent as they are (SASL PLAIN).
    pub hash: Arc<str>,
    /// For passwords that are only proved (SASL SCRAM-SHA-256).
    pub scram: ScramKeys,
}

/// RFC 5802, section 3: what a server keeps.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScramKeys {
    /// Random.
    pub salt: [u8; 16],
    /// Of PBKDF2.
    pub iterations: u32,
    /// A client's proof is checked against it.
    pub stored_key: [u8; 32],
    /// The server proves with it that it knows the account.
    pub server_key: [u8; 32],
}

/// SHA-256 of a client certificate (DER).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|it| write!(f, "{it:02x}"))
    }
}

impl Fingerprint {
    /// 64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` prints them: with colons or without,
    /// in either case. `None`: these are none.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Fingerprint> {
        let digits: Vec<u8> = raw
            .chars()
            .filter(|it| *it != ':')
            .map(|it| it.to_digit(16).and_then(|it| u8::try_from(it).ok()))
            .collect::<Option<_>>()?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|it| it[0] << 4 | it[1]).collect();
        let is_even = digits.len().is_multiple_of(2);
        bytes.try_into().ok().filter(|_| is_even).map(Fingerprint)
    }
}

/// Nothing of it belongs into a log file.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScramKeys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_shown_and_as_openssl_shows_it() {
        let it = Fingerprint(std::array::from_fn(|at| (at * 8 + 5) as u8));
        let shown = it.to_string();
        let with_colons: Vec<&str> = (0..32).map(|at| &shown[at * 2..at * 2 + 2]).collect();
        assert_eq!(Fingerprint::parse(&shown), Some(it));
        assert_eq!(Fingerprint::parse(&with_colons.join(":").to_uppercase()), Some(it));
        let short = &shown[1..];
        for none in ["", "ab", short, &format!("{shown}a"), &format!("g{short}"), "é"] {
            assert_eq!(Fingerprint::parse(none), None, "{none}");
        }
    }
}
