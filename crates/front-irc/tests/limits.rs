//! Bad input and trouble: limits hold, the words are clear, others are served.

mod support;

use front_irc::{StartError, Timings, Transport};
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;
use support::{Client, config, listener, open, open_with};

#[test]
fn lines_arrive_in_any_pieces() {
    let door = open(config());
    let mut alice = Client::registered(door.addresses()[0], "alice");
    for byte in b"PING a\r\nPING b\nPI" {
        alice.send(&[*byte]);
    }
    alice.send(b"NG c\r\n");
    for token in ["a", "b", "c"] {
        assert_eq!(alice.line().unwrap(), format!(":n1 PONG n1 :{token}"));
    }
    door.stop();
}

#[test]
fn a_line_too_long_is_refused_and_the_next_one_runs() {
    let door = open(config());
    let mut alice = Client::registered(door.addresses()[0], "alice");
    for bytes in [600, 5_000, 3_000_000] {
        alice.say(&format!("PRIVMSG alice :{}", "x".repeat(bytes)));
        assert_eq!(alice.line().unwrap(), ":n1 417 alice :Input line was too long", "{bytes}");
    }
    alice.say(&format!("@a={} PING x", "x".repeat(5_000)));
    assert_eq!(alice.line().unwrap(), ":n1 417 alice :Input line was too long");
    alice.say("PING after");
    assert_eq!(alice.line().unwrap(), ":n1 PONG n1 :after");
    door.stop();
}

#[test]
fn a_line_may_name_as_many_rooms_as_it_holds() {
    const COUNT: usize = 80;
    let door = open(config());
    let mut alice = Client::registered(door.addresses()[0], "alice");
    let rooms: Vec<String> = (0..COUNT).map(|it| format!("#r{it}")).collect();
    alice.say(&format!("JOIN {}", rooms.join(",")));
    for room in &rooms {
        assert_eq!(alice.until(" JOIN "), format!(":alice!~alice@127.0.0.1 JOIN {room}"));
        alice.until(" 366 ");
    }
    alice.say(&format!("PART {}", rooms.join(",")));
    for room in &rooms {
        assert!(alice.line().unwrap().starts_with(&format!(":alice!~alice@127.0.0.1 PART {room}")));
    }
    door.stop();
}

#[test]
fn joins_on_their_way_count_towards_the_limit_of_rooms() {
    let door = open(config());
    let mut alice = Client::registered(door.addresses()[0], "alice");
    let rooms: Vec<String> = (0..252).map(|it| format!("#r{it}")).collect();
    let lines: String = rooms.chunks(42).map(|it| format!("JOIN {}\r\n", it.join(","))).collect();
    alice.send(lines.as_bytes());
    let mut refused = Vec::new();
    let mut joined = 0;
    while joined + refused.len() < 252 {
        let line = alice.line().unwrap();
        joined += usize::from(line.contains(" 366 "));
        if line.contains(" 405 ") {
            refused.push(line);
        }
    }
    let expected = |it| format!(":n1 405 alice #r{it} :You have joined too many channels");
    assert_eq!(refused, [expected(250), expected(251)]);
    door.stop();
}

#[test]
fn what_is_not_utf8_is_refused_under_its_verb() {
    let door = open(config());
    let mut alice = Client::connect(door.addresses()[0]);
    alice.say("CAP REQ :standard-replies\r\nNICK alice\r\nUSER a 0 * :a\r\nCAP END");
    alice.until(" 422 ");
    alice.send(b"PRIVMSG alice :caf\xe9\r\nPRIV\0MSG x :y\r\n\r\n   \r\nPING after\r\n");
    assert!(alice.line().unwrap().starts_with(":n1 FAIL PRIVMSG INVALID_UTF8 :"));
    assert!(alice.line().unwrap().starts_with(":n1 FAIL * INVALID_LINE :"));
    assert_eq!(alice.line().unwrap(), ":n1 PONG n1 :after");
    door.stop();
}

