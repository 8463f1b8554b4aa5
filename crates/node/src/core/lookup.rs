//! Where clients can connect: what this node says of itself, what it hears of the others, and the list
//! that its doors read.
//!
//! Promise: the list follows whatever it rests on within one turn of the loop. A node is taken off it
//! when its link breaks, long before gossip or the directory agree that it is dead; when gossip goes
//! on having it alive for longer than it takes to notice a death, a third node can reach it, and it is
//! named again.

use super::Core;
use crate::door::Delivery;
use crate::lookup::{Doors, Health, Member, Members, Publisher, Report};
use chat::NodeId;
use chat::directory::MemberState;
use replica::net::Words;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Time between two reports of load, in milliseconds.
const REPORT_MS: u64 = 1_000;
/// Gossip has noticed a death after 3 s. Whom it has alive for so long after our link broke, lives.
const GOSSIP_KNOWS_MS: u64 = 4_000;
const DOORS: &str = "doors";
const LOAD: &str = "load";
/// Whether what was said here in gossip rooms has reached most others.
const TALK: &str = "talk";
const SPREAD: &str = "spread";
const ALONE: &str = "alone";

/// What is known of doors and loads.
pub(super) struct Whereabouts {
    publisher: Publisher,
    own: Arc<Doors>,
    /// What this node last said of its load.
    report: Report,
    reported_ms: Option<u64>,
    /// What it last said under [`TALK`].
    said_of_talk: Option<&'static str>,
    /// Said, and not given to the gossip yet.
    to_say: BTreeMap<&'static str, String>,
    /// What the other members say.
    heard: BTreeMap<u64, Heard>,
    /// Members whose link broke, and when.
    broken_ms: BTreeMap<u64, u64>,
    /// The list may have changed.
    pub(super) is_stale: bool,
}

#[derive(Clone)]
struct Heard {
    doors: Arc<Doors>,
    report: Report,
    /// What was said there in gossip rooms has reached most others, as it says; `None`: it says nothing of that.
    is_spread: Option<bool>,
    /// Its link broke since: it may be another process by now.
    is_doubted: bool,
}

impl Whereabouts {
    pub(super) fn new(publisher: Publisher) -> Whereabouts {
        Whereabouts {
            publisher,
            own: Arc::default(),
            report: Report::default(),
            reported_ms: None,
            said_of_talk: None,
            to_say: BTreeMap::new(),
            heard: BTreeMap::new(),
            broken_ms: BTreeMap::new(),
            is_stale: true,
        }
    }

    /// The list as the doors have it.
    pub(super) fn members(&self) -> Arc<Members> {
        self.publisher.last()
    }

    pub(super) fn link(&mut self, peer: u64, is_up: bool, now_ms: u64) {
        self.is_stale = true;
        if is_up {
            self.broken_ms.remove(&peer);
            return;
        }
        self.broken_ms.insert(peer, now_ms);
        if let Some(heard) = self.heard.get_mut(&peer) {
            heard.is_doubted = true;
        }
    }

    /// What a node says, in place of what it said before; `None`: nothing that can be read.
    fn hear(&self, node: u64, words: &BTreeMap<String, String>) -> Option<Heard> {
        let report = Report::from_word(words.get(LOAD)?)?;
        let doors = Doors::from_word(words.get(DOORS)?);
        let is_spread = words.get(TALK).map(|it| it == SPREAD);
        let Some(before) = self.heard.get(&node) else {
            return Some(Heard { doors: Arc::new(doors), report, is_spread, is_doubted: false });
        };
        let is_doubted = before.is_doubted && before.report == report;
        let doors = if *before.doors == doors { before.doors.clone() } else { Arc::new(doors) };
        Some(Heard { doors, report, is_spread, is_doubted })
    }
}

impl Core {
    /// The doors of this node are open.
    pub(super) fn set_doors(&mut self, doors: Doors) {
        self.whereabouts.to_say.insert(DOORS, doors.to_word());
        self.whereabouts.own = Arc::new(doors);
        self.whereabouts.is_stale = true;
    }

    /// What live nodes say of themselves. Only members are listened to.
    pub(crate) fn set_words(&mut self, words: &Words) {
        let is_member = |id: &u64| self.directory.member(NodeId(*id)).is_some();
        let others = words.iter().filter(|it| *it.0 != self.me.0 && is_member(it.0));
        let heard =
            others.filter_map(|(id, words)| Some((*id, self.whereabouts.hear(*id, words)?)));
        let heard = heard.collect();
        let Whereabouts { broken_ms, .. } = &mut self.whereabouts;
        broken_ms.retain(|id, _| self.directory.member(NodeId(*id)).is_some());
        self.whereabouts.heard = heard;
        self.whereabouts.is_stale = true;
    }

