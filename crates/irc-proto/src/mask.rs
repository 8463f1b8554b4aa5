//! Masks with wildcards, and ban masks brought to their full form.
//!
//! [Modern, wildcard expressions](https://modern.ircdocs.horse/#wildcard-expressions): `*` is any
//! text, `?` any one character, `\*` and `\?` are themselves. Any other backslash is a letter, for
//! nicks may hold it; `\\` is one backslash, so that a mask can end in one before a wildcard.

use crate::casemap;

/// Whether the whole text fits the mask, without regard to case ([`casemap`]).
///
/// Goes back to the last `*` only, for an earlier one can gain nothing: at worst mask times text,
/// which one line bounds, and no recursion.
pub fn matches(mask: &str, text: &str) -> bool {
    let (mask, text) = (mask.as_bytes(), text.as_bytes());
    let (mut at_mask, mut at_text) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None; // After the star; where its text ends.
    loop {
        let symbol = symbol_at(mask, at_mask);
        if let Some((Symbol::Any, width)) = symbol {
            at_mask += width;
            last_star = Some((at_mask, at_text));
            continue;
        }
        if at_text == text.len() && symbol.is_none() {
            return true;
        }
        let step = symbol.zip(text.get(at_text)).and_then(|((symbol, width), it)| match symbol {
            Symbol::One => Some((width, character_bytes(*it))),
            Symbol::Byte(byte) => byte.eq_ignore_ascii_case(it).then_some((width, 1)),
            Symbol::Any => None, // Seen above.
        });
        if let Some((mask_bytes, text_bytes)) = step {
            at_mask += mask_bytes;
            at_text += text_bytes;
            continue;
        }
        // The last star takes one character more, if there is one.
        let Some((after_star, end)) = &mut last_star else {
            return false;
        };
        let Some(it) = text.get(*end) else {
            return false;
        };
        *end += character_bytes(*it);
        (at_mask, at_text) = (*after_star, *end);
    }
}

/// Whether a mask can fit more than one text.
pub fn has_wildcards(mask: &str) -> bool {
    let mut at = 0;
    while let Some((symbol, width)) = symbol_at(mask.as_bytes(), at) {
        if !matches!(symbol, Symbol::Byte(_)) {
            return true;
        }
        at += width;
    }
    false
}

/// Before the mask of an account's name (ISUPPORT `EXTBAN` and `ACCOUNTEXTBAN`). No nick begins so.
pub const ACCOUNT_BAN: &str = "~a:";

/// The full form `nick!user@host` of a ban mask; parts left out or empty are `*`, and a row of
/// stars is one star. What begins with [`ACCOUNT_BAN`] stays as it is. `None`: it cannot stand in a line as one parameter, or is too long.
pub fn normalise(mask: &str, bytes_max: usize) -> Option<String> {
    let is_letter = |it: char| !it.is_control() && !it.is_whitespace();
    if mask.is_empty() || mask.starts_with(':') || !mask.chars().all(is_letter) {
        return None;
    }
    if let Some(account) = mask.strip_prefix(ACCOUNT_BAN) {
        let is_name = !account.is_empty() && !account.contains(['!', '@']);
        let mask = without_rows_of_stars(mask);
        return (is_name && mask.len() <= bytes_max).then_some(mask);
    }
    let (nick, user, host) = match (mask.split_once('!'), mask.split_once('@')) {
        (Some((nick, rest)), _) if !nick.contains('@') => {
            let (user, host) = rest.split_once('@').unwrap_or((rest, "*"));
            (nick, user, host)
        }
        (_, Some((user, host))) => ("*", user, host),
        _ => (mask, "*", "*"),
    };
    let mut full = String::with_capacity(mask.len() + "*!*@*".len());
    for (part, end) in [(nick, "!"), (user, "@"), (host, "")] {
        full.push_str(if part.is_empty() { "*" } else { part });
        full.push_str(end);
    }
    let full = without_rows_of_stars(&full);
    (full.len() <= bytes_max).then_some(full)
}

/// Whether two masks are one, as in a list of bans.
pub fn eq(a: &str, b: &str) -> bool {
    casemap::eq(a, b)
}

#[derive(Clone, Copy)]
enum Symbol {
    Any,
    One,
    Byte(u8),
}

/// The symbol that begins at a place of the mask, and how many bytes it has there.
fn symbol_at(mask: &[u8], at: usize) -> Option<(Symbol, usize)> {
    Some(match (mask.get(at)?, mask.get(at + 1)) {
        (b'*', _) => (Symbol::Any, 1),
        (b'?', _) => (Symbol::One, 1),
        (b'\\', Some(it @ (b'*' | b'?' | b'\\'))) => (Symbol::Byte(*it), 2),
        (it, _) => (Symbol::Byte(*it), 1),
    })
}

