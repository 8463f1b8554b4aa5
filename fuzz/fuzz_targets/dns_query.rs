//! A packet to the DNS door: it is answered, or not, within the bounds; an answer can be read, repeats
//! the id, and says that it is one.
#![no_main]

use chat::NodeId;
use chat::directory::Roles;
use front_dns::{Responder, Via, Zone};
use hickory_proto::op::{Message, MessageType};
use libfuzzer_sys::fuzz_target;
use node::lookup::{DoorAddress, DoorKind, Health, Lookup, Member, Members, Policy};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};

thread_local! {
    static RESPONDER: RefCell<Responder> = RefCell::new(responder());
}

fuzz_target!(|packet: &[u8]| {
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    RESPONDER.with_borrow_mut(|responder| {
        for via in [Via::Udp, Via::Tcp] {
            let Some(answer) = responder.respond(packet, from, via).0 else { continue };
            let read = Message::from_vec(&answer).expect("ours can be read");
            assert_eq!(read.metadata.message_type, MessageType::Response);
            assert_eq!(answer[..2], packet[..2]);
            assert!(via == Via::Tcp || answer.len() <= 512.min(10 * packet.len()));
        }
    });
});

/// Three nodes that take clients and one that does not, in `chat.example`.
fn responder() -> Responder {
    let hosts = ["192.0.2.1", "[2001:db8::2]", "n3.elsewhere.example", "192.0.2.4"];
    let nodes = (1..).zip(hosts).map(|(number, host)| {
        let door = |port: u16| DoorAddress::parse(&format!("{host}:{port}")).expect("an address");
        let doors = [(DoorKind::Irc, door(6667)), (DoorKind::Dns, door(53))];
        Member {
            id: NodeId(number),
            name: format!("n{number}.chat.example").into(),
            roles: Roles { directory: true, chat: true },
            health: if number == 4 { Health::Down } else { Health::Up },
            doors: std::sync::Arc::new(doors.into_iter().collect()),
            connections: number as u32,
            report: 1,
        }
    });
    let (publisher, lookup) = Lookup::pair(1);
    publisher.publish(Members { nodes: nodes.collect(), ..Members::default() });
    let zone = Zone::parse("chat.example").expect("a zone");
    Responder::new(zone, lookup, Policy::LeastConnections)
}
