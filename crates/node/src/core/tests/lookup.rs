//! Who is named to clients that look for a node, as links break and nodes say how they are.

use super::*;
use crate::lookup::{DoorAddress, DoorKind, Doors, Health, Policy, Wanted};
use chat::directory::{DirectoryCommand, MemberState, Roles};
use replica::net::Words;
use std::collections::BTreeMap;

const OTHER: u64 = 9;

impl Alone {
    /// Serving, with another member of the role chat.
    fn with_another() -> Alone {
        let mut node = Alone::with(&[]);
        node.core.set_doors(doors("192.0.2.7:6667"));
        node.core.propose(&DirectoryCommand::AddMember {
            id: NodeId(OTHER),
            name: "b".into(),
            address: "127.0.0.1:2".into(),
            roles: Roles { directory: false, chat: true },
            replaces: None,
        });
        node.commit();
        node
    }

    fn hears(&mut self, said: &[(&str, &str)]) {
        let words = said.iter().map(|(key, word)| ((*key).to_owned(), (*word).to_owned()));
        self.core.set_words(&Words::from([(OTHER, words.collect())]));
        self.commit();
    }

    fn link(&mut self, is_up: bool) {
        self.core.link(OTHER, is_up);
        self.commit();
    }

    fn gossip_has_it_live(&mut self, is_live: bool) {
        let live = [7, OTHER].into_iter().filter(|it| is_live || *it == 7).collect();
        self.core.set_live(live);
        self.commit();
    }

    fn mark(&mut self, state: MemberState) {
        self.core.propose(&DirectoryCommand::MarkMember { id: NodeId(OTHER), state });
        self.commit();
    }

    /// Names of the nodes that a client would be told, in the order of the names.
    fn named(&self) -> Vec<String> {
        let client = "203.0.113.1".parse().expect("an address");
        let wanted = Wanted::Door(DoorKind::Irc);
        let choice = self.lookup.choose(Policy::LeastConnections, wanted, client);
        let mut names: Vec<String> = choice.iter().map(|it| it.0.name.to_string()).collect();
        names.sort_unstable();
        names
    }

    fn health(&self) -> Health {
        let members = self.lookup.members();
        members.nodes.iter().find(|it| it.id.0 == OTHER).expect("it is a member").health
    }
}

fn doors(irc: &str) -> Doors {
    [(DoorKind::Irc, DoorAddress::parse(irc).expect("an address"))].into_iter().collect()
}

const DOORS: (&str, &str) = ("doors", "irc=192.0.2.9:6667");

/// Both serve and are told of.
fn both() -> Alone {
    let mut node = Alone::with_another();
    node.link(true);
    node.hears(&[DOORS, ("load", "1 open 3")]);
    assert_eq!(node.named(), ["a", "b"]);
    node
}

#[test]
fn a_node_is_named_once_it_can_be_reached_and_says_that_it_serves() {
    let mut node = Alone::with_another();
    assert_eq!(node.named(), ["a"]);
    assert_eq!(node.health(), Health::Unreachable);
    node.link(true);
    assert_eq!(node.health(), Health::Closed);
    node.hears(&[DOORS, ("load", "1 closed 0")]);
    assert_eq!(node.named(), ["a"]);
    node.hears(&[DOORS, ("load", "2 open 0")]);
    assert_eq!(node.named(), ["a", "b"]);
}

#[test]
fn a_node_whose_link_breaks_is_not_named_from_that_moment_on() {
    let mut node = both();
    node.gossip_has_it_live(true);
    node.link(false);
    assert_eq!(node.named(), ["a"]);
    assert_eq!(node.health(), Health::Unreachable);
}

#[test]
fn whom_gossip_has_alive_long_after_the_link_broke_is_named_again_once_it_reports() {
    let mut node = both();
    node.gossip_has_it_live(true);
    node.link(false);
    node.wait(3_999);
    node.hears(&[DOORS, ("load", "2 open 3")]);
    assert_eq!(node.named(), ["a"]);
    node.do_round();
    assert_eq!(node.named(), ["a", "b"]);
}

#[test]
fn whom_gossip_has_lost_stays_away() {
    let mut node = both();
    node.gossip_has_it_live(true);
    node.link(false);
    node.gossip_has_it_live(false);
    node.wait(60_000);
    node.do_round();
    assert_eq!(node.named(), ["a"]);
}

#[test]
fn what_a_node_said_before_its_link_broke_does_not_count_when_it_is_back() {
    let mut node = both();
    node.link(false);
    node.link(true);
    assert_eq!(node.health(), Health::Closed);
    node.hears(&[DOORS, ("load", "1 open 3")]); // Gossip repeats it.
    assert_eq!(node.named(), ["a"]);
    node.hears(&[DOORS, ("load", "4294967297 open 0")]);
    assert_eq!(node.named(), ["a", "b"]);
}

#[test]
fn who_drains_or_is_down_is_not_named_though_it_says_that_it_serves() {
    for (state, health) in
        [(MemberState::Draining, Health::Draining), (MemberState::Down, Health::Down)]
    {
        let mut node = both();
        node.mark(state);
        assert_eq!((node.named(), node.health()), (vec!["a".to_owned()], health));
    }
}

#[test]
fn a_node_that_leaves_says_so_to_the_others_at_once_and_does_not_name_itself() {
    let mut node = both();
    node.core.take_own_words();
    node.core.leave();
    node.commit();
    assert_eq!(node.named(), ["b"]);
    let said = node.core.take_own_words();
    assert!(said["load"].contains(" closed "), "{said:?}");
}

#[test]
fn a_node_says_its_doors_once_and_its_load_every_second() {
    let mut node = Alone::with(&["alice", "bob"]);
    node.core.set_doors(doors("192.0.2.7:6667"));
    let said = node.core.take_own_words();
    assert_eq!(said["doors"], "irc=192.0.2.7:6667");
    let mut reports = Vec::new();
    for _ in 0..8 {
        node.do_round();
        reports.extend(node.core.take_own_words().remove("load"));
    }
    assert_eq!(reports.len(), 2, "in two seconds: {reports:?}");
    assert!(reports.iter().all(|it| it.ends_with(" open 2")), "{reports:?}");
    assert_ne!(reports[0], reports[1]);
}

#[test]
fn rubbish_and_words_of_strangers_name_nobody() {
    let mut node = Alone::with_another();
    node.link(true);
    for said in [
        &[("load", "1 open 0")][..],
        &[DOORS],
        &[DOORS, ("load", "1 open")],
        &[("doors", "irc=0.0.0.0:0"), ("load", "1 open 0")],
        &[("doors", "\u{7f}= =irc=="), ("load", "1 open 0")],
    ] {
        node.hears(said);
        assert_eq!(node.named(), ["a"], "{said:?}");
    }
    let said = BTreeMap::from([DOORS, ("load", "1 open 0")].map(|(k, v)| (k.into(), v.into())));
    node.core.set_words(&Words::from([(77, said)]));
    node.commit();
    assert_eq!(node.named(), ["a"]);
}
