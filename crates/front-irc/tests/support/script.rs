//! Conversations as text. `alice enters CAPS` connects and registers; `alice> LINE` sends;
//! `alice< LINE` is what alice reads next. At the end nobody may have anything more to read.
//!
//! Times and message ids are shown as `T` and `M`; an expectation that ends in `...` is a beginning.

use super::{Client, config, open};
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[track_caller]
pub(crate) fn plays(script: &str) {
    let door = open(config());
    plays_at(door.addresses()[0], script);
    door.stop();
}

#[track_caller]
pub(crate) fn plays_at(address: SocketAddr, script: &str) {
    let mut clients: BTreeMap<String, Client> = BTreeMap::new();
    for line in script.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let (name, rest) = line.split_once([' ', '>', '<']).expect("a line of the script");
        let mark = &line[name.len()..=name.len()];
        let rest = rest.trim_start();
        match mark {
            ">" => clients.get_mut(name).expect("they entered").say(rest),
            "<" => {
                let read = clients.get_mut(name).expect("they entered").line();
                let read = read.map_or("(closed)".into(), |it| masked(&it));
                assert!(fits(&read, rest), "\nexpected {name}< {rest}\n    read {name}< {read}");
            }
            _ if rest == "connects" => {
                clients.insert(name.to_owned(), Client::connect(address));
            }
            _ => {
                let caps = rest.strip_prefix("enters").expect("`enters` or `connects`").trim();
                clients.insert(name.to_owned(), enter(address, name, caps));
            }
        }
    }
    // Twice: what one caused may still be on its way to another when the first round begins.
    for _ in 0..2 {
        for (name, client) in &mut clients {
            client.say("ISON :nobody-at-all");
            if let Some(line) = client.line() {
                assert!(
                    line.contains(" 303 ") || line.contains(" 451 "),
                    "{name} also read: {line}"
                );
            }
        }
    }
}

fn enter(address: SocketAddr, name: &str, caps: &str) -> Client {
    let mut client = Client::connect(address);
    if !caps.is_empty() {
        client.say(&format!("CAP REQ :{caps}"));
        let answer = client.line().unwrap();
        assert!(answer.contains(" ACK "), "{answer}");
    }
    client.say(&format!("NICK {name}\r\nUSER {name} 0 * :{name} R\r\nCAP END"));
    client.until(" 422 ");
    client
}

fn fits(read: &str, expected: &str) -> bool {
    match expected.strip_suffix("...") {
        Some(beginning) => read.starts_with(beginning),
        None => read == expected,
    }
}

fn masked(line: &str) -> String {
    let Some((tags, rest)) = line.strip_prefix('@').and_then(|it| it.split_once(' ')) else {
        return line.to_owned();
    };
    let tags = tags.split(';').map(|it| match it.split_once('=') {
        Some(("time", _)) => "time=T",
        Some(("msgid", _)) => "msgid=M",
        _ => it,
    });
    format!("@{} {rest}", tags.collect::<Vec<_>>().join(";"))
}
