//! Message tags: keys, and values that are unescaped only when somebody looks.
//!
//! Follows [message-tags](https://ircv3.net/specs/extensions/message-tags).

use std::borrow::Cow;

/// The tags of one line as they stood there, without `@`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tags<'a> {
    raw: &'a str,
}

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The key, with `+` and vendor.
    pub key: &'a str,
    /// The value as it stands on the wire; no value and an empty one are the same.
    pub raw_value: &'a str,
}

impl<'a> Tags<'a> {
    /// Tags as written on the wire or by [`Tags::write_client_only`], without `@` and space.
    pub fn from_raw(raw: &'a str) -> Tags<'a> {
        Tags { raw }
    }

    /// The tags as they stood on the wire.
    pub fn as_raw(&self) -> &'a str {
        self.raw
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// All tags in the order they stand there, repeated ones too.
    pub fn iter(&self) -> impl Iterator<Item = Tag<'a>> + use<'a> {
        let tags = self.raw.split(';').map(|it| {
            let (key, raw_value) = it.split_once('=').unwrap_or((it, ""));
            Tag { key, raw_value }
        });
        tags.filter(|it| !it.key.is_empty())
    }

    /// The unescaped value of a tag. Of a repeated key the last one counts.
    pub fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        self.iter().filter(|it| it.key == key).last().map(|it| it.value())
    }

    /// The tags a server passes on from one client to others: valid keys that begin with `+`.
    pub fn client_only(&self) -> impl Iterator<Item = Tag<'a>> + use<'a> {
        self.iter().filter(|it| it.is_client_only())
    }

    /// Appends the client-only tags in wire form, for [`Tags::from_raw`] to read again.
    pub fn write_client_only(&self, out: &mut String) {
        for (place, it) in self.client_only().enumerate() {
            if place > 0 {
                out.push(';');
            }
            out.push_str(it.key);
            if !it.raw_value.is_empty() {
                out.push('=');
                out.push_str(it.raw_value);
            }
        }
    }
}

impl<'a> Tag<'a> {
    /// The value with its escapes undone; borrowed if there were none.
    pub fn value(&self) -> Cow<'a, str> {
        unescape(self.raw_value)
    }

    /// Whether clients made this tag for other clients.
    pub fn is_client_only(&self) -> bool {
        self.key.starts_with('+') && is_valid_key(self.key)
    }
}

/// `[+][vendor/]name`: a vendor is a host name, a name is letters, digits and hyphens.
pub fn is_valid_key(key: &str) -> bool {
    let key = key.strip_prefix('+').unwrap_or(key);
    let (vendor, name) = match key.split_once('/') {
        Some((vendor, name)) => (Some(vendor), name),
        None => (None, key),
    };
    let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
    let vendor_is_valid =
        vendor.is_none_or(|it| !it.is_empty() && it.bytes().all(|it| is_word(it) || it == b'.'));
    vendor_is_valid && !name.is_empty() && name.bytes().all(is_word)
}

/// Appends a value in wire form. A NUL, which has none, becomes an escaped space.
pub fn escape(value: &str, out: &mut Vec<u8>) {
    for it in value.bytes() {
        match it {
            b';' => out.extend_from_slice(b"\\:"),
            b' ' | b'\0' => out.extend_from_slice(b"\\s"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\n' => out.extend_from_slice(b"\\n"),
            other => out.push(other),
        }
    }
}

/// Undoes [`escape`]. A backslash before any other letter is dropped, as is one at the end.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(it) = letters.next() {
        let meant = match it {
            '\\' => letters.next().map(|escaped| match escaped {
                ':' => ';',
                's' => ' ',
                'r' => '\r',
                'n' => '\n',
                other => other,
            }),
            other => Some(other),
        };
        value.extend(meant);
    }
    Cow::Owned(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn value_of(raw: &str, key: &str, expected: Option<&str>) {
        assert_eq!(Tags::from_raw(raw).get(key).as_deref(), expected, "{key} of {raw:?}");
    }

    #[test]
    fn a_missing_value_is_an_empty_one() {
        value_of("a=b;c;d=", "a", Some("b"));
        value_of("a=b;c;d=", "c", Some(""));
        value_of("a=b;c;d=", "d", Some(""));
        value_of("a=b;c;d=", "e", None);
        value_of("a=b=c", "a", Some("b=c"));
        value_of("", "", None);
    }

    #[test]
    fn of_a_repeated_key_the_last_counts() {
        value_of("a=1;b=2;a=3", "a", Some("3"));
        value_of("a=1;a", "a", Some(""));
    }

    #[test]
    fn escapes_of_the_specification() {
        value_of(r"a=\:\s\\\r\n", "a", Some("; \\\r\n"));
        value_of(r"a=\b", "a", Some("b"));
        value_of("a=test\\", "a", Some("test"));
        value_of(r"a=\\s", "a", Some("\\s"));
    }

    #[test]
    fn keys_of_the_specification() {
        for valid in ["a", "+a", "msgid", "draft/reply", "+draft/reply", "+example.com/foo-1"] {
            assert!(is_valid_key(valid), "{valid}");
        }
        for invalid in ["", "+", "/", "a/", "/a", "a/b/c", "++a", "a_b", "a.b", "é", "a b"] {
            assert!(!is_valid_key(invalid), "{invalid}");
        }
    }

    #[test]
    fn only_client_only_tags_are_passed_on() {
        let mut out = String::new();
        Tags::from_raw("time=1;+typing=active;account=x;+a;+bad_key=1").write_client_only(&mut out);
        assert_eq!(out, "+typing=active;+a");
    }

    proptest! {
        #[test]
        fn values_survive_the_wire(value in "[^\0]{0,60}") {
            let mut raw = Vec::new();
            escape(&value, &mut raw);
            let raw = String::from_utf8(raw).unwrap();
            prop_assert!(!raw.contains([';', ' ', '\r', '\n']));
            prop_assert_eq!(unescape(&raw), value);
        }
    }
}
