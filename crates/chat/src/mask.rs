//! Masks: does `*!*@*.example` mean this person?
//!
//! Promise: no allocation, no recursion, and at most mask times text steps, whatever the mask.

/// True when the whole of `text` matches `mask`: `*` is any run, `?` one character, and a `\` before
/// `*`, `?` or `\` takes that character as it is. ASCII letters match in either case.
pub(crate) fn matches(mask: &str, text: &str) -> bool {
    let (mask, text) = (mask.as_bytes(), text.as_bytes());
    let (mut m, mut t) = (0, 0);
    // Where to go on when the rest does not fit: the last `*` swallows one byte more. An earlier `*`
    // never has to: whatever it could swallow, the last one can.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if mask.get(m) == Some(&b'*') {
            m += 1;
            retry = Some((m, t));
            continue;
        }
        if t == text.len() && m == mask.len() {
            return true;
        }
        if let Some((mask_step, text_step)) = step(&mask[m..], &text[t..]) {
            m += mask_step;
            t += text_step;
            continue;
        }
        match retry {
            Some((after_star, from)) if from < text.len() => {
                m = after_star;
                t = from + 1;
                retry = Some((after_star, t));
            }
            _ => return false,
        }
    }
}

/// How many bytes of each side the next element (not `*`) takes, if it fits.
fn step(mask: &[u8], text: &[u8]) -> Option<(usize, usize)> {
    let head = *text.first()?;
    match *mask {
        [] => None,
        [b'?', ..] => {
            let is_inner = |b: &&u8| **b & 0xC0 == 0x80; // Inside a UTF-8 character.
            Some((1, 1 + text[1..].iter().take_while(is_inner).count()))
        }
        // Nicks may contain `\`: before anything else it stands for itself.
        [b'\\', escaped @ (b'*' | b'?' | b'\\'), ..] => (escaped == head).then_some((2, 1)),
        [plain, ..] => plain.eq_ignore_ascii_case(&head).then_some((1, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::*;

    #[test]
    fn masks_mean_what_irc_people_expect() {
        let cases = [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("*!*@*.example", "alice!a@host.example", true),
            ("*!*@*.example", "alice!a@host.example.org", false),
            ("ALICE!*@*", "alice!a@host", true),
            ("al?ce!*@*", "alice!a@host", true),
            ("al?ce!*@*", "alce!a@host", false),
            ("*a*b*c", "xxaxxbxxbxc", true),
            ("*a*b*c", "xxaxxbxxbx", false),
            ("?!*@*", "é!a@host", true),
            ("??!*@*", "é!a@host", false),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\?b", "a?b", true),
            (r"a\\b!*@*", r"a\b!a@host", true),
            (r"a\b!*@*", r"a\b!a@host", true),
            (r"a\", r"a\", true),
        ];
        for (mask, text, is_match) in cases {
            assert_eq!(matches(mask, text), is_match, "{mask} against {text}");
        }
    }

    #[test]
    fn a_mask_made_to_backtrack_ends_soon() {
        let (mask, text) = ("*a".repeat(100) + "b", "a".repeat(1000));
        assert!(!matches(&mask, &text));
    }

    /// The definition, word for word: exponential, but plainly right.
    fn by_definition(mask: &[char], text: &[char]) -> bool {
        match (mask, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                by_definition(rest, text)
                    || matches!(text, [_, tail @ ..] if by_definition(mask, tail))
            }
            (['?', rest @ ..], [_, tail @ ..]) => by_definition(rest, tail),
            (['\\', c @ ('*' | '?' | '\\'), rest @ ..], [head, tail @ ..]) => {
                c == head && by_definition(rest, tail)
            }
            ([c, rest @ ..], [head, tail @ ..]) => {
                c.eq_ignore_ascii_case(head) && by_definition(rest, tail)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_the_definition(mask in r"[aBé*?\\]{0,8}", text in r"[Abé*?\\]{0,8}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&mask, &text), by_definition(&chars(&mask), &chars(&text)));
        }
    }
}
