//! A list of nodes for the tests of the policies.

use super::memory::Memory;
use super::{DoorAddress, DoorKind, Health, Member, Members, Policy, Wanted};
use chat::NodeId;
use chat::directory::Roles;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A client with an address of its own.
#[derive(Clone, Copy)]
pub(super) struct ClientNo(pub(super) u32);

pub(super) struct Scene {
    members: Members,
    memory: Memory,
}

impl Scene {
    /// So many healthy nodes without clients.
    pub(super) fn of(nodes: usize) -> Scene {
        Scene::seeded(nodes, 1)
    }

    /// As another node would answer.
    pub(super) fn seeded(nodes: usize, seed: u64) -> Scene {
        let member = |number: usize| Member {
            id: NodeId((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            name: format!("n{number}").into(),
            roles: Roles { directory: true, chat: true },
            health: Health::Up,
            doors: Arc::new(
                [(DoorKind::Irc, DoorAddress::parse("192.0.2.1:6667").expect("an address"))]
                    .into_iter()
                    .collect(),
            ),
            connections: 0,
            report: 1,
        };
        let members = Members { nodes: (0..nodes).map(member).collect(), ..Members::default() };
        Scene { members, memory: Memory::new(seed) }
    }

    pub(super) fn member(&mut self, place: usize) -> &mut Member {
        &mut self.members.nodes[place]
    }

    /// The door takes the place of one of its kind.
    pub(super) fn with_door(&mut self, place: usize, kind: DoorKind, address: &str) {
        let before = self.members.nodes[place].doors.clone();
        let others = before.iter().filter(|it| it.0 != kind).map(|(it, at)| (it, at.clone()));
        let door = (kind, DoorAddress::parse(address).expect("an address"));
        self.members.nodes[place].doors = Arc::new(others.chain([door]).collect());
    }

    /// The node reports its clients.
    pub(super) fn report(&mut self, place: usize, connections: u32) {
        let member = self.member(place);
        member.report += 1;
        member.connections = connections;
    }

    pub(super) fn lookup_for(
        &mut self,
        policy: Policy,
        wanted: Wanted,
        ClientNo(number): ClientNo,
    ) -> Vec<usize> {
        let client = IpAddr::V4(Ipv4Addr::from(0xcb00_0000 + number));
        policy.order(&self.members, &mut self.memory, wanted, client)
    }

    pub(super) fn lookup(&mut self, policy: Policy, client: ClientNo) -> Vec<usize> {
        self.lookup_for(policy, Wanted::Door(DoorKind::Irc), client)
    }

    pub(super) fn lookup_from(&mut self, policy: Policy, client: IpAddr) -> Vec<usize> {
        policy.order(&self.members, &mut self.memory, Wanted::Door(DoorKind::Irc), client)
    }

    /// Where so many different clients are sent.
    pub(super) fn firsts(&mut self, policy: Policy, lookups: usize) -> Vec<usize> {
        (0..lookups as u32).map(|it| self.lookup(policy, ClientNo(it))[0]).collect()
    }
}

/// How often each place comes up.
pub(super) fn counts(places: &[usize], nodes: usize) -> Vec<usize> {
    (0..nodes).map(|node| places.iter().filter(|it| **it == node).count()).collect()
}