fn character_bytes(first: u8) -> usize {
    match first.leading_ones() {
        2 => 2,
        3 => 3,
        4 => 4,
        _ => 1,
    }
}

fn without_rows_of_stars(mask: &str) -> String {
    let mut kept = String::with_capacity(mask.len());
    let (mut was_star, mut is_escaped) = (false, false);
    for it in mask.chars() {
        let is_star = it == '*' && !is_escaped;
        if !(is_star && was_star) {
            kept.push(it);
        }
        was_star = is_star;
        is_escaped = it == '\\' && !is_escaped;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn fits(mask: &str, text: &str, expected: bool) {
        assert_eq!(matches(mask, text), expected, "{mask:?} on {text:?}");
    }

    #[test]
    fn wildcards_of_modern_irc() {
        fits("a?c", "abc", true);
        fits("a?c", "ac", false);
        fits("a*c", "ac", true);
        fits("a*c", "abbbc", true);
        fits("*", "", true);
        fits("", "", true);
        fits("", "a", false);
        fits("?", "é", true);
        fits("??", "é", false);
        fits("*!*@*.EXAMPLE", "Dan!d@host.example", true);
        fits("*a*b*c", "xaxbxbx", false);
    }

    #[test]
    fn a_backslash_escapes_wildcards_and_itself() {
        fits(r"\*", "*", true);
        fits(r"\*", "a", false);
        fits(r"\?", "a", false);
        fits(r"\\*", r"\anything", true);
        fits(r"foo\bar", r"foo\bar", true);
        fits("a\\", "a\\", true);
        assert!(has_wildcards("a*") && has_wildcards("?") && has_wildcards(r"\\*"));
        assert!(!has_wildcards(r"a\*b") && !has_wildcards(""));
    }

    #[test]
    fn a_mask_of_many_stars_ends_soon() {
        let text = "a".repeat(500);
        assert!(!matches(&("*a".repeat(200) + "b"), &text));
    }

    #[track_caller]
    fn becomes(mask: &str, expected: &str) {
        assert_eq!(normalise(mask, 64).as_deref(), Some(expected), "of {mask:?}");
    }

    #[test]
    fn parts_left_out_of_a_ban_are_stars() {
        becomes("dan", "dan!*@*");
        becomes("d@host", "*!d@host");
        becomes("@host", "*!*@host");
        becomes("dan!d", "dan!d@*");
        becomes("dan!", "dan!*@*");
        becomes("dan!d@host", "dan!d@host");
        becomes("!@", "*!*@*");
        becomes("a@b!c", "*!a@b!c");
        becomes("***!**@h**", "*!*@h*");
        becomes(r"\**!a@b", r"\**!a@b");
    }

    #[test]
    fn what_is_no_ban() {
        for other in ["", "a b", ":a", "a\u{1}"] {
            assert_eq!(normalise(other, 64), None, "{other:?}");
        }
        assert_eq!(normalise("dan!d@host", 9), None);
    }

    fn naive(mask: &[char], text: &[char]) -> bool {
        match mask {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|it| naive(rest, &text[it..])),
            ['?', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
            ['\\', it @ ('*' | '?' | '\\'), rest @ ..] | [it, rest @ ..] => {
                text.first().is_some_and(|first| first.eq_ignore_ascii_case(it))
                    && naive(rest, &text[1..])
            }
        }
    }

    proptest! {
        #[test]
        fn as_a_naive_matcher_says(mask in r"[aAbé*?\\]{0,8}", text in r"[abBé*?\\]{0,8}") {
            let (mask_letters, letters): (Vec<_>, Vec<_>) = (mask.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&mask, &text), naive(&mask_letters, &letters));
        }

        #[test]
        fn normalising_twice_changes_nothing(mask in r"[ab!@*?\\.]{1,12}") {
            let once = normalise(&mask, 64).unwrap();
            prop_assert_eq!(normalise(&once, 64), Some(once.clone()));
        }
    }

    #[test]
    fn the_mask_of_an_account_stays_as_it_is() {
        assert_eq!(normalise("~a:bob**", 64).as_deref(), Some("~a:bob*"));
        for bad in ["~a:", "~a:b!c", "~a:b@c", "~a:b c"] {
            assert_eq!(normalise(bad, 64), None, "{bad}");
        }
        assert_eq!(normalise("~a:bob", 5), None);
        assert_eq!(normalise("~b:bob", 64).as_deref(), Some("~b:bob!*@*"));
    }
}