#[test]
fn a_line_that_cannot_be_parsed_is_answered() {
    let door = open(config());
    let mut alice = Client::connect(door.addresses()[0]);
    alice.say("CAP REQ :standard-replies labeled-response batch");
    alice.say("NICK alice\r\nUSER a 0 * :a\r\nCAP END");
    alice.until(" 422 ");
    let bytes = "A line must not contain NUL or a carriage return";
    let command = "There is no command in this line";
    for (line, answer) in [
        ("PRIVMSG alice :a\0b", format!(":n1 FAIL PRIVMSG INVALID_LINE :{bytes}")),
        ("topic #a :a\rb", format!(":n1 FAIL TOPIC INVALID_LINE :{bytes}")),
        ("@label=x PRIVMSG a :\0", format!("@label=x :n1 FAIL PRIVMSG INVALID_LINE :{bytes}")),
        ("@label=y", format!("@label=y :n1 FAIL * INVALID_LINE :{command}")),
        (":alice", format!(":n1 FAIL * INVALID_LINE :{command}")),
    ] {
        alice.say(line);
        assert_eq!(alice.line().unwrap(), answer, "{line:?}");
    }
    let mut bob = Client::registered(door.addresses()[0], "bob");
    bob.say("PRIVMSG alice :a\0b");
    assert_eq!(bob.line().unwrap(), format!(":n1 NOTICE bob :*** PRIVMSG: {bytes}"));
    door.stop();
}

#[test]
fn a_pong_comes_after_the_answers_before_it() {
    let door = open(config());
    let mut alice = Client::connect(door.addresses()[0]);
    alice.say("CAP REQ :labeled-response batch\r\nNICK alice\r\nUSER a 0 * :a\r\nCAP END");
    alice.until(" 422 ");
    for round in 0..100 {
        alice
            .say(&format!("JOIN #a,#b\r\n@label=l PING {round}\r\nPING x\r\nPART #a,#b\r\nPING y"));
        for expected in [
            ":alice!~a@127.0.0.1 JOIN #a",
            ":n1 353 ",
            ":n1 366 ",
            ":alice!~a@127.0.0.1 JOIN #b",
            ":n1 353 ",
            ":n1 366 ",
            &format!("@label=l :n1 PONG n1 :{round}"),
            ":n1 PONG n1 :x",
            ":alice!~a@127.0.0.1 PART #a",
            ":alice!~a@127.0.0.1 PART #b",
            ":n1 PONG n1 :y",
        ] {
            let line = alice.line().unwrap();
            assert!(line.starts_with(expected), "expected {expected}, read {line}");
        }
    }
    door.stop();
}

#[test]
fn a_million_pipelined_commands_stay_in_order_and_starve_nobody() {
    const COUNT: usize = 1_000_000;
    let door = open(config());
    let address = door.addresses()[0];
    let alice = Client::registered(address, "alice");
    let mut writer = alice.socket().try_clone().unwrap();
    let mut reader = alice.socket().try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        for chunk in 0..COUNT / 1000 {
            let lines: String =
                (0..1000).map(|it| format!("PING {}\r\n", chunk * 1000 + it)).collect();
            writer.write_all(lines.as_bytes()).unwrap();
        }
    });
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        let mut bytes = vec![0; 1 << 16];
        let mut next = 0;
        while next < COUNT {
            let count = reader.read(&mut bytes).unwrap();
            assert!(count > 0, "closed after {next}");
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            let whole = text.rfind('\n').map_or(0, |it| it + 1);
            for line in text[..whole].lines() {
                assert_eq!(line, format!(":n1 PONG n1 :{next}"));
                next += 1;
            }
            text.drain(..whole);
        }
    });
    // Meanwhile others come in and are answered.
    let mut bob = Client::registered(address, "bob");
    bob.say("PING x");
    assert_eq!(bob.line().unwrap(), ":n1 PONG n1 :x");
    writing.join().unwrap();
    reading.join().unwrap();
    door.stop();
}

