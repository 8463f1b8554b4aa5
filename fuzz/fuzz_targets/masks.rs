//! Masks: both matchers (the door's and the rooms') say what the definition says, soon.
//!
//! The input is a mask and a text with a space between them. Time is libFuzzer's `-timeout`.
#![no_main]

use libfuzzer_sys::fuzz_target;

const NORMAL_BYTES_MAX: usize = 200;

fuzz_target!(|input: &str| {
    let (mask, text) = input.split_once(' ').unwrap_or((input, ""));
    let expected = by_definition(mask, text);
    assert_eq!(irc_proto::mask::matches(mask, text), expected, "the door: {mask:?} on {text:?}");
    assert_eq!(chat::matches(mask, text), expected, "the rooms: {mask:?} on {text:?}");
    if !irc_proto::mask::has_wildcards(mask) && expected {
        assert!(text.len() <= mask.len());
    }
    if let Some(full) = irc_proto::mask::normalise(mask, NORMAL_BYTES_MAX) {
        let is_account = full.starts_with(irc_proto::mask::ACCOUNT_BAN);
        assert!(full.len() <= NORMAL_BYTES_MAX);
        assert!(is_account || (full.contains('!') && full.contains('@')));
        assert_eq!(irc_proto::mask::normalise(&full, NORMAL_BYTES_MAX).as_ref(), Some(&full));
    }
});

enum Symbol {
    Any,
    One,
    Letter(char),
}

/// A table of which rest of the mask fits which rest of the text.
fn by_definition(mask: &str, text: &str) -> bool {
    let mut symbols = Vec::new();
    let mut letters = mask.chars().peekable();
    while let Some(it) = letters.next() {
        symbols.push(match it {
            '*' => Symbol::Any,
            '?' => Symbol::One,
            '\\' => Symbol::Letter(letters.next_if(|it| "*?\\".contains(*it)).unwrap_or('\\')),
            other => Symbol::Letter(other),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let mut fits = vec![false; text.len() + 1]; // For the rest of the mask after `symbol`.
    fits[text.len()] = true;
    for symbol in symbols.iter().rev() {
        let mut now = vec![false; text.len() + 1];
        for at in (0..=text.len()).rev() {
            let next = fits.get(at + 1).copied().unwrap_or(false);
            now[at] = match symbol {
                Symbol::Any => fits[at] || now.get(at + 1).copied().unwrap_or(false),
                Symbol::One => next,
                Symbol::Letter(it) => {
                    next && text.get(at).is_some_and(|letter| letter.eq_ignore_ascii_case(it))
                }
            };
        }
        fits = now;
    }
    fits[0]
}
