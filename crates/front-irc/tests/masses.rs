//! Very much at once: memory stays bounded, and others are served.

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::TcpStream;
use std::sync::Mutex;
use support::{Client, config, open};

/// Tests that measure this process's memory run one after the other.
static MEMORY: Mutex<()> = Mutex::new(());

/// What this process takes of memory now, in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages: u64 = pages.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a number");
    pages * rustix::param::page_size() as u64
}

#[test]
fn a_gibibyte_in_one_line_takes_no_memory_and_the_next_line_runs() {
    let _alone = MEMORY.lock();
    let door = open(config());
    let address = door.addresses()[0];
    let mut alice = Client::registered(address, "alice");
    let mut bob = Client::registered(address, "bob");
    let before = resident();
    let piece = vec![b'x'; 1 << 20];
    alice.send(b"PRIVMSG bob :");
    for number in 0..1024 {
        alice.send(&piece);
        if number % 256 == 0 {
            bob.say(&format!("PING {number}"));
            assert_eq!(bob.line().unwrap(), format!(":n1 PONG n1 :{number}"));
        }
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    alice.say("\r\nPING after");
    assert_eq!(alice.line().unwrap(), ":n1 417 alice :Input line was too long");
    assert_eq!(alice.line().unwrap(), ":n1 PONG n1 :after");
    door.stop();
}

#[test]
fn ten_thousand_who_connect_at_once_and_say_nothing_hinder_nobody() {
    let _alone = MEMORY.lock();
    const CROWD: usize = 10_000;
    const FILES: u64 = 2 * CROWD as u64 + 500; // Both ends are in this process.
    let maximum = getrlimit(Resource::Nofile).maximum;
    if maximum.is_some_and(|it| it < FILES) {
        eprintln!("NOT RUN: this needs {FILES} open files, and {maximum:?} are allowed");
        return;
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(FILES), maximum }).expect("it may rise");
    let door = open(front_irc::Config { connections_per_ip: 2 * CROWD, shards: 2, ..config() });
    let address = door.addresses()[0];
    let mut alice = Client::registered(address, "alice");
    let before = resident();
    let connect = |_| TcpStream::connect(address).expect("the door listens");
    let crowd: Vec<TcpStream> = (0..CROWD).map(connect).collect();
    alice.say("PING during");
    assert_eq!(alice.line().unwrap(), ":n1 PONG n1 :during");
    // Whoever comes behind them all is let in, so they all were.
    let mut last = Client::registered(address, "last");
    last.say("PRIVMSG alice :I am in");
    alice.until("I am in");
    let each = resident().saturating_sub(before) / CROWD as u64;
    assert!(each < 16 << 10, "{each} bytes for each connection");
    drop(crowd);
    alice.say("PING after");
    assert_eq!(alice.line().unwrap(), ":n1 PONG n1 :after");
    door.stop();
}
