use super::*;
use crate::scene::{door, members, query, query_with_edns};
use crate::size::{AMPLIFICATION_MAX, NODES_MAX};
use hickory_proto::op::OpCode;
use hickory_proto::rr::{RData, Record, RecordType};
use node::lookup::{DoorKind, Health, Members, Publisher};
use proptest::prelude::*;
use std::sync::Arc;

struct Scene {
    responder: Responder,
    publisher: Publisher,
}

impl Scene {
    fn of(members: Members) -> Scene {
        let (publisher, lookup) = Lookup::pair(1);
        publisher.publish(members);
        let zone = Zone::parse("chat.example").expect("a zone");
        Scene { responder: Responder::new(zone, lookup, Policy::LeastConnections), publisher }
    }

    fn three() -> Scene {
        Scene::of(members(&["n1.chat.example", "n2.chat.example", "n3.chat.example"]))
    }

    fn send(&mut self, packet: &[u8], via: Via) -> (Option<Vec<u8>>, Outcome) {
        self.responder.respond(packet, "203.0.113.5".parse().expect("an address"), via)
    }

    fn ask(&mut self, name: &str, kind: RecordType) -> Message {
        let (answer, _) = self.send(&query(name, kind), Via::Udp);
        let answer = Message::from_vec(&answer.expect("it is answered")).expect("it can be read");
        assert_eq!((answer.metadata.id, answer.queries.len()), (0x1234, 1));
        answer
    }

    /// `n1.chat.example. A 192.0.2.1`, in the order of the answer.
    fn told(&mut self, name: &str, kind: RecordType) -> Vec<String> {
        self.ask(name, kind).answers.iter().map(in_words).collect()
    }
}

fn in_words(record: &Record) -> String {
    format!("{} {} {}", record.name, record.record_type(), record.data)
}

fn with(change: impl FnOnce(&mut Members)) -> Scene {
    let mut them = members(&["n1.chat.example", "n2.chat.example", "n3.chat.example"]);
    change(&mut them);
    Scene::of(them)
}

#[test]
fn the_zone_has_the_addresses_of_its_nodes_the_best_first() {
    let told = Scene::three().told("chat.example", RecordType::A);
    let expected = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    assert_eq!(told, expected.map(|it| format!("chat.example. A {it}")));
}

#[test]
fn a_service_has_targets_by_priority_and_their_addresses_beside_them() {
    for (service, port) in [("_irc", 6667), ("_ircs", 6697)] {
        let answer = Scene::three().ask(&format!("{service}._tcp.chat.example"), RecordType::SRV);
        let told: Vec<String> = answer.answers.iter().map(|it| it.data.to_string()).collect();
        let expected = [1, 2, 3].map(|it| format!("{} 0 {port} n{it}.chat.example.", it - 1));
        assert_eq!(told, expected);
        let beside: Vec<String> = answer.additionals.iter().map(in_words).collect();
        let expected = [1, 2, 3].map(|it| format!("n{it}.chat.example. A 192.0.2.{it}"));
        assert_eq!(beside, expected);
        assert!(answer.answers.iter().all(|it| it.ttl == 1));
    }
}

#[test]
fn a_node_has_a_name_of_its_own() {
    let told = Scene::three().told("n2.chat.example", RecordType::A);
    assert_eq!(told, ["n2.chat.example. A 192.0.2.2"]);
}

#[test]
fn a_node_with_ipv6_is_found_by_it() {
    let mut scene = with(|them| {
        let doors = [(DoorKind::Irc, door("[2001:db8::2]:6667"))];
        them.nodes[1].doors = Arc::new(doors.into_iter().collect());
    });
    assert_eq!(scene.told("chat.example", RecordType::AAAA), ["chat.example. AAAA 2001:db8::2"]);
    assert_eq!(scene.told("chat.example", RecordType::A).len(), 2);
    let answer = scene.ask("_irc._tcp.chat.example", RecordType::SRV);
    let beside: Vec<String> = answer.additionals.iter().map(in_words).collect();
    assert!(beside.contains(&"n2.chat.example. AAAA 2001:db8::2".to_owned()), "{beside:?}");
}

