//! What may be a name. How long one may be is the caller's to say.

/// A nick of letters, digits and ``[]\`_^{|}-``, beginning with neither digit nor `-`
/// ([RFC 2812 2.3.1](https://www.rfc-editor.org/rfc/rfc2812#section-2.3.1)).
pub fn is_valid_nick(raw: &str, bytes_max: usize) -> bool {
    let is_special =
        |it: u8| matches!(it, b'[' | b']' | b'\\' | b'`' | b'_' | b'^' | b'{' | b'|' | b'}');
    let begins = |it: u8| it.is_ascii_alphabetic() || is_special(it);
    let goes_on = |it: u8| begins(it) || it.is_ascii_digit() || it == b'-';
    raw.len() <= bytes_max && raw.bytes().next().is_some_and(begins) && raw.bytes().all(goes_on)
}

/// A user name as it may stand between `!` and `@`: letters, digits and `._-~`. RFC 2812 allows
/// more; what is shown to others is better narrow.
pub fn is_valid_username(raw: &str, bytes_max: usize) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-' | b'~');
    (1..=bytes_max).contains(&raw.len()) && raw.bytes().all(is_letter)
}

/// Whether a target means a channel at all (`CHANTYPES=#`), valid or not.
pub fn is_channel(target: &str) -> bool {
    target.starts_with('#')
}

/// A channel name: `#` and at least one more letter, without comma, white space and control
/// characters, BEL among them ([Modern, channels](https://modern.ircdocs.horse/#channels)).
pub fn is_valid_channel(raw: &str, bytes_max: usize) -> bool {
    let is_letter = |it: char| it != ',' && !it.is_control() && !it.is_whitespace();
    raw.len() <= bytes_max && raw.len() > 1 && is_channel(raw) && raw.chars().all(is_letter)
}

/// A channel key: one word that can be sent as a parameter and in the key list of JOIN.
pub fn is_valid_key(raw: &str, bytes_max: usize) -> bool {
    let is_letter = |it: char| it != ',' && !it.is_control() && !it.is_whitespace();
    (1..=bytes_max).contains(&raw.len()) && !raw.starts_with(':') && raw.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks() {
        for valid in ["a", "Dan", "dan-1", "[dan]", "\\`_^{|}", "x23456789"] {
            assert!(is_valid_nick(valid, 9), "{valid}");
        }
        for invalid in ["", "1dan", "-dan", "dan!", "d n", "dän", "*", "#dan", "x234567890", "a.b"]
        {
            assert!(!is_valid_nick(invalid, 9), "{invalid}");
        }
    }

    #[test]
    fn usernames() {
        assert!(is_valid_username("~dan.d_1-2", 10));
        for invalid in ["", "d@n", "d!n", "d n", "dän", "x2345678901"] {
            assert!(!is_valid_username(invalid, 10), "{invalid}");
        }
    }

    #[test]
    fn channels() {
        for valid in ["#a", "##", "#rust:lang", "#müll", "#日本"] {
            assert!(is_channel(valid) && is_valid_channel(valid, 10), "{valid}");
        }
        for invalid in ["", "#", "a", "&a", "#a b", "#a,b", "#a\u{7}", "#a\u{a0}b", "#x23456789x"] {
            assert!(!is_valid_channel(invalid, 10), "{invalid}");
        }
    }

    #[test]
    fn keys() {
        assert!(is_valid_key("s3cret!", 10));
        for invalid in ["", ":a", "a,b", "a b", "x2345678901"] {
            assert!(!is_valid_key(invalid, 10), "{invalid}");
        }
    }
}
