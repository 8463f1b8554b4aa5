//! Between the words of `api` and those of the node.

use api::v1;
use node::lookup::{DoorAddress, DoorKind, Health, Member, Members, Policy};

pub(crate) fn kind(it: v1::DoorKind) -> Option<DoorKind> {
    Some(match it {
        v1::DoorKind::Unspecified => return None,
        v1::DoorKind::Irc => DoorKind::Irc,
        v1::DoorKind::Ircs => DoorKind::Ircs,
        v1::DoorKind::Ws => DoorKind::Ws,
        v1::DoorKind::Wss => DoorKind::Wss,
        v1::DoorKind::Grpc => DoorKind::Grpc,
        v1::DoorKind::Web => DoorKind::Web,
        v1::DoorKind::Dns => DoorKind::Dns,
    })
}

fn to_kind(it: DoorKind) -> v1::DoorKind {
    match it {
        DoorKind::Irc => v1::DoorKind::Irc,
        DoorKind::Ircs => v1::DoorKind::Ircs,
        DoorKind::Ws => v1::DoorKind::Ws,
        DoorKind::Wss => v1::DoorKind::Wss,
        DoorKind::Grpc => v1::DoorKind::Grpc,
        DoorKind::Web => v1::DoorKind::Web,
        DoorKind::Dns => v1::DoorKind::Dns,
    }
}

/// `None`: unspecified.
pub(crate) fn policy(it: v1::Policy) -> Option<Policy> {
    Some(match it {
        v1::Policy::Unspecified => return None,
        v1::Policy::LeastConnections => Policy::LeastConnections,
        v1::Policy::RoundRobin => Policy::RoundRobin,
        v1::Policy::IpHash => Policy::IpHash,
        v1::Policy::Nearest => Policy::Nearest,
    })
}

pub(crate) fn to_policy(it: Policy) -> v1::Policy {
    match it {
        Policy::LeastConnections => v1::Policy::LeastConnections,
        Policy::RoundRobin => v1::Policy::RoundRobin,
        Policy::IpHash => v1::Policy::IpHash,
        Policy::Nearest => v1::Policy::Nearest,
    }
}

fn to_health(it: Health) -> v1::Health {
    match it {
        Health::Up => v1::Health::Up,
        Health::Closed => v1::Health::Closed,
        Health::Draining => v1::Health::Draining,
        Health::Unreachable => v1::Health::Unreachable,
        Health::Down => v1::Health::Down,
    }
}

pub(crate) fn to_place((member, door): (&Member, &DoorAddress)) -> v1::Place {
    v1::Place {
        name: member.name.to_string(),
        host: door.host.to_string(),
        port: door.port.into(),
        connections: member.connections,
    }
}

pub(crate) fn to_members(members: &Members) -> v1::Members {
    v1::Members {
        version: members.version,
        network: members.network.to_string(),
        node: members.own().map(|it| it.name.to_string()).unwrap_or_default(),
        members: members.nodes.iter().map(to_member).collect(),
    }
}

fn to_member(member: &Member) -> v1::Member {
    let to_door = |(kind, at): (DoorKind, &DoorAddress)| v1::Door {
        kind: to_kind(kind).into(),
        host: at.host.to_string(),
        port: at.port.into(),
    };
    v1::Member {
        name: member.name.to_string(),
        health: to_health(member.health).into(),
        directory: member.roles.directory,
        chat: member.roles.chat,
        connections: member.connections,
        doors: member.doors.iter().map(to_door).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_policies_come_back_as_they_went() {
        for it in DoorKind::ALL {
            assert_eq!(kind(to_kind(it)), Some(it));
        }
        for it in Policy::ALL {
            assert_eq!(policy(to_policy(it)), Some(it));
        }
    }
}