#[test]
fn who_asks_the_zone_itself_for_a_service_hears_where_irc_is_spoken() {
    let of_service = |scene: &mut Scene, name| scene.ask(name, RecordType::SRV).answers;
    let ports = |records: Vec<hickory_proto::rr::Record>| {
        records.iter().map(|it| it.data.to_string()).collect::<Vec<String>>()
    };
    let mut scene = Scene::three();
    let named = ports(of_service(&mut scene, "_irc._tcp.chat.example"));
    let mut bare = ports(of_service(&mut scene, "chat.example"));
    assert_eq!((named.len(), bare.len()), (3, 3));
    bare.iter_mut().for_each(|it| *it = it.split_off(1)); // (The order is the policy's, which goes on.)
    for it in named {
        assert!(bare.contains(&it[1..].to_owned()), "{it} in {bare:?}");
    }
    let mut scene = with(|them| {
        for it in &mut them.nodes {
            let doors = [(DoorKind::Ircs, door("10.0.0.9:6697"))];
            it.doors = Arc::new(doors.into_iter().collect());
        }
    });
    let bare = ports(of_service(&mut scene, "chat.example"));
    assert!(bare.iter().all(|it| it.contains(" 6697 ")) && bare.len() == 3, "{bare:?}");
}

#[test]
fn a_node_that_advertises_a_name_is_found_by_that_name() {
    let mut scene = with(|them| {
        let doors = [(DoorKind::Irc, door("irc.elsewhere.example:6667"))];
        them.nodes[0].doors = Arc::new(doors.into_iter().collect());
        them.nodes.truncate(1);
    });
    let answer = scene.ask("_irc._tcp.chat.example", RecordType::SRV);
    assert_eq!(answer.answers[0].data.to_string(), "0 0 6667 irc.elsewhere.example.");
    assert!(answer.additionals.is_empty());
    assert!(scene.told("chat.example", RecordType::A).is_empty(), "it is another zone's address");
}

#[test]
fn who_is_not_healthy_is_not_named_in_any_record_from_the_next_packet_on() {
    let mut scene = Scene::three();
    let mut them = members(&["n1.chat.example", "n2.chat.example", "n3.chat.example"]);
    for health in [Health::Closed, Health::Draining, Health::Unreachable, Health::Down] {
        them.nodes[1].health = health;
        scene.publisher.publish(them.clone());
        for (name, kind) in [
            ("chat.example", RecordType::A),
            ("chat.example", RecordType::NS),
            ("_irc._tcp.chat.example", RecordType::SRV),
            ("_ircs._tcp.chat.example", RecordType::SRV),
            ("n2.chat.example", RecordType::A),
        ] {
            let answer = scene.ask(name, kind);
            let all = answer.answers.iter().chain(&answer.additionals);
            let named: Vec<String> = all.map(in_words).collect();
            let is_two = |it: &String| it.contains("192.0.2.2") || it.contains("n2.chat");
            assert!(!named.iter().any(is_two), "{health:?}: {named:?}");
        }
    }
}

#[test]
fn when_nobody_is_healthy_the_names_are_there_and_empty() {
    let mut scene = with(|them| them.nodes.iter_mut().for_each(|it| it.health = Health::Down));
    for (name, kind) in [
        ("chat.example", RecordType::A),
        ("_irc._tcp.chat.example", RecordType::SRV),
        ("n1.chat.example", RecordType::A),
    ] {
        let answer = scene.ask(name, kind);
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError, "{name}");
        assert!(answer.answers.is_empty());
        assert_eq!(answer.authorities[0].record_type(), RecordType::SOA);
    }
}

#[test]
fn the_state_of_the_cluster_is_there_to_read() {
    let mut scene = with(|them| them.nodes[2].health = Health::Down);
    let answer = scene.ask("chat.example", RecordType::TXT);
    let RData::TXT(text) = &answer.answers[0].data else { panic!("it is text") };
    let words: Vec<&str> =
        text.txt_data.iter().map(|it| std::str::from_utf8(it).expect("ASCII")).collect();
    for word in ["network=Example", "nodes=3", "up=2", "down=1", "clients=60"] {
        assert!(words.contains(&word), "{words:?}");
    }
}

#[test]
fn the_zone_says_who_serves_it() {
    let mut scene = Scene::three();
    let told = scene.told("chat.example", RecordType::SOA);
    assert!(told[0].starts_with("chat.example. SOA n1.chat.example. hostmaster."), "{told:?}");
    let told = scene.told("chat.example", RecordType::NS);
    let expected = [1, 2, 3].map(|it| format!("chat.example. NS n{it}.chat.example."));
    assert_eq!(told, expected);
}

#[test]
fn names_are_found_in_any_case_and_come_back_as_they_were_written() {
    let mut scene = Scene::three();
    let answer = scene.ask("_IRC._tCp.ChAt.ExAmPlE", RecordType::SRV);
    assert_eq!(answer.queries[0].name().to_ascii(), "_IRC._tCp.ChAt.ExAmPlE.");
    assert_eq!(answer.answers.len(), 3);
    assert_eq!(answer.answers[0].name.to_ascii(), "_IRC._tCp.ChAt.ExAmPlE.");
}