#[test]
fn a_client_that_waits_for_too_many_answers_is_read_no_further() {
    let door = open(front_irc::Config { flood_protection: true, ..config() });
    let mut alice = Client::registered(door.addresses()[0], "alice");
    // Unanswered requests fill the allowance; what follows them stays unread, so no PONG comes.
    for _ in 0..30 {
        alice.say("PRIVMSG #silent,#silent,#silent,#silent :hi");
    }
    alice.say("PING x");
    alice.socket().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let read = alice.socket().read(&mut [0; 100]);
    assert!(matches!(read.unwrap_err().kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    door.stop();
}

#[test]
fn a_flood_is_slowed_down_and_then_ended() {
    let timings = Timings { flood: Duration::from_millis(300), ..Timings::default() };
    let door = open_with(front_irc::Config { flood_protection: true, ..config() }, timings);
    let mut alice = Client::registered(door.addresses()[0], "alice");
    let lines: String = (0..20_000).map(|it| format!("PING {it}\r\n")).collect();
    alice.send(lines.as_bytes());
    let end = alice.until("ERROR");
    assert_eq!(end, "ERROR :Closing Link: 127.0.0.1 (Excess Flood)");
    door.stop();
}

#[test]
fn who_never_registers_is_closed() {
    let timings = Timings { registration: Duration::from_millis(100), ..Timings::default() };
    let door = open_with(config(), timings);
    let mut silent = Client::connect(door.addresses()[0]);
    let end = silent.line().unwrap();
    assert_eq!(end, "ERROR :Closing Link: 127.0.0.1 (Registration timed out)");
    assert_eq!(silent.line(), None);
    door.stop();
}

#[test]
fn who_falls_silent_is_asked_and_then_closed() {
    let timings = Timings {
        ping_after: Duration::from_millis(100),
        ping_timeout: Duration::from_millis(100),
        ..Timings::default()
    };
    let door = open_with(config(), timings);
    let mut alice = Client::registered(door.addresses()[0], "alice");
    assert_eq!(alice.line().unwrap(), "PING :n1");
    alice.say("PONG n1");
    assert_eq!(alice.line().unwrap(), "PING :n1");
    assert_eq!(alice.until("ERROR"), "ERROR :Closing Link: 127.0.0.1 (Ping timeout)");
    door.stop();
}

/// Alice and somebody else, in `#a`.
fn both_in_a_room(address: std::net::SocketAddr, other: &str) -> (Client, Client) {
    let mut alice = Client::registered(address, "alice");
    let mut other = Client::registered(address, other);
    alice.say("JOIN #a");
    alice.until(" 366 ");
    other.say("JOIN #a");
    other.until(" 366 ");
    alice.until("JOIN");
    (alice, other)
}

#[test]
fn a_slow_reader_is_dropped_and_the_room_goes_on() {
    let door = open(front_irc::Config { sendq_bytes: 64 * 1024, ..config() });
    let address = door.addresses()[0];
    let (mut alice, _slow) = both_in_a_room(address, "slow");
    let text = "x".repeat(400);
    let lines: String = (0..100).map(|_| format!("PRIVMSG #a :{text}\r\n")).collect();
    alice.socket().set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut read = Vec::new();
    // Until the kernel's buffers and then the queue are full, which takes a few megabytes.
    while !String::from_utf8_lossy(&read).contains("SendQ exceeded") {
        alice.send(lines.as_bytes());
        let mut bytes = [0; 4096];
        if let Ok(count) = alice.socket().read(&mut bytes) {
            read.extend_from_slice(&bytes[..count]);
        }
    }
    assert!(String::from_utf8_lossy(&read).contains(":slow!~slow@127.0.0.1 QUIT :SendQ exceeded"));
    door.stop();
}

#[test]
fn who_is_told_much_at_once_is_given_time_to_read_it() {
    let timings = Timings { behind: Duration::from_secs(600), ..Timings::default() };
    let door = open_with(config(), timings);
    let address = door.addresses()[0];
    let (mut alice, mut busy) = both_in_a_room(address, "busy");
    // Far more than the kernel's buffers and the queue take together.
    let text = "x".repeat(400);
    const LINES: usize = 30_000;
    for number in 0..LINES {
        alice.send(format!("PRIVMSG #a :{number} {text}\r\n").as_bytes());
    }
    alice.say("PING done");
    alice.until(" PONG ");
    for number in 0..LINES {
        let line = busy.until("PRIVMSG");
        assert!(line.contains(&format!(" #a :{number} x")), "{line} is not {number}");
    }
    door.stop();
}

#[test]
fn connections_of_one_address_are_counted() {
    let door = open(front_irc::Config { connections_per_ip: 3, shards: 2, ..config() });
    let address = door.addresses()[0];
    let mut first = Client::registered(address, "first");
    let mut others = [Client::registered(address, "second"), Client::registered(address, "third")];
    let mut turned_away = Client::connect(address);
    let words = "ERROR :Closing Link: (Too many connections from your address)";
    assert_eq!(turned_away.line().unwrap(), words);
    assert_eq!(turned_away.line(), None);
    first.say("QUIT");
    first.until("ERROR");
    assert_eq!(first.line(), None);
    // The place is free once the shard has closed the socket, which the client saw.
    let mut again = Client::registered(address, "again");
    again.say("PING x");
    assert_eq!(again.line().unwrap(), ":n1 PONG n1 :x");
    others[0].say("PING x");
    assert_eq!(others[0].line().unwrap(), ":n1 PONG n1 :x");
    door.stop();
}

#[test]
fn hundreds_at_once_are_served_over_two_shards() {
    let door = open(front_irc::Config { connections_per_ip: 5000, shards: 2, ..config() });
    let address = door.addresses()[0];
    let mut clients: Vec<Client> = (0..400).map(|_| Client::connect(address)).collect();
    for (number, it) in clients.iter_mut().enumerate() {
        it.say(&format!("NICK n{number}\r\nUSER u 0 * :r\r\nJOIN #a"));
    }
    for it in &mut clients {
        it.until(" 366 ");
    }
    clients[0].say("PRIVMSG #a :everybody?");
    for it in &mut clients[1..] {
        it.until("PRIVMSG #a :everybody?");
    }
    door.stop();
}

#[test]
fn a_wrong_password_is_refused() {
    let mut it = config();
    it.listeners[0].password = Some("open sesame".into());
    let door = open(it);
    let mut alice = Client::connect(door.addresses()[0]);
    alice.say("PASS wrong\r\nNICK alice\r\nUSER a 0 * :a");
    assert_eq!(alice.line().unwrap(), ":n1 464 alice :Password incorrect");
    alice.until("ERROR");
    let mut bob = Client::connect(door.addresses()[0]);
    bob.say("PASS :open sesame\r\nNICK bob\r\nUSER b 0 * :b");
    bob.until(" 001 ");
    door.stop();
}

#[test]
fn a_drain_tells_everybody_and_closes_them() {
    let door = open(config());
    let mut alice = Client::registered(door.addresses()[0], "alice");
    door.drain("Upgrade", Duration::from_millis(50));
    assert_eq!(
        alice.line().unwrap(),
        ":n1 NOTICE alice :*** Upgrade; please connect to another server of the network"
    );
    assert_eq!(alice.line().unwrap(), "ERROR :Closing Link: 127.0.0.1 (Upgrade)");
    door.stop();
}

#[test]
fn a_drain_gives_its_advice_once() {
    let door = open(config());
    let mut alice = Client::registered(door.addresses()[0], "alice");
    door.drain("The disk is full; please connect to another one", Duration::ZERO);
    assert_eq!(
        alice.line().unwrap(),
        ":n1 NOTICE alice :*** The disk is full; please connect to another one"
    );
    door.stop();
}

#[test]
fn a_drained_node_turns_newcomers_away_and_takes_them_in_again_when_it_is_drained_no_longer() {
    let door = open(config());
    let address = door.addresses()[0];
    let mut alice = Client::registered(address, "alice");
    alice.say("JOIN #drain");
    assert_eq!(alice.until("NOTICE"), ":n1 NOTICE alice :*** Drained; please reconnect");
    let mut bob = Client::connect(address);
    assert_eq!(bob.line().unwrap(), "ERROR :Closing Link: 127.0.0.1 (Drained; please reconnect)");
    // She has an hour.
    alice.say("JOIN #undrain\r\nPING here");
    alice.until(" PONG ");
    Client::registered(address, "bob");

    // And whoever stops a drained node does not wait for that hour to pass.
    alice.say("JOIN #drain\r\nPING again");
    alice.until(" PONG ");
    door.drain("Upgrade", Duration::ZERO);
    alice.until("ERROR :Closing Link");
    door.stop();
}

#[test]
fn signon_times_are_known_on_every_shard() {
    let door = open(front_irc::Config { shards: 4, ..config() });
    let address = door.addresses()[0];
    let mut all: Vec<Client> =
        (0..16).map(|it| Client::registered(address, &format!("u{it}"))).collect();
    for it in 0..16 {
        all[0].say(&format!("WHOIS u{it}"));
        let idle = all[0].until(" 317 ");
        assert!(idle.starts_with(&format!(":n1 317 u0 u{it} 0 1700000")), "{idle}");
        all[0].until(" 318 ");
    }
    door.stop();
}

#[test]
fn a_port_in_use_is_an_error_with_its_address() {
    let door = open(config());
    let mut it = config();
    it.listeners[0].address = door.addresses()[0].to_string();
    let Err(StartError::Listen { address, why }) =
        front_irc::start(it, support::fake_node::start())
    else {
        panic!("the port is in use");
    };
    assert_eq!(address, door.addresses()[0].to_string());
    assert!(why.contains("another program listens there already"), "{why}");
    let mut it = config();
    it.listeners = vec![listener(Transport::Stream)];
    it.listeners[0].address = "no such host:1".into();
    assert!(matches!(
        front_irc::start(it, support::fake_node::start()),
        Err(StartError::Listen { .. })
    ));
    door.stop();
}

#[test]
fn who_closes_right_after_speaking_is_heard_and_let_go() {
    let door = open(config());
    for _ in 0..50 {
        let mut alice = Client::connect(door.addresses()[0]);
        alice.say("PING x");
        alice.socket().shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(alice.line().unwrap(), ":n1 PONG n1 :x");
        assert_eq!(alice.line(), None);
    }
    door.stop();
}

#[test]
fn who_does_not_read_is_not_read_and_loses_nothing() {
    let door = open(front_irc::Config { sendq_bytes: 64 * 1024, ..config() });
    let alice = Client::registered(door.addresses()[0], "alice");
    let mut socket = alice.socket();
    socket.set_nonblocking(true).unwrap();
    // Commands until nothing more fits into the kernel, on either side.
    let lines = b"PING 0123456789\r\n".repeat(1000);
    let mut sent = 0;
    let mut idle = 0;
    while idle < 20 {
        match socket.write(&lines[sent % lines.len()..]) {
            Ok(count) => (sent, idle) = (sent + count, 0),
            Err(_) => {
                idle += 1;
                std::thread::yield_now();
            }
        }
    }
    socket.set_nonblocking(false).unwrap();
    let reply = b":n1 PONG n1 :0123456789\r\n";
    let mut expected = sent / b"PING 0123456789\r\n".len() * reply.len();
    let mut bytes = vec![0; 1 << 16];
    while expected > 0 {
        let count = socket.read(&mut bytes).unwrap();
        assert!(count > 0, "closed with {expected} bytes to come");
        expected -= count;
    }
    door.stop();
}
