//! Nicks and room names: text becomes a type once, at the door.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Longest room name, in bytes: it and a nick fit any numeric in one 512-byte line.
pub const ROOM_NAME_BYTES_MAX: usize = 64;
/// Longest nick any configuration may allow, in bytes.
pub const NICK_BYTES_MAX: usize = 64;

/// Folds by CASEMAPPING=ascii: names that fold alike are one name.
#[must_use]
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A public name, as its owner writes it. Compare with [`Nick::key`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Nick(Arc<str>);

/// The text can be nobody's nick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid nick")]
pub struct InvalidNick;

impl Nick {
    /// RFC 2812 section 2.3.1, with our own length: letters, digits and ``-[]\`_^{|}``, not
    /// beginning with a digit or `-`.
    pub fn parse(raw: &str, length_max: usize) -> Result<Nick, InvalidNick> {
        let special = |b: u8| b"[]\\`_^{|}".contains(&b);
        let bytes = raw.as_bytes();
        let Some((first, rest)) = bytes.split_first() else {
            return Err(InvalidNick);
        };
        let is_valid = bytes.len() <= length_max.min(NICK_BYTES_MAX)
            && (first.is_ascii_alphabetic() || special(*first))
            && rest.iter().all(|b| b.is_ascii_alphanumeric() || special(*b) || *b == b'-');
        is_valid.then(|| Nick(raw.into())).ok_or(InvalidNick)
    }

    /// As its owner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folded form by which nicks are unique.
    #[must_use]
    pub fn key(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a room, folded: two spellings of one name are equal here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RoomName(Arc<str>);

/// The text can name no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid room name")]
pub struct InvalidRoomName;

impl RoomName {
    /// `#` and at least one more character; no control character, space, comma or colon.
    pub fn parse(raw: &str) -> Result<RoomName, InvalidRoomName> {
        match raw.strip_prefix('#') {
            Some(rest)
                if !rest.is_empty()
                    && raw.len() <= ROOM_NAME_BYTES_MAX
                    && !rest.contains(|c: char| c.is_control() || " ,:".contains(c)) =>
            {
                Ok(RoomName(fold(raw).into()))
            }
            _ => Err(InvalidRoomName),
        }
    }

    /// The folded name, with its `#`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_nick(raw: &str) -> bool {
        Nick::parse(raw, 8).is_ok()
    }

    #[test]
    fn a_nick_begins_with_a_letter_or_a_sign_and_goes_on_with_digits_and_hyphens_too() {
        for raw in ["a", "Z", "[]\\`_^{", "|", "}", "a-1", "_0", "x8xxxxxx"] {
            assert!(is_nick(raw), "{raw}");
        }
        for raw in ["", "1a", "-a", "a b", "a!b", "a.b", "#a", "é", "aé", "x9xxxxxxx"] {
            assert!(!is_nick(raw), "{raw}");
        }
    }

    #[test]
    fn no_configuration_allows_a_nick_that_does_not_fit_a_line() {
        let longest = "a".repeat(NICK_BYTES_MAX);
        assert!(Nick::parse(&longest, 1_000).is_ok());
        assert!(Nick::parse(&format!("{longest}a"), 1_000).is_err());
    }

    #[test]
    fn a_nick_is_kept_as_written_and_known_by_its_folded_form() {
        let nick = Nick::parse("Alice[1]", 8).expect("a nick");
        assert_eq!((nick.as_str(), nick.key().as_str()), ("Alice[1]", "alice[1]"));
    }

    #[test]
    fn a_room_name_is_folded_and_has_nothing_in_it_that_would_end_it_on_a_line() {
        let name = RoomName::parse("#Rust-É").expect("a room's name");
        assert_eq!(name.as_str(), "#rust-É");
        assert_eq!(Borrow::<str>::borrow(&name), "#rust-É");
        for raw in ["", "#", "rust", "#a b", "#a,b", "#a:b", "#a\u{7}b", "#a\n"] {
            assert!(RoomName::parse(raw).is_err(), "{raw:?}");
        }
        let longest = "#".repeat(ROOM_NAME_BYTES_MAX);
        assert!(RoomName::parse(&longest).is_ok());
        assert!(RoomName::parse(&format!("{longest}#")).is_err());
    }
}
