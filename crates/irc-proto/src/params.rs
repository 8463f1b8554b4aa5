//! The parameters of one line, in an array: parsing them allocates nothing.

use crate::limits::PARAMS_MAX;
use std::ops::Deref;

/// At most 15 parameters; a slice of `&str` to whoever reads them.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    items: [&'a str; PARAMS_MAX],
    count: u8, // At most PARAMS_MAX.
}

impl<'a> Params<'a> {
    /// Splits what follows the verb: words between spaces, then one that begins with `:` and may
    /// hold spaces. The fifteenth takes the rest of the line even without `:` (RFC 2812 2.3.1).
    pub fn parse(raw: &'a str) -> Params<'a> {
        let mut params = Params { items: [""; PARAMS_MAX], count: 0 };
        let mut rest = raw;
        loop {
            rest = skip_spaces(rest);
            if rest.is_empty() {
                return params;
            }
            if let Some(trailing) = rest.strip_prefix(':') {
                params.push(trailing);
                return params;
            }
            if usize::from(params.count) == PARAMS_MAX - 1 {
                params.push(rest);
                return params;
            }
            let (word, after) = split_word(rest);
            params.push(word);
            rest = after;
        }
    }

    /// The parameters, living as long as the line they came from.
    pub fn as_slice(&self) -> &[&'a str] {
        &self.items[..usize::from(self.count)]
    }

    fn push(&mut self, param: &'a str) {
        self.items[usize::from(self.count)] = param;
        self.count += 1;
    }
}

impl<'a> Deref for Params<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        self.as_slice()
    }
}

impl std::fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl PartialEq for Params<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Params<'_> {}

/// Only the space separates (Modern, "message format"); a tab is a letter like any other.
pub(crate) fn skip_spaces(text: &str) -> &str {
    let spaces = text.bytes().take_while(|it| *it == b' ').count();
    &text[spaces..]
}

/// The text up to the first space, and all that follows from that space on.
pub(crate) fn split_word(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|it| it == b' ').unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parses_to(raw: &str, expected: &[&str]) {
        assert_eq!(Params::parse(raw).as_slice(), expected, "of {raw:?}");
    }

    #[test]
    fn a_colon_begins_the_last_parameter() {
        parses_to("", &[]);
        parses_to("   ", &[]);
        parses_to(" #rust :hello world", &["#rust", "hello world"]);
        parses_to(" #rust :", &["#rust", ""]);
        parses_to(" #rust ::-)", &["#rust", ":-)"]);
        parses_to(" a:b c", &["a:b", "c"]);
    }

    #[test]
    fn runs_of_spaces_separate_once() {
        parses_to("  a   b  ", &["a", "b"]);
        parses_to(" a  :  b ", &["a", "  b "]);
        parses_to(" a\tb", &["a\tb"]);
    }

    #[test]
    fn the_fifteenth_takes_the_rest() {
        let raw = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17";
        let params = Params::parse(raw);
        assert_eq!(params.len(), PARAMS_MAX);
        assert_eq!(params[14], "15 16 :17");
        let raw = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16";
        assert_eq!(Params::parse(raw)[14], "15 16");
    }
}