    /// What is to be said to the others of this node.
    pub(crate) fn take_own_words(&mut self) -> BTreeMap<&'static str, String> {
        std::mem::take(&mut self.whereabouts.to_say)
    }

    /// A duty: load is said once a second, also when it is the same.
    pub(super) fn report_load(&mut self) {
        self.whereabouts.is_stale = true; // Time alone may have changed it.
        let last = self.whereabouts.reported_ms;
        if last.is_none_or(|it| self.now_ms - it >= REPORT_MS) {
            self.say_load();
            self.say_whether_talk_is_spread();
        }
    }

    fn say_whether_talk_is_spread(&mut self) {
        let word = match self.is_own_talk_spread() {
            true => SPREAD,
            false => ALONE,
        };
        if self.whereabouts.said_of_talk.replace(word) != Some(word) {
            self.whereabouts.to_say.insert(TALK, word.to_owned());
        }
    }

    fn is_own_talk_spread(&self) -> bool {
        self.engine.own_tail(self.groups.talk()).is_none_or(|it| it.is_spread())
    }

    /// Whether what was said through a member in gossip rooms has reached most others, as it says itself; up to
    /// two seconds late. `None`: it says nothing.
    pub(super) fn is_talk_spread(&self, of: NodeId) -> Option<bool> {
        match of == self.me {
            true => Some(self.is_own_talk_spread()),
            false => self.whereabouts.heard.get(&of.0)?.is_spread,
        }
    }

    fn say_load(&mut self) {
        let first = u64::from(self.identity.boot) << 32;
        let report = Report {
            number: self.whereabouts.report.number.max(first) + 1,
            is_open: self.takes_clients(),
            connections: u32::try_from(self.conn_of.len()).unwrap_or(u32::MAX),
        };
        self.whereabouts.report = report;
        self.whereabouts.reported_ms = Some(self.now_ms);
        self.whereabouts.to_say.insert(LOAD, report.to_word());
    }

    pub(super) fn takes_clients(&self) -> bool {
        self.is_fresh && !self.is_leaving
    }

    /// Hands the list to the doors if it changed, and tells those with connections of more than load.
    pub(super) fn publish_members(&mut self) {
        if !std::mem::take(&mut self.whereabouts.is_stale) {
            return;
        }
        if self.whereabouts.report.is_open != self.takes_clients() {
            self.say_load(); // The others need not wait for the next report.
        }
        let members = Members {
            version: 0, // Counted where it is published.
            network: self.info.network.clone(),
            nodes: self.directory.members().map(|it| self.for_clients(it)).collect(),
            me: Some(self.me),
        };
        if let Some(members) = self.whereabouts.publisher.publish(members) {
            self.deliver_each(None, |_| Delivery::Members(members.clone()));
        }
    }

    fn for_clients(&self, member: &chat::directory::Member) -> Member {
        let whereabouts = &self.whereabouts;
        let (doors, report) = match whereabouts.heard.get(&member.id.0) {
            _ if member.id == self.me => (whereabouts.own.clone(), whereabouts.report),
            Some(heard) => (heard.doors.clone(), heard.report),
            None => (Arc::default(), Report::default()),
        };
        Member {
            id: member.id,
            name: member.name.clone(),
            roles: member.roles,
            health: self.health_of(member),
            doors,
            connections: report.connections,
            report: report.number,
        }
    }

    fn health_of(&self, member: &chat::directory::Member) -> Health {
        let is_me = member.id == self.me;
        let is_open = match self.whereabouts.heard.get(&member.id.0) {
            _ if is_me => self.takes_clients(),
            heard => heard.is_some_and(|it| it.report.is_open && !it.is_doubted),
        };
        match member.state {
            MemberState::Down => Health::Down,
            _ if is_me && self.is_leaving => Health::Draining,
            _ if !is_me && !self.is_reachable(member.id) => Health::Unreachable,
            MemberState::Draining => Health::Draining,
            _ if self.directory.is_drained(member.id) => Health::Draining,
            MemberState::Up if is_open => Health::Up,
            MemberState::Up => Health::Closed,
        }
    }

    fn is_reachable(&self, node: NodeId) -> bool {
        // One that was never linked counts from our own start.
        let broken_ms = self.whereabouts.broken_ms.get(&node.0).copied().unwrap_or(0);
        let is_seen_by_others = self.now_ms - broken_ms >= GOSSIP_KNOWS_MS;
        self.up.contains(&node.0) || (self.live.contains(&node.0) && is_seen_by_others)
    }
}
