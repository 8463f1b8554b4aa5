//! The policies by name, and a lookup by any of them.

use super::memory::Memory;
use super::{Members, Wanted, ip_hash, least_connections, nearest, round_robin};
use std::fmt;
use std::net::IpAddr;

/// In which order healthy nodes are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// Fewest clients first.
    #[default]
    LeastConnections,
    /// Each in turn.
    RoundRobin,
    /// The same address gets the same node, as long as it is healthy.
    IpHash,
    /// Those whose addresses are most like the client's first.
    Nearest,
}

impl Policy {
    /// All there are.
    pub const ALL: [Policy; 4] =
        [Policy::LeastConnections, Policy::RoundRobin, Policy::IpHash, Policy::Nearest];

    /// Its name in the configuration and on every door.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::LeastConnections => "least-connections",
            Policy::RoundRobin => "round-robin",
            Policy::IpHash => "ip-hash",
            Policy::Nearest => "nearest",
        }
    }

    /// The policy of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Policy> {
        Policy::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// The nodes with an open door as wanted, by their places in `members`, best first. The best counts
    /// as handed out, by whichever policy.
    pub(super) fn order(
        self,
        members: &Members,
        memory: &mut Memory,
        wanted: Wanted,
        client: IpAddr,
    ) -> Vec<usize> {
        let nodes = &members.nodes;
        let mut found: Vec<usize> =
            (0..nodes.len()).filter(|it| nodes[*it].open_door(wanted).is_some()).collect();
        match self {
            Policy::LeastConnections => least_connections::order(&mut found, nodes, memory),
            Policy::RoundRobin => round_robin::order(&mut found, memory.turn(wanted)),
            Policy::IpHash => ip_hash::order(&mut found, nodes, client),
            Policy::Nearest => nearest::order(&mut found, nodes, memory, wanted, client),
        }
        if let Some(best) = found.first() {
            memory.hand_out(&nodes[*best]);
        }
        found
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{ClientNo, Scene};
    use super::*;
    use crate::lookup::{DoorKind, Health};

    #[test]
    fn nobody_is_named_who_does_not_take_clients_by_whichever_policy() {
        for policy in Policy::ALL {
            let mut scene = Scene::of(5);
            scene.member(0).health = Health::Draining;
            scene.member(1).health = Health::Down;
            scene.member(2).health = Health::Unreachable;
            scene.member(3).health = Health::Closed;
            for client in 0..100 {
                assert_eq!(scene.lookup(policy, ClientNo(client)), [4], "{policy}");
            }
            scene.member(4).roles.chat = false;
            assert_eq!(scene.lookup(policy, ClientNo(1)), [0; 0], "{policy}");
        }
    }

    #[test]
    fn only_nodes_with_the_door_that_is_wanted_are_named() {
        let mut scene = Scene::of(3);
        scene.with_door(1, DoorKind::Ws, "[2001:db8::1]:80");
        scene.with_door(2, DoorKind::Ws, "n3.chat.example:80");
        for policy in Policy::ALL {
            let mut places = scene.lookup_for(policy, Wanted::Door(DoorKind::Ws), ClientNo(1));
            places.sort_unstable();
            assert_eq!(places, [1, 2], "{policy}");
            assert_eq!(scene.lookup_for(policy, Wanted::Ipv6, ClientNo(1)), [1], "{policy}");
            assert_eq!(scene.lookup_for(policy, Wanted::Ipv4, ClientNo(1)).len(), 3, "{policy}");
        }
    }

    #[test]
    fn all_healthy_nodes_are_named_each_once() {
        for policy in Policy::ALL {
            let mut scene = Scene::of(20);
            for client in 0..50 {
                let mut places = scene.lookup(policy, ClientNo(client));
                places.sort_unstable();
                assert_eq!(places, Vec::from_iter(0..20), "{policy}");
            }
        }
    }

    #[test]
    fn a_name_leads_to_its_policy() {
        for policy in Policy::ALL {
            assert_eq!(Policy::parse(policy.as_str()), Some(policy));
        }
        assert_eq!(Policy::parse("random"), None);
        assert_eq!(Policy::default(), Policy::LeastConnections);
    }
}
