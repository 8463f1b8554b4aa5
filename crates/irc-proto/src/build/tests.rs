use super::*;
use crate::Line;
use proptest::prelude::*;

#[track_caller]
fn writes(write: impl FnOnce(&mut LineWriter), expected: &str) {
    let mut out = b"before".to_vec();
    let mut line = LineWriter::new(&mut out);
    write(&mut line);
    line.finish();
    assert_eq!(String::from_utf8(out).unwrap(), format!("before{expected}\r\n"));
}

#[test]
fn every_part_in_its_place() {
    writes(|it| _ = it.verb("PING").trailing("x"), "PING :x");
    writes(|it| _ = it.source("n1").numeric(1).param("a").trailing("Hi"), ":n1 001 a :Hi");
    writes(|it| _ = it.tag("label", "").verb("ACK"), "@label ACK");
    writes(|it| _ = it.tag("a", "1").tag("+b/c", ";").verb("X"), "@a=1;+b/c=\\: X");
    writes(|it| _ = it.time_tag(0).verb("X"), "@time=1970-01-01T00:00:00.000Z X");
    writes(|it| _ = it.verb("X").number(0).number(u64::MAX), "X 0 18446744073709551615");
    writes(|it| _ = it.verb("X").trailing("a").more(" b"), "X :a b");
}

#[test]
fn a_numeric_reply_names_its_client() {
    let mut out = Vec::new();
    LineWriter::reply(&mut out, "n1", 422, "*").trailing("MOTD File is missing").finish();
    assert_eq!(out, b":n1 422 * :MOTD File is missing\r\n");
}

#[test]
fn what_cannot_stand_in_a_place_is_replaced() {
    writes(|it| _ = it.verb("X").trailing("a\r\nQUIT\0"), "X :a  QUIT ");
    writes(|it| _ = it.verb("X").param("a b\n").param(":c").param(""), "X a_b_ _c *");
    writes(|it| _ = it.source_user("a b", "c\r", "d").verb("X"), ":a_b!c_@d X");
    writes(|it| _ = it.tag("no key", "1").verb("X"), "X");
    writes(|it| _ = it.verb("X").tag("late", "1"), "X");
    writes(|it| _ = it.relay_tag(Tag { key: "+a", raw_value: "b;c d" }).verb("X"), "@+a=b_c_d X");
}

#[test]
fn a_body_too_long_is_cut_between_characters() {
    let mut out = Vec::new();
    LineWriter::new(&mut out).tag("a", "b").verb("PRIVMSG").trailing(&"é".repeat(300)).finish();
    let line = Line::parse(out.strip_suffix(b"\r\n").unwrap()).unwrap();
    assert_eq!(line.last().unwrap(), "é".repeat(250)); // 9 + 500 bytes; half a letter is left over.
}

#[test]
fn a_tag_past_the_limit_is_left_out_whole() {
    let long = "v".repeat(TAGS_BYTES_MAX - "@b= ".len());
    let mut out = Vec::new();
    LineWriter::new(&mut out).tag("b", &long).tag("c", "d").verb("X").finish();
    let line = Line::parse_from_server(out.strip_suffix(b"\r\n").unwrap()).unwrap();
    assert_eq!((line.tag("b").as_deref(), line.tag("c")), (Some(long.as_str()), None));
}

#[test]
fn room_counts_the_body_alone() {
    let mut out = Vec::new();
    let mut line = LineWriter::new(&mut out);
    line.tag("a", "b");
    assert_eq!(line.room(), BODY_BYTES_MAX);
    line.verb("X").trailing("");
    assert_eq!(line.room(), BODY_BYTES_MAX - "X :".len());
}

#[test]
fn a_body_encoded_once_goes_under_different_tags() {
    let mut body = Vec::new();
    LineWriter::new(&mut body).verb("X").finish();
    let mut out = Vec::new();
    LineWriter::new(&mut out).tag("a", "b").finish_with(&body);
    LineWriter::new(&mut out).finish_with(&body);
    assert_eq!(out, b"@a=b X\r\nX\r\n");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        tags in prop::collection::btree_map("[+]?[a-z]{1,5}", "[^\0]{0,20}", 0..4),
        source in prop::option::of("[a-z!@.]{1,20}"),
        verb in "[A-Z]{1,9}",
        words in prop::collection::vec("[^\0\r\n :][^\0\r\n ]{0,8}", 0..14),
        text in prop::option::of("[^\0\r\n]{0,20}"),
    ) {
        let mut out = Vec::new();
        let mut line = LineWriter::new(&mut out);
        for (key, value) in &tags {
            line.tag(key, value);
        }
        if let Some(source) = &source {
            line.source(source);
        }
        line.verb(&verb);
        for word in &words {
            line.param(word);
        }
        if let Some(text) = &text {
            line.trailing(text);
        }
        prop_assume!(line.room() > 0);
        line.finish();

        let line = Line::parse(out.strip_suffix(b"\r\n").unwrap()).unwrap();
        prop_assert_eq!(line.tags.iter().count(), tags.len());
        for (key, value) in &tags {
            let read = line.tag(key);
            prop_assert_eq!(read.as_deref(), Some(value.as_str()));
        }
        prop_assert_eq!(line.source, source.as_deref());
        prop_assert_eq!(line.verb, verb);
        let expected: Vec<&str> = words.iter().chain(&text).map(String::as_str).collect();
        prop_assert_eq!(line.params.as_slice(), expected);
    }

    #[test]
    fn any_values_give_exactly_one_line(
        key in ".{0,9}", value in ".{0,9000}", source in ".{0,99}", verb in "[A-Z]{1,9}",
        word in any::<String>(), text in ".{0,600}",
    ) {
        let mut out = Vec::new();
        let mut line = LineWriter::new(&mut out);
        line.tag(&key, &value).relay_tag(Tag { key: "+k", raw_value: &value });
        line.source(&format!("s{source}")).verb(&verb).param(&word).trailing(&text).finish();

        let body = out.strip_suffix(b"\r\n").unwrap();
        prop_assert!(!body.iter().any(|it| matches!(it, b'\0' | b'\r' | b'\n')));
        prop_assert!(Line::parse_from_server(body).is_ok());
    }
}
