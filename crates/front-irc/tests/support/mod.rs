//! What the tests of the door share: a node that is none, clients, and conversations as text.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod fake_accounts;
pub(crate) mod fake_node;
pub(crate) mod script;

use front_irc::{Config, Door, Listener, Operator, Timings, Transport};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long anything is waited for before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn config() -> Config {
    Config {
        listeners: vec![listener(Transport::Stream)],
        operators: vec![Operator { name: "admin".into(), password: "secret".into() }],
        nick_length: 16,
        connections_per_ip: 1000,
        flood_protection: false,
        sendq_bytes: 1 << 20,
        history_max: 50,
        shards: 1,
        motd: Vec::new(),
        registration: true,
        before_connect: true,
    }
}

pub(crate) fn listener(transport: Transport) -> Listener {
    Listener { address: "127.0.0.1:0".into(), transport, tls: None, password: None }
}

pub(crate) fn open(config: Config) -> Door {
    open_with(config, Timings::default())
}

pub(crate) fn open_with(config: Config, timings: Timings) -> Door {
    front_irc::start_with(config, timings, fake_node::start()).expect("the door opens")
}

pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Client {
        let socket = TcpStream::connect(address).expect("the door listens");
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Client { reader: BufReader::new(socket) }
    }

    pub(crate) fn registered(address: SocketAddr, nick: &str) -> Client {
        let mut it = Client::connect(address);
        it.say(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}"));
        it.until(" 422 ");
        it
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes());
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.reader.get_mut().write_all(bytes); // If it is closed, reading shows it.
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// The next line, without its end; `None`: the connection was closed.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no line came: {error}"),
        }
    }

    /// Reads until a line holds this text, and gives that line.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> String {
        while let Some(line) = self.line() {
            if line.contains(text) {
                return line;
            }
        }
        panic!("the connection was closed before {text:?}");
    }
}
