//! Answers to messages that a server will not keep, or cannot promise to.

use super::message::body;

/// What the server says of a message it will not deliver, or cannot promise to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    Refused,
    Unknown,
}

impl Failure {
    /// Reads `FAIL PRIVMSG <code> …`. A code that names the unknown, or a time that ran out, leaves
    /// open whether the message was written.
    pub(super) fn of_line(line: &[u8]) -> Option<Failure> {
        let rest = body(line).strip_prefix(b"FAIL PRIVMSG ")?;
        let code = rest.split(|byte| *byte == b' ').next().unwrap_or(&[]);
        let code = String::from_utf8_lossy(code);
        let is_open = ["UNKNOWN", "TIMEOUT", "MAYBE"].iter().any(|word| code.contains(word));
        Some(if is_open { Failure::Unknown } else { Failure::Refused })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_outcome_is_not_a_refusal() {
        for (line, want) in [
            (":s FAIL PRIVMSG NO_MAJORITY #r :Try later", Some(Failure::Refused)),
            ("@label=1 :s FAIL PRIVMSG OUTCOME_UNKNOWN #r :It may arrive", Some(Failure::Unknown)),
            ("FAIL PRIVMSG TIMEOUT", Some(Failure::Unknown)),
            (":s FAIL JOIN NO_MAJORITY #r :Try later", None),
            (":n!u@h PRIVMSG #r :FAIL PRIVMSG X", None),
        ] {
            assert_eq!(Failure::of_line(line.as_bytes()), want, "{line}");
        }
    }
}
