//! What the zone says to a question.

use crate::names::Names;
use crate::size::{Budget, POINTER_BYTES, RECORD_BYTES, SRV_BYTES, name_bytes};
use crate::zone::{Place, Zone};
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, HINFO, NS, SOA, SRV, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use node::lookup::{
    Choice, DoorAddress, DoorKind, Health, Lookup, Member, Members, Policy, Wanted,
};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Of everything that a failure may change: seconds until a name server in between asks again.
const TTL_S: u32 = 1;
/// Of who serves the zone. Those are found by the zone above, and a name server tries the next by itself.
const ZONE_TTL_S: u32 = 60;

/// The sections of an answer.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    pub(crate) additionals: Vec<Record>,
    /// Something did not fit; ask by TCP.
    pub(crate) is_cut: bool,
}

impl Answer {
    pub(crate) fn of_code(code: ResponseCode) -> Answer {
        Answer { code, ..Answer::default() }
    }
}

/// Who asks, and what the answer is made of.
pub(crate) struct Asked<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) names: &'a mut Names,
    pub(crate) lookup: &'a Lookup,
    pub(crate) policy: Policy,
    pub(crate) from: IpAddr,
    pub(crate) budget: Budget,
}

impl Asked<'_> {
    /// Answers. Only a question of the zone gets more than a code.
    pub(crate) fn answer(mut self, query: &Query) -> Answer {
        let place = self.zone.place(query.name());
        let is_transfer = matches!(query.query_type(), RecordType::AXFR | RecordType::IXFR);
        if place == Place::Outside || query.query_class() != DNSClass::IN || is_transfer {
            return Answer::of_code(ResponseCode::Refused);
        }
        let owner = query.name();
        let mut answer = match (place, query.query_type()) {
            (Place::Missing, _) => Answer::of_code(ResponseCode::NXDomain),
            (Place::Label, kind) => self.node(owner, kind),
            (_, RecordType::ANY) => any(owner),
            (Place::Apex, RecordType::A) => self.addresses(owner, Wanted::Ipv4),
            (Place::Apex, RecordType::AAAA) => self.addresses(owner, Wanted::Ipv6),
            (Place::Apex, RecordType::SRV) => self.any_service(owner),
            (Place::Apex, RecordType::TXT) => status(owner, &self.lookup.members()),
            (Place::Apex, RecordType::NS) => self.name_servers(owner),
            (Place::Apex, RecordType::SOA) => {
                Answer { answers: vec![self.start_of_authority(ZONE_TTL_S)], ..Answer::default() }
            }
            (Place::Service(kind), RecordType::SRV) => self.service(owner, kind),
            _ => Answer::default(),
        };
        if answer.answers.is_empty() && !answer.is_cut {
            answer.authorities.push(self.start_of_authority(TTL_S)); // There is nothing, for so long (RFC 2308).
        }
        answer
    }

    fn choose(&mut self, wanted: Wanted) -> Choice {
        let choice = self.lookup.choose(self.policy, wanted, self.from);
        self.names.refresh(self.zone, choice.members());
        choice
    }

    fn addresses(&mut self, owner: &Name, wanted: Wanted) -> Answer {
        let mut answer = Answer::default();
        let choice = self.choose(wanted);
        let mut told = BTreeSet::new(); // Of several nodes on one machine the address is told once.
        for ip in choice.iter().filter_map(|(_, door)| door.ip()) {
            if told.contains(&ip) {
                continue;
            }
            if !self.budget.take(POINTER_BYTES + RECORD_BYTES + ip_bytes(ip)) {
                break;
            }
            told.insert(ip);
            answer.answers.push(address(owner, ip));
        }
        answer.is_cut = answer.answers.is_empty() && !choice.places().is_empty();
        answer
    }

    fn service(&mut self, owner: &Name, kind: DoorKind) -> Answer {
        let mut answer = Answer::default();
        let choice = self.choose(Wanted::Door(kind));
        for (place, (_, door)) in choice.places().iter().zip(choice.iter()) {
            let Some(target) = self.names.target(*place, &door.host) else { continue };
            let bytes = POINTER_BYTES + RECORD_BYTES + SRV_BYTES + name_bytes(&target);
            if !self.budget.take(bytes + additional_bytes(&target, door)) {
                break;
            }
            // Priorities in the order of the policy: a client takes the first that answers (RFC 2782).
            let priority = answer.answers.len() as u16;
            let srv = SRV::new(priority, 0, door.port, target.clone());
            answer.answers.push(record(owner, TTL_S, RData::SRV(srv)));
            answer.additionals.extend(door.ip().map(|ip| address(&target, ip)));
        }
        answer.is_cut = answer.answers.is_empty() && !choice.places().is_empty();
        answer
    }

    /// For whoever asks the zone itself, without the name of a service: where IRC is spoken.
    fn any_service(&mut self, owner: &Name) -> Answer {
        let plain = self.service(owner, DoorKind::Irc);
        match plain.answers.is_empty() && !plain.is_cut {
            true => self.service(owner, DoorKind::Ircs),
            false => plain,
        }
    }

    fn name_servers(&mut self, owner: &Name) -> Answer {
        let mut answer = Answer::default();
        let members = self.lookup.members();
        self.names.refresh(self.zone, &members);
        let wanted = Wanted::Door(DoorKind::Dns);
        let servers = members.nodes.iter().enumerate();
        for (place, door) in servers.filter_map(|(at, it)| Some((at, it.open_door(wanted)?))) {
            let Some(target) = self.names.target(place, &door.host) else { continue };
            let bytes = POINTER_BYTES + RECORD_BYTES + name_bytes(&target);
            if !self.budget.take(bytes + additional_bytes(&target, door)) {
                break;
            }
            answer.answers.push(record(owner, ZONE_TTL_S, RData::NS(NS(target.clone()))));
            answer.additionals.extend(door.ip().map(|ip| address(&target, ip)));
        }
        answer
    }

    /// The addresses of one node, by its own name.
    fn node(&mut self, owner: &Name, kind: RecordType) -> Answer {
        let members = self.lookup.members();
        self.names.refresh(self.zone, &members);
        let Some(place) = self.names.find(owner) else {
            return Answer::of_code(ResponseCode::NXDomain);
        };
        let is_wanted = |ip: &IpAddr| match kind {
            RecordType::A => ip.is_ipv4(),
            RecordType::AAAA => ip.is_ipv6(),
            _ => false,
        };
        let mut answer = if kind == RecordType::ANY { any(owner) } else { Answer::default() };
        for ip in addresses_of(&members.nodes[place]).into_iter().filter(is_wanted) {
            if self.budget.take(POINTER_BYTES + RECORD_BYTES + ip_bytes(ip)) {
                answer.answers.push(address(owner, ip));
            }
        }
        answer
    }

    /// Serial numbers are those of this node's own list: nobody can copy the zone, so nobody compares them.
    fn start_of_authority(&mut self, ttl_s: u32) -> Record {
        let members = self.lookup.members();
        self.names.refresh(self.zone, &members);
        let own = members.nodes.iter().position(|it| Some(it.id) == members.me);
        let apex = self.zone.apex();
        let primary = own.map_or(apex, |it| self.names.of(it)).clone();
        let contact = self.zone.name_of("hostmaster").unwrap_or_else(|| apex.clone());
        let hour_s = 3_600;
        let soa =
            SOA::new(primary, contact, members.version as u32, hour_s, 600, 24 * hour_s, TTL_S);
        record(apex, ttl_s, RData::SOA(soa))
    }
}

