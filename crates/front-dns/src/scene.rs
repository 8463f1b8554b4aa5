//! A list of nodes, and questions about them, for the tests.

use chat::NodeId;
use chat::directory::Roles;
use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::{Name, RecordType};
use node::lookup::{DoorAddress, DoorKind, Health, Member, Members};
use std::sync::Arc;

/// Healthy nodes by these names, with doors for IRC and DNS at 192.0.2.1, 192.0.2.2 and so on.
pub(crate) fn members(names: &[&str]) -> Members {
    let nodes = (1..).zip(names).map(|(number, name)| member(number, name));
    Members { version: 7, network: "Example".into(), nodes: nodes.collect(), me: Some(NodeId(1)) }
}

fn member(number: u64, name: &str) -> Member {
    let ports = [(DoorKind::Irc, 6667), (DoorKind::Ircs, 6697), (DoorKind::Dns, 53)];
    let doors = ports.map(|(kind, port)| (kind, door(&format!("192.0.2.{number}:{port}"))));
    Member {
        id: NodeId(number),
        name: name.into(),
        roles: Roles { directory: true, chat: true },
        health: Health::Up,
        doors: Arc::new(doors.into_iter().collect()),
        connections: 10 * number as u32,
        report: 1,
    }
}

pub(crate) fn door(address: &str) -> DoorAddress {
    DoorAddress::parse(address).expect("an address")
}

/// A query as a resolver would send it, without EDNS.
pub(crate) fn query(name: &str, kind: RecordType) -> Vec<u8> {
    message(name, kind).to_vec().expect("it can be written")
}

/// The same with EDNS.
pub(crate) fn query_with_edns(name: &str, kind: RecordType, version: u8) -> Vec<u8> {
    let mut edns = Edns::new();
    edns.set_max_payload(4_096).set_version(version);
    let mut message = message(name, kind);
    message.set_edns(edns);
    message.to_vec().expect("it can be written")
}

fn message(name: &str, kind: RecordType) -> Message {
    let mut name = Name::from_ascii(name).expect("a name");
    name.set_fqdn(true);
    let mut message = Message::query();
    message.metadata.id = 0x1234;
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, kind));
    message
}
