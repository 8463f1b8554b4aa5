//! What is known of a run. All `_ms` are milliseconds of the run's own clock, the same for everybody;
//! only `at_ms` is the cluster's.
//!
//! Whoever gathers it promises: beginnings are noted before, ends after the fact, never the other way.
//! An interval that is too wide hides a fault, one that is too narrow invents one.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A name, an id or a text, shared by all that mention it.
pub type Name = Arc<str>;

/// A message's name: its sender and the number that the sender gave it.
pub type MessageName = (Name, u64);

/// What a place promises of its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Guarantee {
    /// One order for all, live and later (raft, primary-backup).
    #[default]
    Total,
    /// Live, each sender's order; at the end one order for all (gossip).
    PerSender,
}

/// What a sender was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing, although somebody owes it an answer. Where the one who would answer died, say `Unknown`.
    Waiting,
    /// It happened.
    Done,
    /// It did not and will not.
    Refused,
    /// It may have, or still may.
    Unknown,
}

/// One message, as its sender knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The room or conversation.
    pub place: Name,
    /// A session: its messages have an order. Nobody else uses the name, in any place.
    pub sender: Name,
    /// Who is behind the session, named as in [`Read::reader`]. One who lost a session has another.
    pub person: Name,
    /// Through which node.
    pub node: Name,
    /// Grows with each message of the sender in the place, in the order of sending.
    pub number: u64,
    /// If given, the record's body contains it.
    pub text: Option<Name>,
    /// If the answer told an id, the record has it.
    pub id: Option<Name>,
    /// Before it left.
    pub sent_ms: u64,
    /// What was answered.
    pub outcome: Outcome,
    /// After the answer came; meaningless without one.
    pub answered_ms: u64,
}

/// One record, as it stands in a history or passed by live.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// As text, whose order is the ids' order.
    pub id: Name,
    /// Its `server-time`, in milliseconds of the cluster's clock.
    pub at_ms: u64,
    /// Which message it is, if it is one.
    pub message: Option<MessageName>,
    /// What must never change of it. Empty where nobody looked: then it is not compared.
    pub body: Name,
}

/// A node's whole history of a place, oldest first, after all faults have ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct History {
    /// Whose.
    pub node: Name,
    /// Of which room or conversation.
    pub place: Name,
    /// Records of the same kinds for every node, read and connection, say messages only.
    pub items: Vec<Kept>,
}

/// A piece of a history without holes, read while the run went on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// Whoever must find again what they saw and wrote before.
    pub reader: Name,
    /// Which node answered. One that lost its disk is another one.
    pub node: Name,
    /// Of which room or conversation.
    pub place: Name,
    /// Before it was asked.
    pub begin_ms: u64,
    /// After it was answered.
    pub end_ms: u64,
    /// Begins behind this record; `None`: at the beginning.
    pub after: Option<Name>,
    /// It goes on to the newest record that the node had, not only to a page's end.
    pub is_whole: bool,
    /// Oldest first.
    pub items: Vec<Kept>,
}

/// A record passed by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// When.
    pub seen_ms: u64,
    /// What.
    pub record: Kept,
}

/// What one connection saw of a place as it happened, in that order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Live {
    /// Its name in stories.
    pub connection: Name,
    /// On which node.
    pub node: Name,
    /// Of which room or conversation.
    pub place: Name,
    /// It was there without a break: every message between two that it saw should be there too.
    pub is_unbroken: bool,
    /// Oldest first.
    pub items: Vec<Heard>,
}

/// What somebody who wanted a nick was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimOutcome {
    /// It is theirs.
    Held,
    /// Somebody else has it.
    InUse,
    /// They did not and will not get it, for reasons that say nothing about who has it.
    Refused,
    /// They may have got it, or still may.
    Unknown,
}

/// Somebody wanted a nick: at registration or by a rename.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Two claims of one client never exclude each other: a session.
    pub client: Name,
    /// Folded, so that equal nicks are equal text.
    pub nick: Name,
    /// Before it was asked.
    pub begin_ms: u64,
    /// After the answer; meaningless if the outcome is `Unknown`.
    pub end_ms: u64,
    /// What was answered.
    pub outcome: ClaimOutcome,
}

/// A client's nick becomes free: it renamed itself, quit, or its node died.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// Whose.
    pub client: Name,
    /// Folded.
    pub nick: Name,
    /// Not before this.
    pub begin_ms: u64,
    /// It was acknowledged: it has happened by now. `None`: any time later, or never.
    pub end_ms: Option<u64>,
}

/// Whom a node shows in a room at the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Which node.
    pub node: Name,
    /// Which room.
    pub room: Name,
    /// In any order.
    pub who: Vec<Name>,
}

/// A replica began to lead its group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leadership {
    /// Which group.
    pub group: Name,
    /// The election number or epoch under which it leads.
    pub term: u64,
    /// On which node.
    pub node: Name,
    /// When it said so.
    pub at_ms: u64,
}

/// All that is known of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Evidence {
    /// Places that are not `Total`.
    pub guarantees: BTreeMap<Name, Guarantee>,
    /// In any order.
    pub sent: Vec<Sent>,
    /// One for each node and place.
    pub finals: Vec<History>,
    /// In any order.
    pub reads: Vec<Read>,
    /// One for each connection and place.
    pub live: Vec<Live>,
    /// In any order.
    pub claims: Vec<Claim>,
    /// In any order.
    pub releases: Vec<Release>,
    /// One for each node and room that was looked at.
    pub shown: Vec<Shown>,
    /// Who is really in each room at the end, by room; nobody in rooms that are not listed.
    pub attached: BTreeMap<Name, Vec<Name>>,
    /// In any order; none where nobody listened for them.
    pub leaderships: Vec<Leadership>,
    /// From when until when the network was parted for those who keep names without a majority, and had not
    /// settled it yet: meanwhile one nick may have two holders. Empty: there is one registry at all times.
    pub partings: Vec<(u64, u64)>,
    /// Nodes that lost what was on their disk alone, and when.
    pub lost_disks: Vec<(Name, u64)>,
    /// What was done to the cluster, and when.
    pub deeds: Vec<(u64, String)>,
}

impl Sent {
    /// A message on its way, without an answer yet. The sender is the person.
    pub fn new(place: Name, sender: Name, number: u64, node: Name, sent_ms: u64) -> Sent {
        Sent {
            place,
            person: sender.clone(),
            sender,
            node,
            number,
            text: None,
            id: None,
            sent_ms,
            outcome: Outcome::Waiting,
            answered_ms: 0,
        }
    }

    /// Its answer came.
    pub fn answer(&mut self, outcome: Outcome, answered_ms: u64) {
        (self.outcome, self.answered_ms) = (outcome, answered_ms);
    }
}

impl Evidence {
    /// What was done to the cluster, all of it.
    pub fn timeline(&self) -> String {
        self.deeds.iter().map(|(at_ms, deed)| format!("\n    {at_ms:>7} ms  {deed}")).collect()
    }

    /// How much there was to judge.
    pub fn summary(&self) -> String {
        let count = |outcome| self.sent.iter().filter(|it| it.outcome == outcome).count();
        let mut told = format!(
            "{} sent, {} acknowledged, {} refused, {} unknown",
            self.sent.len(),
            count(Outcome::Done),
            count(Outcome::Refused),
            count(Outcome::Unknown)
        );
        let others = [
            (self.reads.len(), "reads"),
            (self.claims.len(), "claims of nicks"),
            (self.live.len(), "live connections"),
        ];
        for (count, what) in others.into_iter().filter(|it| it.0 > 0) {
            told += &format!(", {count} {what}");
        }
        told
    }
}