#[test]
fn codes_say_whose_a_name_is_and_whether_it_is_there() {
    use ResponseCode::{NXDomain, NoError, Refused};
    let mut scene = Scene::three();
    for (name, kind, code, has_authority) in [
        ("other.example", RecordType::A, Refused, false),
        (".", RecordType::NS, Refused, false),
        ("chat.example", RecordType::AXFR, Refused, false),
        ("chat.example", RecordType::IXFR, Refused, false),
        ("n4.chat.example", RecordType::A, NXDomain, true),
        ("_xmpp._tcp.chat.example", RecordType::SRV, NXDomain, true),
        ("a.b.c.chat.example", RecordType::A, NXDomain, true),
        ("_tcp.chat.example", RecordType::A, NoError, true),
        ("_irc._tcp.chat.example", RecordType::A, NoError, true),
        ("chat.example", RecordType::MX, NoError, true),
        ("n1.chat.example", RecordType::MX, NoError, true),
    ] {
        let answer = scene.ask(name, kind);
        assert_eq!(answer.metadata.response_code, code, "{name} {kind}");
        assert_eq!(answer.metadata.authoritative, code != Refused, "{name} {kind}");
        assert!(answer.answers.is_empty(), "{name} {kind}");
        let soa = answer.authorities.first().map(Record::record_type);
        assert_eq!(soa, has_authority.then_some(RecordType::SOA), "{name} {kind}");
        assert!(answer.authorities.iter().all(|it| it.ttl == 1), "asked again within a second");
    }
}

#[test]
fn another_class_is_refused_and_everything_is_answered_with_little() {
    let mut scene = Scene::three();
    let mut packet = query("version.bind", RecordType::TXT);
    let end = packet.len();
    packet[end - 1] = 3; // CH
    assert_eq!(scene.send(&packet, Via::Udp).1, Outcome::Refused);
    let told = scene.told("chat.example", RecordType::ANY);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("HINFO"), "{told:?}");
}

#[test]
fn what_is_no_query_is_answered_with_its_header_or_not_at_all() {
    let mut scene = Scene::three();
    let good = query("chat.example", RecordType::A);
    let (answer, outcome) = scene.send(&good[..20], Via::Udp);
    let answer = answer.expect("it has an id");
    assert_eq!((outcome, answer.len(), &answer[..2]), (Outcome::Malformed, 12, &good[..2]));
    assert_eq!(answer[3] & 0xf, 1, "FORMERR");

    let mut update = good.clone();
    update[2] |= u8::from(OpCode::Update) << 3;
    let (answer, outcome) = scene.send(&update, Via::Udp);
    assert_eq!((outcome, answer.expect("it has an id").len()), (Outcome::NotImplemented, 12));

    let mut answer = good.clone();
    answer[2] |= 0x80;
    assert_eq!(scene.send(&answer, Via::Udp), (None, Outcome::Silent));
    assert_eq!(scene.send(b"short", Via::Udp), (None, Outcome::Silent));
}

#[test]
fn edns_is_answered_with_edns_and_a_later_version_is_told_ours() {
    let mut scene = Scene::three();
    let (answer, _) = scene.send(&query_with_edns("chat.example", RecordType::A, 0), Via::Udp);
    let answer = Message::from_vec(&answer.expect("it is answered")).expect("it can be read");
    assert_eq!(answer.edns.expect("as asked").max_payload(), 512);
    assert!(scene.ask("chat.example", RecordType::A).edns.is_none());

    let packet = query_with_edns("chat.example", RecordType::A, 1);
    let (answer, outcome) = scene.send(&packet, Via::Udp);
    let answer = Message::from_vec(&answer.expect("it is answered")).expect("it can be read");
    assert_eq!(outcome, Outcome::BadVersion);
    assert_eq!(u16::from(answer.metadata.response_code), 16, "BADVERS"); // In a TSIG it is BADSIG.
    assert_eq!(answer.edns.expect("as asked").version(), 0);
}

/// Names as long as they may be, so that little fits.
fn many() -> Scene {
    let names: Vec<String> =
        (0..40).map(|it| format!("{it}{}.chat.example", "x".repeat(45))).collect();
    Scene::of(members(&names.iter().map(String::as_str).collect::<Vec<_>>()))
}

