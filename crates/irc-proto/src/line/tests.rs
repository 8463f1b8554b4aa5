use super::*;
use proptest::prelude::*;

#[track_caller]
fn line(raw: &str) -> Line<'_> {
    Line::parse(raw.as_bytes()).unwrap_or_else(|error| panic!("{raw:?}: {error}"))
}

#[track_caller]
fn is_refused(bytes: &[u8], expected: LineError) {
    assert_eq!(Line::parse(bytes), Err(expected));
}

// The examples of Modern IRC and of message-tags.
#[test]
fn a_line_of_every_part() {
    let it = line("@id=234AB;+typing=active :dan!d@localhost PRIVMSG #chan :Hey what's up!");
    assert_eq!(it.tag("id").as_deref(), Some("234AB"));
    assert_eq!(it.tag("+typing").as_deref(), Some("active"));
    assert_eq!(it.tag("msgid"), None);
    assert_eq!(it.source, Some("dan!d@localhost"));
    assert_eq!(it.source_nick(), Some("dan"));
    assert!(it.is_verb("privmsg"));
    assert_eq!(*it.params, ["#chan", "Hey what's up!"]);
    assert_eq!(it.last(), Some("Hey what's up!"));
}

#[test]
fn a_line_of_a_verb_alone() {
    let it = line("LIST");
    assert_eq!((it.source, it.verb, it.params.len()), (None, "LIST", 0));
    assert_eq!(it.tags.iter().count(), 0);
}

#[test]
fn spaces_between_the_parts_do_not_matter() {
    let it = line("@a=b   :src   AWAY   :gone  ");
    assert_eq!((it.source, it.verb, it.last()), (Some("src"), "AWAY", Some("gone  ")));
    assert_eq!(line("  PING x").verb, "PING");
}

#[test]
fn a_numeric_is_three_digits() {
    assert_eq!(line(":n1 001 alice :Welcome").numeric(), Some(1));
    assert_eq!(line(":n1 433 * alice :In use").numeric(), Some(433));
    assert_eq!(line("0001").numeric(), None);
    assert_eq!(line("+12").numeric(), None);
}

#[test]
fn the_nick_of_a_server_is_its_name() {
    assert_eq!(line(":n1.example PONG").source_nick(), Some("n1.example"));
    assert_eq!(line(":alice@host PONG").source_nick(), Some("alice"));
}

#[test]
fn what_is_no_line() {
    is_refused(b"", LineError::Empty);
    is_refused(b"    ", LineError::Empty);
    is_refused(b"@a=b", LineError::Malformed);
    is_refused(b"@a=b  ", LineError::Malformed);
    is_refused(b":alice", LineError::Malformed);
    is_refused(b": PING", LineError::Malformed);
    is_refused(b":alice :PING", LineError::Malformed);
    is_refused(b"PING \0", LineError::Nul);
    is_refused(b"PING\rPONG", LineError::Nul);
    is_refused(b"PING \xff", LineError::NotUtf8);
}

#[test]
fn the_body_may_have_510_bytes() {
    let body = |bytes: usize| format!("{:x<bytes$}", "PRIVMSG a :").into_bytes();
    assert!(Line::parse(&body(510)).is_ok());
    is_refused(&body(511), LineError::TooLong);
    let tagged = [b"@a=b ".as_slice(), &body(510)].concat();
    assert!(Line::parse(&tagged).is_ok());
}

#[test]
fn the_tags_of_a_client_may_have_4094_bytes_and_those_of_a_server_more() {
    let tagged = |bytes: usize| format!("@{} PING", "a".repeat(bytes)).into_bytes();
    assert!(Line::parse(&tagged(4094)).is_ok());
    is_refused(&tagged(4095), LineError::TagsTooLong);
    is_refused(&vec![b'@'; 9000], LineError::TagsTooLong);
    assert!(Line::parse_from_server(&tagged(8189)).is_ok());
    assert_eq!(Line::parse_from_server(&tagged(8190)), Err(LineError::TagsTooLong));
}

#[test]
fn a_refused_line_still_tells_its_label_and_verb() {
    let (tags, verb) = salvage(b"@label=7 :me PRIVMSG #a :\xff\xfe");
    assert_eq!(tags.get("label").as_deref(), Some("7"));
    assert_eq!(verb, Some("PRIVMSG"));
    assert_eq!(salvage(b"\xff").1, None);
    assert_eq!(salvage(b"").1, None);
    assert_eq!(salvage(b"@\xff PING").1, Some("PING"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Line::parse(&bytes);
        let _ = salvage(&bytes);
    }

    #[test]
    fn no_text_of_our_alphabet_makes_the_parser_panic(text in "[@: ;=\\\\+a-c0-9é\u{1}]{0,80}") {
        if let Ok(it) = Line::parse(text.as_bytes()) {
            prop_assert!(!it.verb.is_empty() && !it.verb.contains(' '));
            prop_assert!(it.params.len() <= 15);
            for tag in it.tags.iter() {
                let _ = tag.value();
            }
            let _ = (it.numeric(), it.source_nick());
        }
        let _ = salvage(text.as_bytes());
    }
}
