//! The door on real sockets: what it says to whom, and what it does with those who misbehave.

use chat::NodeId;
use chat::directory::Roles;
use front_web::{Config, Door, Listener};
use node::lookup::{DoorAddress, DoorKind, Health, Lookup, Member, Members, Policy, Publisher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

struct Open {
    address: SocketAddr,
    publisher: Publisher,
    _runtime: tokio::runtime::Runtime,
}

/// Three nodes; the door is the first one's.
fn members(health: [Health; 3]) -> Members {
    let node = |(number, health): (u64, Health)| {
        let irc = DoorAddress::parse(&format!("192.0.2.{number}:6667")).expect("an address");
        Member {
            id: NodeId(number),
            name: format!("n{number}").into(),
            roles: Roles { directory: true, chat: true },
            health,
            doors: Arc::new([(DoorKind::Irc, irc)].into_iter().collect()),
            connections: 10 * number as u32,
            report: 1,
        }
    };
    Members {
        network: "Example".into(),
        nodes: (1..).zip(health).map(node).collect(),
        me: Some(NodeId(1)),
        ..Members::default()
    }
}

fn open_for(connections_per_ip: usize) -> Open {
    let (publisher, lookup) = Lookup::pair(1);
    publisher.publish(members([Health::Up; 3]));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config {
        listeners: vec![Listener { address: (Ipv4Addr::LOCALHOST, 0).into(), tls: None }],
        policy: Policy::LeastConnections,
        connections_per_ip,
    };
    let door = Door::open(config, lookup).expect("a free port");
    let address = door.addresses().expect("it is bound")[0];
    runtime.spawn(door.run());
    Open { address, publisher, _runtime: runtime }
}

fn open() -> Open {
    open_for(64)
}

fn connect(open: &Open) -> TcpStream {
    let stream = TcpStream::connect(open.address).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("it can be set");
    stream
}

/// Status and body.
fn ask(open: &Open, request: &str) -> (u16, String) {
    let mut stream = connect(open);
    let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers in text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    (status.unwrap_or_else(|| panic!("no status in {head}")), body.to_owned())
}

#[test]
fn it_names_healthy_nodes_the_best_first() {
    let open = open();
    let (status, body) = ask(&open, "GET /v1/where?door=irc&limit=2");
    assert_eq!(status, 200);
    let expected = concat!(
        r#"{"door":"irc","policy":"least-connections","version":1,"nodes":["#,
        r#"{"name":"n1","address":"192.0.2.1:6667","host":"192.0.2.1","port":6667,"connections":10},"#,
        r#"{"name":"n2","address":"192.0.2.2:6667","host":"192.0.2.2","port":6667,"connections":20}]}"#,
    );
    assert_eq!(body, expected);

    open.publisher.publish(members([Health::Draining, Health::Down, Health::Up]));
    for policy in Policy::ALL {
        let (status, body) = ask(&open, &format!("GET /v1/where?policy={policy}"));
        assert_eq!(status, 200);
        assert!(body.contains("n3") && !body.contains("n1") && !body.contains("n2"), "{body}");
    }
}

#[test]
fn what_cannot_be_answered_says_why() {
    let open = open();
    for (request, status, says) in [
        ("GET /v1/where?door=fax", 400, "door is one of irc, ircs, ws"),
        ("GET /v1/where?policy=random", 400, "policy is one of least-connections"),
        ("GET /v1/where?limit=many", 400, "limit"),
        ("GET /v1/where?dor=irc", 400, "dor"),
        ("GET /v1/where?door=web", 503, "no healthy node has a door for web; ask again"),
        ("GET /", 404, "/v1/where"),
        ("POST /v1/where", 405, ""),
    ] {
        let (got, body) = ask(&open, request);
        assert_eq!(got, status, "{request}: {body}");
        assert!(body.contains(says), "{request}: {body}");
    }
}

#[test]
fn it_says_whether_its_node_takes_clients() {
    let open = open();
    assert_eq!(ask(&open, "GET /healthz"), (200, r#"{"status":"up"}"#.to_owned()));
    open.publisher.publish(members([Health::Draining, Health::Up, Health::Up]));
    assert_eq!(ask(&open, "GET /healthz"), (503, r#"{"error":"draining"}"#.to_owned()));
}

#[test]
fn members_are_told_at_once_and_again_when_one_changes_but_not_for_load() {
    let open = open();
    let mut stream = connect(&open);
    stream.write_all(b"GET /v1/members HTTP/1.1\r\nHost: x\r\n\r\n").expect("it listens");
    let mut lines = BufReader::new(stream).lines();
    let mut next = || {
        let data = lines.find_map(|it| Some(it.ok()?.strip_prefix("data: ")?.to_owned()));
        data.expect("an event")
    };
    let first = next();
    assert!(
        first.starts_with(r#"{"version":1,"network":"Example","node":"n1","nodes":["#),
        "{first}"
    );
    let second_node = r#"{"name":"n2","health":"up","chat":true,"directory":true,"connections":20,"doors":{"irc":"192.0.2.2:6667"}}"#;
    assert!(first.contains(second_node), "{first}");

    let mut loaded = members([Health::Up; 3]);
    loaded.nodes[1].connections = 99;
    open.publisher.publish(loaded);
    open.publisher.publish(members([Health::Up, Health::Unreachable, Health::Up]));
    let second = next();
    assert!(second.contains(r#""version":2,"#), "{second}");
    assert!(second.contains(r#"{"name":"n2","health":"unreachable""#), "{second}");
}

#[test]
fn who_has_too_many_connections_gets_no_more_until_one_is_gone() {
    let open = open_for(2);
    let held = [connect(&open), connect(&open)];
    for mut stream in &held {
        // An answer: it was accepted, and holds its place.
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("it listens");
        assert!(stream.read(&mut [0; 512]).expect("it answers") > 0);
    }
    let mut third = connect(&open);
    let _ = third.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut rest = Vec::new();
    let ended = third.read_to_end(&mut rest); // A reset says the same as an end.
    assert!(ended.is_err() || rest.is_empty(), "{rest:?}");
    drop(held);
    // The door notices their end by itself, soon.
    let is_let_in = (0..1_000).any(|_| {
        let mut stream = connect(&open);
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.read(&mut [0; 512]).is_ok_and(|it| it > 0)
    });
    assert!(is_let_in);
}

#[test]
fn rubbish_and_endless_heads_end_the_connection_and_nobody_else_notices() {
    let open = open();
    let endless = format!("GET /healthz HTTP/1.1\r\nX: {}", "x".repeat(1 << 20));
    let many = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    for rubbish in ["\u{1}\u{2}\u{3}\r\n\r\n", &endless, &many] {
        let mut stream = connect(&open);
        let _ = stream.write_all(rubbish.as_bytes()); // It may be closed before all is written.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    assert_eq!(ask(&open, "GET /healthz").0, 200);
}
