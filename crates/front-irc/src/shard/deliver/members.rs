//! `starling/members`: clients that asked for it are told where else they could be, now and when that
//! changes, so that one whose node dies need not look for another.
//!
//! `:SERVER MEMBERS KIND :HOST:PORT HOST:PORT`: doors of the kind that the client came by, of the nodes
//! that take clients, in no order that means anything. The line has as many as fit.

use crate::config::{Listener, Transport};
use crate::shard::Shard;
use irc_proto::{Cap, LineWriter};
use node::lookup::{DoorKind, Members, Wanted};
use std::collections::BTreeMap;

/// With the longest name of a server in front the line stays below 512 bytes.
const LIST_BYTES_MAX: usize = 400;
/// A client tries a few, then asks somebody else.
const NODES_MAX: usize = 8;

impl Shard {
    pub(super) fn on_members(&mut self, members: &Members) {
        let mut lines = BTreeMap::<DoorKind, Vec<u8>>::new(); // Written once for all who get the same.
        for (slot, conn) in &self.conns {
            let slot = slot as u32;
            if conn.is_closing || !self.outs.caps(slot).has(Cap::Members) {
                continue;
            }
            let kind = kind_of(&self.context.config.listeners[usize::from(conn.listener)]);
            let line = lines.entry(kind).or_insert_with(|| {
                let mut line = Vec::new();
                write(&mut line, &self.context.info.name, kind, members);
                line
            });
            self.outs.deliver(slot, line);
        }
    }

    /// The line for one connection, as it is now.
    pub(crate) fn members_line(&self, slot: u32) -> Vec<u8> {
        let listener = usize::from(self.conn(slot).listener);
        let kind = kind_of(&self.context.config.listeners[listener]);
        let mut line = Vec::new();
        write(&mut line, &self.context.info.name, kind, &self.handle.lookup().members());
        line
    }
}

pub(super) fn kind_of(listener: &Listener) -> DoorKind {
    match (listener.transport, listener.tls.is_some()) {
        (Transport::Stream, false) => DoorKind::Irc,
        (Transport::Stream, true) => DoorKind::Ircs,
        (Transport::WebSocket, false) => DoorKind::Ws,
        (Transport::WebSocket, true) => DoorKind::Wss,
    }
}

fn write(out: &mut Vec<u8>, server: &str, kind: DoorKind, members: &Members) {
    let open = members.nodes.iter().filter_map(|it| it.open_door(Wanted::Door(kind)));
    let mut list = String::new();
    for door in open.take(NODES_MAX).map(ToString::to_string) {
        if list.len() + 1 + door.len() > LIST_BYTES_MAX {
            break;
        }
        if !list.is_empty() {
            list.push(' ');
        }
        list.push_str(&door);
    }
    LineWriter::new(out)
        .source(server)
        .verb("MEMBERS")
        .param(kind.as_str())
        .trailing(&list)
        .finish();
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat::NodeId;
    use chat::directory::Roles;
    use node::lookup::{DoorAddress, Health, Member};
    use std::sync::Arc;

    fn members(doors: &[&str]) -> Members {
        let node = |(number, door): (u64, &&str)| Member {
            id: NodeId(number),
            name: format!("n{number}").into(),
            roles: Roles { directory: true, chat: true },
            health: Health::Up,
            doors: Arc::new(
                [(DoorKind::Irc, DoorAddress::parse(door).expect("an address"))]
                    .into_iter()
                    .collect(),
            ),
            connections: 0,
            report: 1,
        };
        Members { nodes: (1..).zip(doors).map(node).collect(), ..Members::default() }
    }

    #[test]
    fn a_line_holds_as_many_as_fit_however_long_their_names() {
        let long = format!("{}.{}:6667", "x".repeat(60), "y".repeat(60));
        for (door, expected) in [("192.0.2.1:6667", NODES_MAX), (&*long, 3)] {
            let mut line = Vec::new();
            let server = "s".repeat(63);
            write(&mut line, &server, DoorKind::Irc, &members(&[door; 20]));
            assert!(line.len() <= 512, "{}", line.len());
            let text = String::from_utf8(line).expect("text");
            assert_eq!(text.matches(door).count(), expected, "{text}");
        }
    }
}
