//! The door on real sockets: what it says to whom, and what it does with those who misbehave.

use api::v1;
use api::v1::directory_client::DirectoryClient;
use chat::NodeId;
use chat::directory::Roles;
use front_grpc::{Config, Door, Listener};
use node::lookup::{DoorAddress, DoorKind, Health, Lookup, Member, Members, Policy, Publisher};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::Channel;

const SOON: Duration = Duration::from_secs(20);

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

async fn open(connections_per_ip: usize) -> (SocketAddr, Publisher) {
    let (publisher, lookup) = Lookup::pair(1);
    publisher.publish(members([Health::Up; 3]));
    let config = Config {
        listeners: vec![Listener { address: (Ipv4Addr::LOCALHOST, 0).into(), tls: None }],
        policy: Policy::LeastConnections,
        connections_per_ip,
    };
    let door = Door::open(config, lookup).expect("a free port");
    let address = door.addresses().expect("it is bound")[0];
    tokio::spawn(door.run());
    (address, publisher)
}

async fn connect(address: SocketAddr) -> DirectoryClient<Channel> {
    DirectoryClient::connect(format!("http://{address}")).await.expect("it listens")
}

fn irc() -> v1::LookupRequest {
    v1::LookupRequest { door: v1::DoorKind::Irc.into(), ..v1::LookupRequest::default() }
}

#[tokio::test]
async fn it_names_healthy_nodes_the_best_first() {
    let (address, publisher) = open(64).await;
    let mut client = connect(address).await;
    let asked = v1::LookupRequest { limit: 2, ..irc() };
    let answer = client.lookup(asked).await.expect("it is answered").into_inner();
    assert_eq!((answer.version, answer.policy()), (1, v1::Policy::LeastConnections));
    let place = |number: u32| v1::Place {
        name: format!("n{number}"),
        host: format!("192.0.2.{number}"),
        port: 6667,
        connections: 10 * number,
    };
    assert_eq!(answer.places, [place(1), place(2)]);

    publisher.publish(members([Health::Draining, Health::Down, Health::Up]));
    for policy in [
        v1::Policy::Unspecified,
        v1::Policy::LeastConnections,
        v1::Policy::RoundRobin,
        v1::Policy::IpHash,
        v1::Policy::Nearest,
    ] {
        let asked = v1::LookupRequest { policy: policy.into(), ..irc() };
        let answer = client.lookup(asked).await.expect("it is answered").into_inner();
        assert_eq!(answer.places, [place(3)], "{policy:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let (address, _publisher) = open(64).await;
    let mut client = connect(address).await;
    let web = v1::LookupRequest { door: v1::DoorKind::Web.into(), ..v1::LookupRequest::default() };
    for (asked, code) in [
        (v1::LookupRequest::default(), Code::InvalidArgument),
        (v1::LookupRequest { door: 99, ..irc() }, Code::InvalidArgument),
        (v1::LookupRequest { policy: 99, ..irc() }, Code::InvalidArgument),
        (web, Code::Unavailable),
    ] {
        let refused = client.lookup(asked).await.expect_err("it is refused");
        assert_eq!(refused.code(), code, "{asked:?}");
    }
}

#[tokio::test]
async fn members_are_told_at_once_and_again_when_one_changes_but_not_for_load() {
    let (address, publisher) = open(64).await;
    let mut client = connect(address).await;
    let mut told = client.watch(v1::WatchRequest {}).await.expect("it is let in").into_inner();
    let first = told.message().await.expect("the door is open").expect("it goes on");
    assert_eq!((first.version, &*first.network, &*first.node), (1, "Example", "n1"));
    assert_eq!(first.members.len(), 3);
    assert_eq!(first.members[1].doors[0].host, "192.0.2.2");

    let mut loaded = members([Health::Up; 3]);
    loaded.nodes[1].connections = 99;
    publisher.publish(loaded);
    publisher.publish(members([Health::Up, Health::Unreachable, Health::Up]));
    let second = timeout(SOON, told.message()).await.expect("it is told soon");
    let second = second.expect("the door is open").expect("it goes on");
    assert_eq!(second.version, 2);
    assert_eq!(second.members[1].health(), v1::Health::Unreachable);
}

#[tokio::test]
async fn who_has_too_many_connections_gets_no_more() {
    let (address, _publisher) = open(1).await;
    let mut first = connect(address).await;
    first.lookup(irc()).await.expect("it is let in");
    let second = DirectoryClient::connect(format!("http://{address}"));
    let refused = match second.await {
        Ok(mut client) => client.lookup(irc()).await.is_err(),
        Err(_) => true,
    };
    assert!(refused);
    first.lookup(irc()).await.expect("it keeps its place");
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_ends_the_connection_and_nobody_else_notices() {
    let (address, _publisher) = open(64).await;
    let rubbish = tokio::task::spawn_blocking(move || {
        for rubbish in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4_096]] {
            let mut stream = TcpStream::connect(address).expect("it listens");
            stream.set_read_timeout(Some(SOON)).expect("it can be set");
            let _ = stream.write_all(rubbish); // It may be closed before all is written.
            let mut answer = Vec::new();
            let ended = stream.read_to_end(&mut answer);
            let timed_out = ended.is_err_and(|it| it.kind() == std::io::ErrorKind::WouldBlock);
            assert!(!timed_out, "it stays open");
        }
    });
    rubbish.await.expect("the door closes them");
    connect(address).await.lookup(irc()).await.expect("others are answered");
}