#[test]
fn an_answer_by_udp_names_fewer_instead_of_being_cut_and_stays_within_ten_times_its_query() {
    for (name, kind) in [
        ("chat.example", RecordType::A),
        ("chat.example", RecordType::NS),
        ("chat.example", RecordType::TXT),
        ("chat.example", RecordType::SOA),
        ("chat.example", RecordType::ANY),
        ("_irc._tcp.chat.example", RecordType::SRV),
        ("_ircs._tcp.chat.example", RecordType::SRV),
        ("missing.chat.example", RecordType::A),
    ] {
        for packet in [query(name, kind), query_with_edns(name, kind, 0)] {
            let (answer, _) = many().send(&packet, Via::Udp);
            let answer = answer.expect("it is answered");
            let most = (AMPLIFICATION_MAX * packet.len()).min(512);
            assert!(answer.len() <= most, "{name} {kind}: {} of {most}", answer.len());
            let answer = Message::from_vec(&answer).expect("it can be read");
            assert!(!answer.metadata.truncation, "{name} {kind}");
            assert!(answer.answers.len() <= NODES_MAX);
            let has_any = name == "missing.chat.example" || !answer.answers.is_empty();
            assert!(has_any, "{name} {kind}");
        }
    }
}

#[test]
fn what_does_not_fit_at_all_is_to_be_had_by_tcp() {
    // The question is the shortest there is, the target the longest.
    let (publisher, lookup) = Lookup::pair(1);
    let mut them = members(&["n1"]);
    let long = format!("{}.{}:1", vec!["x".repeat(60); 3].join("."), "y".repeat(60));
    them.nodes[0].doors = Arc::new([(DoorKind::Irc, door(&long))].into_iter().collect());
    publisher.publish(them);
    let zone = Zone::parse("c").expect("a zone");
    let mut responder = Responder::new(zone, lookup, Policy::LeastConnections);
    let from = "203.0.113.5".parse().expect("an address");
    let packet = query("_irc._tcp.c", RecordType::SRV);
    let (answer, outcome) = responder.respond(&packet, from, Via::Udp);
    assert_eq!(outcome, Outcome::Cut);
    let answer = Message::from_vec(&answer.expect("it is told")).expect("it can be read");
    assert!(answer.metadata.truncation && answer.answers.is_empty());
    let (answer, outcome) = responder.respond(&packet, from, Via::Tcp);
    assert_eq!(outcome, Outcome::Answered);
    let answer = Message::from_vec(&answer.expect("it is answered")).expect("it can be read");
    assert_eq!(answer.answers.len(), 1);
}

#[test]
fn by_tcp_as_many_are_named_as_anybody_needs() {
    let (answer, _) = many().send(&query("_irc._tcp.chat.example", RecordType::SRV), Via::Tcp);
    let answer = Message::from_vec(&answer.expect("it is answered")).expect("it can be read");
    assert_eq!((answer.answers.len(), answer.additionals.len()), (NODES_MAX, NODES_MAX));
}

#[test]
fn who_is_over_the_rate_is_told_to_come_by_tcp_in_no_more_bytes_than_it_sent() {
    let packet = query("chat.example", RecordType::A);
    let answer = slip(&packet).expect("it is a question");
    assert_eq!(answer.len(), packet.len());
    assert!(Message::from_vec(&answer).expect("it can be read").metadata.truncation);
    assert_eq!(slip(b"rubbish"), None);
}

proptest! {
    #[test]
    fn no_packet_makes_it_panic_or_answer_beyond_the_bound(
        packet in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        bounded(&packet)?;
    }

    #[test]
    fn no_damage_to_a_query_makes_it_panic_or_answer_beyond_the_bound(
        name in prop_oneof![
            Just("chat.example"), Just("_irc._tcp.chat.example"), Just("n1.chat.example"),
        ],
        kind in any::<u16>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
    ) {
        let mut packet = query_with_edns(name, RecordType::from(kind), 0);
        for (at, byte) in damage {
            let at = at.index(packet.len());
            packet[at] = byte;
        }
        bounded(&packet)?;
        packet.truncate(length.index(packet.len()));
        bounded(&packet)?;
    }
}

fn bounded(packet: &[u8]) -> Result<(), TestCaseError> {
    if let Some(answer) = Scene::three().send(packet, Via::Udp).0 {
        prop_assert!(answer.len() <= (AMPLIFICATION_MAX * packet.len()).min(512));
        prop_assert_eq!(&answer[..2], &packet[..2]);
        prop_assert!(answer[2] & 0x80 != 0);
        prop_assert!(Message::from_vec(&answer).is_ok());
    }
    Scene::three().send(packet, Via::Tcp);
    Ok(())
}
