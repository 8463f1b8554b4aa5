//! The second parameter of WHO: flags, and the fields that WHOX asks for.
//!
//! [WHOX](https://ircv3.net/specs/extensions/whox): `WHO #rust %tcuihsnfdlaor,42` is answered by
//! `354 RPL_WHOSPCRPL` with the fields asked for, in the order of [`WhoField`].

/// A field of a WHOX answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum WhoField {
    /// `t`: the token of the question.
    Token,
    /// `c`: a channel, or `*`.
    Channel,
    /// `u`: the user name.
    User,
    /// `i`: the address; `255.255.255.255` where it is not shown.
    Ip,
    /// `h`: the host name.
    Host,
    /// `s`: the server.
    Server,
    /// `n`: the nick.
    Nick,
    /// `f`: `H` or `G`, `*`, prefixes, `B`.
    Flags,
    /// `d`: hops between servers.
    Hops,
    /// `l`: seconds idle.
    Idle,
    /// `a`: the account, or `0`.
    Account,
    /// `o`: the level of the operator, or `n/a`.
    OpLevel,
    /// `r`: the real name, always the last.
    RealName,
}

/// Every field with its letter, in the order of the answer; the place is the bit.
const FIELDS: [(WhoField, char); 13] = [
    (WhoField::Token, 't'),
    (WhoField::Channel, 'c'),
    (WhoField::User, 'u'),
    (WhoField::Ip, 'i'),
    (WhoField::Host, 'h'),
    (WhoField::Server, 's'),
    (WhoField::Nick, 'n'),
    (WhoField::Flags, 'f'),
    (WhoField::Hops, 'd'),
    (WhoField::Idle, 'l'),
    (WhoField::Account, 'a'),
    (WhoField::OpLevel, 'o'),
    (WhoField::RealName, 'r'),
];

const TOKEN_DIGITS_MAX: usize = 3; // The specification's.

/// The fields asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WhoFields(u16);

impl WhoFields {
    /// Whether the field is asked for.
    pub fn has(self, field: WhoField) -> bool {
        self.0 & (1 << field as u16) != 0
    }

    /// The fields in the order of the answer.
    pub fn iter(self) -> impl Iterator<Item = WhoField> {
        FIELDS.iter().map(|(field, _)| *field).filter(move |it| self.has(*it))
    }
}

/// A WHOX question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whox<'a> {
    /// What the answer shall hold.
    pub fields: WhoFields,
    /// Up to three digits that the answer repeats; `0` if none was given.
    pub token: &'a str,
}

/// What stands after the mask of a WHO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WhoOptions<'a> {
    /// `o`: operators only.
    pub operators_only: bool,
    /// The answer is 354 with these fields, else 352.
    pub whox: Option<Whox<'a>>,
}

impl<'a> WhoOptions<'a> {
    /// Reads it. Unknown letters say nothing, and a token that is none is `0`: WHO has no errors.
    pub fn parse(option: &'a str) -> WhoOptions<'a> {
        let (flags, whox) = match option.split_once('%') {
            Some((flags, question)) => (flags, Some(Whox::parse(question))),
            None => (option, None),
        };
        WhoOptions { operators_only: flags.contains('o'), whox }
    }
}

impl<'a> Whox<'a> {
    fn parse(question: &'a str) -> Whox<'a> {
        let (letters, token) = question.split_once(',').unwrap_or((question, ""));
        let asked = FIELDS.iter().filter(|(_, letter)| letters.contains(*letter));
        let fields = WhoFields(asked.fold(0, |bits, (field, _)| bits | 1 << *field as u16));
        let is_token = (1..=TOKEN_DIGITS_MAX).contains(&token.len())
            && token.bytes().all(|it| it.is_ascii_digit());
        Whox { fields, token: if is_token { token } else { "0" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letters(option: &str) -> (String, &str) {
        let whox = WhoOptions::parse(option).whox.unwrap();
        (whox.fields.iter().map(|it| FIELDS[it as usize].1).collect(), whox.token)
    }

    #[test]
    fn the_place_of_a_field_is_its_bit() {
        for (place, (field, _)) in FIELDS.into_iter().enumerate() {
            assert_eq!(field as usize, place);
        }
    }

    #[test]
    fn fields_come_in_the_order_of_the_answer() {
        assert_eq!(letters("%tcuihsnfdlaor,42"), ("tcuihsnfdlaor".into(), "42"));
        assert_eq!(letters("%rant,1"), ("tnar".into(), "1"));
        assert_eq!(letters("%xnn"), ("n".into(), "0"));
        assert_eq!(letters("%n,1234"), ("n".into(), "0"));
        assert_eq!(letters("%n,x"), ("n".into(), "0"));
        assert_eq!(letters("%"), ("".into(), "0"));
    }

    #[test]
    fn flags_stand_before_the_fields() {
        assert!(WhoOptions::parse("o").operators_only);
        assert!(WhoOptions::parse("o%n").operators_only);
        assert!(!WhoOptions::parse("%no").operators_only);
        assert_eq!(WhoOptions::parse(""), WhoOptions::default());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(option in any::<String>()) {
            let _ = WhoOptions::parse(&option);
        }
    }
}
