//! What a message of the load says about itself.
//!
//! Promise: whoever receives one knows whose it is, which one it is and when it was sent (or due),
//! at the price of a few shifts: the load generator must stay cheaper than the server.
//!
//! A text is `~`, the run's tag, then sender, sequence and time as digits of base 64, then padding.

/// Four characters that tell this run's nicks, rooms and messages from other runs'.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RunTag(pub(super) [u8; 4]);

impl RunTag {
    /// A letter, then letters and digits: a nick and a room name may begin with it.
    pub(super) fn from_seed(seed: u64) -> RunTag {
        let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let pick = |place: u32, of: u64| letters[(seed / 36u64.pow(place) % of) as usize];
        RunTag([pick(0, 26), pick(1, 36), pick(2, 36), pick(3, 36)])
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a run tag is made of ASCII")
    }

    /// At most nine characters, the shortest limit in use, for the first million clients.
    pub(super) fn nick(&self, serial: usize, attempt: u8) -> String {
        let mut tag = *self;
        tag.0[0] = b'a' + (tag.0[0] - b'a' + attempt) % 26;
        format!("{}{serial:x}", tag.as_str())
    }

    pub(super) fn room(&self, number: usize) -> String {
        format!("#{}{number}", self.as_str())
    }
}

/// The part of a message that says where it belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    pub(super) run: RunTag,
    pub(super) sender: usize,
    /// The first message of a sender is number 1.
    pub(super) sequence: u32,
    /// In an open loop the moment it was due, so that our own delay counts too.
    pub(super) sent_ns: u64,
}

const SENDER_DIGITS: usize = 4;
const SEQUENCE_DIGITS: usize = 6;
const TIME_DIGITS: usize = 10;
const SENDER_AT: usize = 5;
const SEQUENCE_AT: usize = SENDER_AT + SENDER_DIGITS;
const TIME_AT: usize = SEQUENCE_AT + SEQUENCE_DIGITS;

/// No text is shorter than its stamp.
pub(super) const STAMP_BYTES: usize = TIME_AT + TIME_DIGITS;
/// With prefix, verb and room a line stays below 512 bytes.
pub(super) const TEXT_BYTES_MAX: usize = 400;

impl Stamp {
    /// Appends a text of `bytes` bytes that carries this stamp.
    pub(super) fn write(&self, out: &mut Vec<u8>, bytes: usize) {
        let start = out.len();
        out.push(b'~');
        out.extend_from_slice(&self.run.0);
        push_digits(out, self.sender as u64, SENDER_DIGITS);
        push_digits(out, u64::from(self.sequence), SEQUENCE_DIGITS);
        push_digits(out, self.sent_ns, TIME_DIGITS);
        out.resize(start + bytes.max(STAMP_BYTES), b'x');
    }

    /// The stamp of a `PRIVMSG` line, if it carries one.
    pub(super) fn of_line(line: &[u8]) -> Option<Stamp> {
        let body = body(line).strip_prefix(b"PRIVMSG ")?;
        let text = after_space(body)?;
        let text = text.strip_prefix(b":").unwrap_or(text);
        let stamp: &[u8; STAMP_BYTES] = text.first_chunk()?;
        if stamp[0] != b'~' {
            return None;
        }
        Some(Stamp {
            run: RunTag([stamp[1], stamp[2], stamp[3], stamp[4]]),
            sender: digits(&stamp[SENDER_AT..SEQUENCE_AT])? as usize,
            sequence: u32::try_from(digits(&stamp[SEQUENCE_AT..TIME_AT])?).ok()?,
            sent_ns: digits(&stamp[TIME_AT..])?,
        })
    }
}

/// What remains of a line behind tags and prefix: verb and parameters.
pub(super) fn body(line: &[u8]) -> &[u8] {
    let mut rest = line;
    for sigil in [b'@', b':'] {
        if rest.first() == Some(&sigil) {
            rest = after_space(rest).unwrap_or(&[]);
        }
    }
    rest
}

/// What follows the first space.
pub(super) fn after_space(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.iter().position(|byte| *byte == b' ')?;
    Some(&bytes[at + 1..])
}

/// Digits are the 64 characters from `0` to `o`, so a digit costs one subtraction.
fn push_digits(out: &mut Vec<u8>, value: u64, count: usize) {
    out.extend((0..count).rev().map(|place| b'0' + (value >> (6 * place) & 63) as u8));
}

fn digits(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 64).then_some(value << 6 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        let run = RunTag::from_seed(123_456_789);
        Stamp { run, sender: 9_999, sequence: 4_000_000_000, sent_ns: 98_765_432_109_876 }
    }

    fn line(before: &str, bytes: usize) -> Vec<u8> {
        let mut line = format!("{before}PRIVMSG #room :").into_bytes();
        stamp().write(&mut line, bytes);
        line
    }

    #[test]
    fn a_stamp_survives_the_way_through_a_server() {
        for before in ["", ":n!u@h ", "@time=1;msgid=x :n!u@h ", "@label=1 "] {
            assert_eq!(Stamp::of_line(&line(before, 100)), Some(stamp()), "{before:?}");
        }
        assert_eq!(line("", 100).len(), "PRIVMSG #room :".len() + 100);
        assert_eq!(line("", 0).len(), "PRIVMSG #room :".len() + STAMP_BYTES);
    }

    #[test]
    fn other_lines_carry_no_stamp() {
        for other in
            [":n!u@h PRIVMSG #c :hello", ":n!u@h PRIVMSG", ":srv 372 n :- motd", "", "@", ":"]
        {
            assert_eq!(Stamp::of_line(other.as_bytes()), None, "{other:?}");
        }
        let mut spoiled = line("", 100);
        spoiled["PRIVMSG #room :".len() + 6] = b'~';
        assert_eq!(Stamp::of_line(&spoiled), None);
    }

    #[test]
    fn nicks_of_one_run_differ_by_client_and_by_attempt() {
        let run = RunTag(*b"zab1");
        assert_eq!(run.nick(255, 0), "zab1ff");
        assert_eq!(run.nick(255, 1), "aab1ff");
        assert_eq!(run.room(7), "#zab17");
    }
}
