//! Two clients on one IRC door: whatever they send, the door answers in well-formed lines, in order,
//! and goes on serving.
//!
//! A door with a node of one thread behind it is opened for every input. The first byte says which
//! client is registered already; the rest is cut at the byte 0xFE, and the clients send the pieces in
//! turn. After a piece that ends a line its sender waits for the answer to a PING.
#![no_main]

#[path = "../../crates/front-irc/tests/support/fake_accounts.rs"]
mod fake_accounts;
#[allow(dead_code, reason = "the door's own tests use the rest")]
#[path = "../../crates/front-irc/tests/support/fake_node.rs"]
mod fake_node;

use front_irc::{Config, Listener, Operator, Transport, start};
use irc_proto::Line;
use irc_proto::limits::SERVER_LINE_BYTES_MAX;
use libfuzzer_sys::fuzz_target;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Cannot stand in UTF-8, and so in no line.
const CUT: u8 = 0xFE;
const PATIENCE: Duration = Duration::from_secs(8);

fuzz_target!(|bytes: &[u8]| {
    let [registered, rest @ ..] = bytes else { return };
    // The node of the tests never answers in this room, and a PONG waits for the answers before it.
    if rest.to_ascii_lowercase().windows(7).any(|it| it == b"#silent") {
        return;
    }
    let door = start(config(), fake_node::start()).expect("the door opens");
    let mut clients = [Client::connect(door.addresses()[0]), Client::connect(door.addresses()[0])];
    for (place, client) in clients.iter_mut().enumerate() {
        if registered >> place & 1 == 0 {
            client.send(format!("NICK n{place}\r\nUSER u 0 * :r\r\n").as_bytes());
            client.catches_up();
        }
    }
    for (place, piece) in rest.split(|it| *it == CUT).enumerate() {
        let client = &mut clients[place % 2];
        client.send(piece);
        if piece.ends_with(b"\n") {
            client.catches_up();
        }
    }
    for client in &mut clients {
        client.send(b"\r\n");
        client.catches_up();
    }
    drop(clients);
    let mut last = Client::connect(door.addresses()[0]);
    last.send(b"NICK last\r\nUSER u 0 * :r\r\n");
    last.catches_up();
    assert!(last.is_open, "the door still serves");
    door.stop();
});

fn config() -> Config {
    Config {
        listeners: vec![Listener {
            address: "127.0.0.1:0".into(),
            transport: Transport::Stream,
            tls: None,
            password: None,
        }],
        operators: vec![Operator { name: "admin".into(), password: "secret".into() }],
        nick_length: 16,
        connections_per_ip: 10,
        flood_protection: false,
        sendq_bytes: 1 << 20,
        history_max: 50,
        shards: 1,
        motd: vec!["hello".into()],
        registration: true,
        before_connect: true,
    }
}

struct Client {
    reader: BufReader<TcpStream>,
    is_open: bool,
    pings: usize,
}

impl Client {
    fn connect(address: SocketAddr) -> Client {
        let socket = TcpStream::connect(address).expect("the door listens");
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        // Closed with a reset, so that thousands of runs leave no port in TIME_WAIT.
        socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
        Client { reader: BufReader::new(socket), is_open: true, pings: 0 }
    }

    fn send(&mut self, bytes: &[u8]) {
        let _ = self.reader.get_mut().write_all(bytes); // If it is closed, reading shows it.
    }

    /// Reads and checks all lines until the door has answered everything said so far.
    fn catches_up(&mut self) {
        self.pings += 1;
        let token = format!("caught-up-{}", self.pings);
        self.send(format!("PING {token}\r\n").as_bytes());
        while self.is_open {
            let mut line = Vec::new();
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => self.is_open = false,
                Err(it) if it.kind() == ErrorKind::ConnectionReset => self.is_open = false,
                Err(why) => panic!("no answer to PING {token}: {why}"),
                Ok(_) if is_answer(&line, &token) => return,
                Ok(_) => {}
            }
        }
    }
}

fn is_answer(line: &[u8], token: &str) -> bool {
    let shown = || String::from_utf8_lossy(line);
    let text = line.strip_suffix(b"\r\n").unwrap_or_else(|| panic!("no whole line: {:?}", shown()));
    assert!(text.len() <= SERVER_LINE_BYTES_MAX);
    let line = Line::parse_from_server(text).unwrap_or_else(|why| panic!("{why}: {:?}", shown()));
    line.is_verb("PONG") && line.last() == Some(token)
}
