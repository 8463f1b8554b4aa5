//! A line: parsing answers, and what was parsed, written and parsed again is the same line.
#![no_main]

use irc_proto::limits::{CLIENT_TAGS_BYTES_MAX, PARAMS_MAX, SERVER_LINE_BYTES_MAX};
use irc_proto::{Line, LineWriter, Tag, line, tags};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (salvaged, verb) = line::salvage(bytes);
    assert!(salvaged.as_raw().len() <= CLIENT_TAGS_BYTES_MAX);
    assert!(verb.is_none_or(|it| it.bytes().all(|it| it.is_ascii_alphanumeric())));
    if let Ok(line) = Line::parse(bytes) {
        assert!(line.params.len() <= PARAMS_MAX);
        // A server takes whatever a client may send.
        assert_eq!(Line::parse_from_server(bytes), Ok(line));
    }
    if let Ok(line) = Line::parse_from_server(bytes) {
        comes_back(&line);
        passes_tags_on(&line);
    }
});

fn comes_back(line: &Line<'_>) {
    let sent: Vec<Tag<'_>> = line.tags.iter().filter(|it| tags::is_valid_key(it.key)).collect();
    if sent.is_empty() && line.source.is_none() && line.verb.starts_with('@') {
        return; // After a space or other tags that is a verb; at the beginning it would be tags.
    }
    let mut out = Vec::new();
    let mut writer = LineWriter::new(&mut out);
    for it in &sent {
        writer.tag(it.key, &it.value());
    }
    if let Some(source) = line.source {
        writer.source(source);
    }
    writer.verb(line.verb);
    if let Some((last, words)) = line.params.split_last() {
        words.iter().for_each(|it| {
            writer.param(it);
        });
        writer.trailing(last);
    }
    writer.finish();
    let written = out.strip_suffix(b"\r\n").expect("a line ends with CR LF");
    assert!(written.len() <= SERVER_LINE_BYTES_MAX);
    let again = Line::parse_from_server(written).expect("what we write can be read");
    assert_eq!((again.source, again.verb), (line.source, line.verb));
    // The last parameter gains a `:`, which may push the end of a long line over its limit.
    let whole = again.params.len() == line.params.len();
    assert!(whole && again.params.iter().zip(line.params.iter()).all(|(a, b)| b.starts_with(a)));
    if written.len() < 500 {
        assert_eq!(again.params, line.params);
    }
    // Escapes may make tags longer than they came, and then the last ones are left out.
    let read: Vec<Tag<'_>> = again.tags.iter().collect();
    assert!(read.len() <= sent.len());
    if written.len() < 4000 {
        let values = |them: &[Tag<'_>]| -> Vec<(String, String)> {
            them.iter().map(|it| (it.key.to_owned(), it.value().into_owned())).collect()
        };
        assert_eq!(values(&read), values(&sent));
    }
}

fn passes_tags_on(line: &Line<'_>) {
    let mut raw = String::new();
    line.tags.write_client_only(&mut raw);
    let again = irc_proto::Tags::from_raw(&raw);
    assert!(again.iter().eq(line.tags.client_only()));
}