/// Nobody needs everything (RFC 8482).
fn any(owner: &Name) -> Answer {
    let refusal = HINFO::new("RFC8482".to_owned(), String::new());
    Answer { answers: vec![record(owner, ZONE_TTL_S, RData::HINFO(refusal))], ..Answer::default() }
}

/// How the cluster is, for people.
fn status(owner: &Name, members: &Members) -> Answer {
    let clients: u64 = members.nodes.iter().map(|it| u64::from(it.connections)).sum();
    let mut texts = vec![
        format!("network={}", members.network),
        format!("nodes={}", members.nodes.len()),
        format!("clients={clients}"),
    ];
    for health in [Health::Up, Health::Closed, Health::Draining, Health::Unreachable, Health::Down]
    {
        texts.push(format!("{}={}", health.as_str(), members.count(health)));
    }
    Answer { answers: vec![record(owner, TTL_S, RData::TXT(TXT::new(texts)))], ..Answer::default() }
}

/// Where a node that takes clients is, at all of its doors.
fn addresses_of(member: &Member) -> BTreeSet<IpAddr> {
    let doors = member.doors.iter().filter(|_| member.health == Health::Up);
    doors.filter_map(|(_, door)| door.ip()).collect()
}

fn address(owner: &Name, ip: IpAddr) -> Record {
    let data = match ip {
        IpAddr::V4(ip) => RData::A(A(ip)),
        IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
    };
    record(owner, TTL_S, data)
}

fn record(owner: &Name, ttl_s: u32, data: RData) -> Record {
    Record::from_rdata(owner.clone(), ttl_s, data)
}

fn ip_bytes(ip: IpAddr) -> usize {
    if ip.is_ipv4() { 4 } else { 16 }
}

fn additional_bytes(target: &Name, door: &DoorAddress) -> usize {
    door.ip().map_or(0, |ip| name_bytes(target) + RECORD_BYTES + ip_bytes(ip))
}
