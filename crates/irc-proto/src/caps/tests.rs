use super::*;
use crate::limits::BODY_BYTES_MAX;
use proptest::prelude::*;

fn lines(subcommand: &str, texts: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    write_lines(&mut out, "n1", "*", subcommand, texts);
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_place_of_a_capability_is_its_bit() {
    for (place, (cap, name)) in NAMES.into_iter().enumerate() {
        assert_eq!(cap as usize, place);
        assert_eq!((Cap::from_name(name), cap.name()), (Some(cap), name));
    }
    assert_eq!(Cap::from_name("SASL"), None);
    assert_eq!(CapSet::ALL.iter().count(), NAMES.len());
}

#[test]
fn a_request_is_granted_whole_or_not_at_all() {
    let parse = |words| CapRequest::parse(words, CapSet::ALL.without(Cap::Sasl));
    let request = parse("batch -server-time  echo-message ").unwrap();
    assert_eq!(request.enable, CapSet::of(&[Cap::Batch, Cap::EchoMessage]));
    assert_eq!(request.disable, CapSet::of(&[Cap::ServerTime]));
    let before = CapSet::of(&[Cap::ServerTime, Cap::Setname]);
    let after = CapSet::of(&[Cap::Batch, Cap::EchoMessage, Cap::Setname]);
    assert_eq!(request.apply(before), after);

    assert_eq!(parse("batch nothing"), Err(NotOffered));
    assert_eq!(parse("sasl"), Err(NotOffered));
    assert_eq!(parse("-"), Err(NotOffered));
    assert_eq!(parse("").unwrap().apply(before), before);
    assert_eq!(parse("batch -batch").unwrap().apply(before), before);
    assert_eq!(parse("-batch batch").unwrap().apply(before), before.with(Cap::Batch));
}

#[test]
fn an_old_client_gets_one_line_without_values() {
    let texts = list_texts(CapSet::ALL, false, |_| Some("x"));
    let lines = lines("LS", &texts);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with(":n1 CAP * LS :message-tags server-time "));
    assert!(lines[0].ends_with(" draft/account-registration") && lines[0].len() < LIST_BYTES_MAX);
}

#[test]
fn a_302_client_gets_values_and_marked_lines() {
    let long = "v".repeat(280);
    let value = |cap| matches!(cap, Cap::EventPlayback | Cap::Sasl).then_some(long.as_str());
    let lines = lines("LS", &list_texts(CapSet::ALL, true, value));
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with(":n1 CAP * LS * :message-tags"));
    assert!(lines[1].starts_with(":n1 CAP * LS * :draft/event-playback=vvv"));
    assert!(lines[2].starts_with(":n1 CAP * LS :sasl=vvv"));
}

#[test]
fn no_capabilities_are_an_empty_list() {
    assert_eq!(lines("LIST", &list_texts(CapSet::EMPTY, true, |_| None)), [":n1 CAP * LIST :"]);
}

proptest! {
    #[test]
    fn lists_name_every_capability_once_and_fit(bits: u32, value in "[a-z]{0,200}") {
        let caps = CapSet(bits & CapSet::ALL.bits());
        let texts = list_texts(caps, true, |_| Some(&value));
        for line in lines("LS", &texts) {
            prop_assert!(line.len() <= BODY_BYTES_MAX);
        }
        let words: Vec<&str> = texts.iter().flat_map(|it| it.split_whitespace()).collect();
        let read = words.iter().map(|it| Cap::from_name(it.split('=').next().unwrap()).unwrap());
        prop_assert_eq!(words.len(), caps.iter().count());
        prop_assert_eq!(read.collect::<CapSet>(), caps);
    }

    #[test]
    fn no_words_make_the_parser_panic(words in any::<String>()) {
        let _ = CapRequest::parse(&words, CapSet::ALL);
    }
}
