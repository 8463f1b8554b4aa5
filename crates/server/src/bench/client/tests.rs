use super::*;

const HELLO: Hello = Hello { run: RunTag(*b"abcd"), pass: None, caps: &["echo-message", "batch"] };

fn greeted() -> (Client, Vec<u8>) {
    let mut client = Client::new(10, 0);
    let mut out = Vec::new();
    client.greet(&HELLO, &mut out);
    (client, out)
}

fn hear(client: &mut Client, line: &str, out: &mut Vec<u8>) -> Heard {
    out.clear();
    client.hear(line.as_bytes(), 7, &HELLO, out)
}

#[test]
fn it_registers_with_the_caps_the_server_has() {
    let (mut client, mut out) = greeted();
    assert!(
        String::from_utf8_lossy(&out)
            .contains("CAP REQ :echo-message\r\nCAP REQ :batch\r\nNICK abcda\r\n")
    );
    hear(&mut client, ":srv CAP * ACK :echo-message ", &mut out);
    hear(&mut client, ":srv CAP * NAK :batch", &mut out);
    hear(&mut client, "PING :cookie", &mut out);
    assert_eq!(out, b"PONG :cookie\r\n");
    assert_eq!(hear(&mut client, ":srv 001 abcda :hi", &mut out), Heard::Nothing);
    assert_eq!(hear(&mut client, ":srv 376 abcda :End", &mut out), Heard::Registered);
    assert_eq!((client.caps, client.registered_ns), (vec!["echo-message"], 7));
}

#[test]
fn it_takes_another_nick_until_there_is_no_sense_in_it() {
    let (mut client, mut out) = greeted();
    for attempt in 1..=NICK_ATTEMPTS_MAX {
        assert_eq!(hear(&mut client, ":srv 433 * abcda :in use", &mut out), Heard::Nothing);
        assert_eq!(out, format!("NICK {}\r\n", HELLO.run.nick(10, attempt)).as_bytes());
    }
    assert_eq!(hear(&mut client, ":srv 433 * abcda :in use", &mut out), Heard::Refused);
    assert!(client.last_words.contains("433"));
}

#[test]
fn what_nobody_knows_of_a_join_is_asked_again() {
    let (mut client, mut out) = greeted();
    hear(&mut client, ":srv 422 abcda :no MOTD", &mut out);
    client.join(&["#a".into()], &mut out);
    out.clear();
    let unknown = ":srv FAIL JOIN OUTCOME_UNKNOWN #a :That may or may not have been done";
    assert_eq!(hear(&mut client, unknown, &mut out), Heard::Nothing);
    assert_eq!(out, b"JOIN #a\r\nNAMES #a\r\n");
    assert_eq!(hear(&mut client, ":srv 366 abcda #a :End", &mut out), Heard::Joined);
}

#[test]
fn it_is_live_when_the_last_room_has_listed_its_names() {
    let (mut client, mut out) = greeted();
    hear(&mut client, ":srv 422 abcda :no MOTD", &mut out);
    client.join(&["#a".into(), "#b".into()], &mut out);
    assert_eq!(hear(&mut client, ":srv 366 abcda #a :End", &mut out), Heard::Nothing);
    assert_eq!(hear(&mut client, ":srv 366 abcda #b :End", &mut out), Heard::Joined);
    assert_eq!(hear(&mut client, ":n!u@h PRIVMSG #a :x", &mut out), Heard::Traffic);
    assert_eq!(hear(&mut client, "PING 1", &mut out), Heard::Nothing);
}

#[test]
fn a_refused_join_keeps_the_servers_words() {
    let (mut client, mut out) = greeted();
    hear(&mut client, ":srv 422 abcda :no MOTD", &mut out);
    client.join(&["#a".into()], &mut out);
    assert_eq!(hear(&mut client, ":srv 471 abcda #a :full", &mut out), Heard::Refused);
    assert_eq!(client.last_words, ":srv 471 abcda #a :full");
}
