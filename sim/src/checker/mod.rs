//! Judges a run by what clients sent and were told, and by what the nodes' histories say.
//!
//! Knows no node and no simulation: whoever has such evidence can ask. An invariant is a file and a row.

mod acknowledged;
mod answered;
mod delivered;
mod equal;
mod ids;
mod invented;
mod once;
mod order;
mod refused;
#[cfg(test)]
mod tests;

use std::fmt::Write;

/// What a sender was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// Nothing yet.
    Waiting,
    /// It happened.
    Done,
    /// It did not and will not.
    Refused,
    /// It may have.
    Unknown,
}

/// One message, as its sender knows it. Senders number theirs from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    pub(crate) sender: String,
    pub(crate) number: u64,
    pub(crate) sent_ms: u64,
    pub(crate) outcome: Outcome,
    pub(crate) answered_ms: u64,
}

/// One record of a node's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    /// As text, whose order is the ids' order.
    pub(crate) id: String,
    pub(crate) at_ms: u64,
    /// Sender and number, if it is a message.
    pub(crate) message: Option<(String, u64)>,
    pub(crate) body: String,
}

/// All that is known of a run.
#[derive(Clone, Default)]
pub(crate) struct Evidence {
    pub(crate) sent: Vec<Sent>,
    /// Each node's, oldest first, after all faults have ended.
    pub(crate) histories: Vec<(String, Vec<Kept>)>,
    /// Ids of messages as each door saw them live.
    pub(crate) delivered: Vec<Vec<String>>,
    /// What was done to the cluster, and when.
    pub(crate) deeds: Vec<(u64, String)>,
}

/// Something that must not be.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) story: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, story: impl Into<String>) -> Violation {
        let story = story.into();
        Violation { invariant, story }
    }
}

/// A row of the table: `check` tells the story of the first violation.
struct Invariant {
    name: &'static str,
    check: fn(&Evidence) -> Option<String>,
}

const ALL: &[&Invariant] = &[
    &acknowledged::INVARIANT,
    &once::INVARIANT,
    &order::INVARIANT,
    &refused::INVARIANT,
    &invented::INVARIANT,
    &answered::INVARIANT,
    &ids::INVARIANT,
    &equal::INVARIANT,
    &delivered::INVARIANT,
];

/// Every invariant that does not hold, with a story.
pub(crate) fn check(evidence: &Evidence) -> Vec<Violation> {
    let found = ALL.iter().filter_map(|it| {
        let story = (it.check)(evidence)?;
        Some(Violation::new(it.name, story))
    });
    found.collect()
}

impl Sent {
    /// Its life in a line.
    fn told(&self) -> String {
        let Sent { sender, number, sent_ms, outcome, answered_ms } = self;
        let how = match outcome {
            Outcome::Waiting => return format!("{sender} {number}, sent at {sent_ms} ms"),
            Outcome::Done => "acknowledged",
            Outcome::Refused => "refused",
            Outcome::Unknown => "answered as unknown",
        };
        format!("{sender} {number}, sent at {sent_ms} ms, {how} at {answered_ms} ms")
    }
}

impl Evidence {
    /// What was done to the cluster, to be told behind a violation.
    pub(crate) fn timeline(&self) -> String {
        let mut told = String::new();
        for (at_ms, deed) in &self.deeds {
            let _ = write!(told, "\n    {at_ms:>7} ms  {deed}"); // Text takes everything.
        }
        told
    }

    /// How much there was to judge.
    pub(crate) fn summary(&self) -> String {
        let count = |outcome| self.sent.iter().filter(|it| it.outcome == outcome).count();
        format!(
            "{} sent, {} acknowledged, {} refused, {} unknown",
            self.sent.len(),
            count(Outcome::Done),
            count(Outcome::Refused),
            count(Outcome::Unknown)
        )
    }

    /// Each node with the messages of its history, in order.
    fn messages(&self) -> impl Iterator<Item = (&str, Vec<(&str, u64)>)> {
        self.histories.iter().map(|(node, history)| {
            let messages = history.iter().filter_map(|it| it.message.as_ref());
            let messages = messages.map(|it| (it.0.as_str(), it.1)).collect();
            (node.as_str(), messages)
        })
    }
}
