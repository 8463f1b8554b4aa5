//! The door on real sockets: what it says to whom, and what it does with those who misbehave.

use chat::NodeId;
use chat::directory::Roles;
use front_dns::{Config, Door, Listener, Zone};
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use node::lookup::{DoorAddress, DoorKind, Health, Lookup, Member, Members, Policy, Publisher};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

struct Open {
    address: SocketAddr,
    _publisher: Publisher,
    _runtime: tokio::runtime::Runtime,
}

fn open(answers_per_prefix: u32) -> Open {
    let (publisher, lookup) = Lookup::pair(1);
    let irc = DoorAddress::parse("192.0.2.1:6667").expect("an address");
    publisher.publish(Members {
        nodes: vec![Member {
            id: NodeId(1),
            name: "n1".into(),
            roles: Roles { directory: true, chat: true },
            health: Health::Up,
            doors: Arc::new([(DoorKind::Irc, irc)].into_iter().collect()),
            connections: 0,
            report: 1,
        }],
        ..Members::default()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let zone = Zone::parse("chat.example").expect("a zone");
    // A port that is free for both.
    let (address, door) = loop {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let listeners = vec![Listener { address, zone: zone.clone() }];
        let config = Config { listeners, policy: Policy::RoundRobin, answers_per_prefix };
        if let Ok(door) = Door::open(config, &lookup) {
            break (address, door);
        }
    };
    runtime.spawn(door.run());
    Open { address, _publisher: publisher, _runtime: runtime }
}

fn query() -> Vec<u8> {
    let mut message = Message::query();
    let name = Name::from_ascii("chat.example.").expect("a name");
    message.add_query(Query::query(name, RecordType::A));
    message.to_vec().expect("it can be written")
}

fn udp(to: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket.connect(to).expect("it can be connected");
    socket.set_read_timeout(Some(SOON)).expect("it can be set");
    socket
}

fn answer(socket: &UdpSocket) -> Message {
    let mut buffer = [0; 512];
    let length = socket.recv(&mut buffer).expect("an answer");
    Message::from_vec(&buffer[..length]).expect("it can be read")
}

fn ask_by_tcp(stream: &mut TcpStream, packet: &[u8]) -> Option<Message> {
    let length = (packet.len() as u16).to_be_bytes();
    stream.write_all(&[&length[..], packet].concat()).expect("it listens");
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).expect("the whole answer");
    Some(Message::from_vec(&answer).expect("it can be read"))
}

fn tcp(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("it can be set");
    stream
}

#[test]
fn it_answers_by_udp_and_by_tcp_again_and_again() {
    let open = open(0);
    let socket = udp(open.address);
    let mut stream = tcp(open.address);
    for _ in 0..3 {
        socket.send(&query()).expect("it is sent");
        assert_eq!(answer(&socket).answers.len(), 1);
        let answer = ask_by_tcp(&mut stream, &query()).expect("it is answered");
        assert_eq!(answer.answers.len(), 1);
    }
}

#[test]
fn rubbish_ends_a_connection_and_nobody_else_notices() {
    let open = open(0);
    for rubbish in [&b"\xff\xff"[..], b"\x00\x00", b"\x00\x03abc", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = tcp(open.address);
        stream.write_all(rubbish).expect("it listens");
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest); // A reset says the same as an end.
        assert!(ended.is_err() || rest.is_empty(), "{rubbish:?}: {rest:?}");
        udp(open.address).send(rubbish).expect("it is sent");
    }
    assert!(ask_by_tcp(&mut tcp(open.address), &query()).is_some());
    let socket = udp(open.address);
    socket.send(&query()).expect("it is sent");
    assert_eq!(answer(&socket).answers.len(), 1);
}

#[test]
fn who_asks_too_often_by_udp_is_sent_to_tcp_and_answered_there() {
    let open = open(1);
    let socket = udp(open.address);
    // Of what is over the limit every second one is told, the others hear nothing: of two at once at
    // least one is answered.
    let told = (0..20).find_map(|_| {
        socket.send(&query()).expect("it is sent");
        socket.send(&query()).expect("it is sent");
        Some(answer(&socket)).filter(|it| it.metadata.truncation)
    });
    assert!(told.expect("one of forty is over the limit").answers.is_empty());
    let answer = ask_by_tcp(&mut tcp(open.address), &query()).expect("it is answered");
    assert_eq!(answer.answers.len(), 1);
}
