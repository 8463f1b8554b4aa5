//! What nodes say to each other.

use super::{Entry, Origin, Range};

/// Everything that one step has to say to one peer. Empty parts cost nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Entries that the peer is expected not to have.
    pub push: Vec<Entry>,
    /// Answers to its questions.
    pub parts: Vec<Part>,
    /// A comparison of what both have.
    pub exchange: Option<Exchange>,
    /// Digest: of these origins all up to there can be had here.
    pub have: Vec<(Origin, u64)>,
    /// Ranges wanted.
    pub asks: Vec<Ask>,
    /// Entries of these origins came from elsewhere before: send no more of them unasked.
    pub prune: Vec<Origin>,
}

/// The request for a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Comes back with the answer.
    pub id: u64,
    /// Not for what is missing only: later ones shall come unasked.
    pub is_graft: bool,
    /// Data that the answer may hold.
    pub bytes_max: u64,
    /// In order of urgency.
    pub ranges: Vec<Range>,
}

/// The answer: what could be had of the ranges, in their order; cut off where it gets too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of the question.
    pub id: u64,
    /// Entries; of each origin without gaps from where the question began.
    pub entries: Vec<Entry>,
}

/// What the sender has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Is it a question, or the answer to one?
    pub is_question: bool,
    /// The asker's own time, to measure the round trip; an answer repeats it.
    pub asked_ms: u64,
    /// Each origin's log there.
    pub kept: Vec<Kept>,
}

/// One origin's log at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose.
    pub origin: Origin,
    /// It survives a crash there up to this index.
    pub upto: u64,
    /// Up to this index it is only in the state, not in the log any more.
    pub floor: u64,
}

impl Message {
    /// The same in messages that push no more data each than this, or one entry.
    pub(super) fn split(mut self, bytes_max: usize) -> Vec<Message> {
        let mut messages = Vec::new();
        let (mut push, mut bytes) = (Vec::new(), 0);
        for entry in std::mem::take(&mut self.push) {
            if bytes + entry.data.len() > bytes_max && !push.is_empty() {
                messages.push(Message { push: std::mem::take(&mut push), ..Message::default() });
                bytes = 0;
            }
            bytes += entry.data.len();
            push.push(entry);
        }
        messages.push(Message { push, ..self });
        messages
    }

    /// Has it nothing to say?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.push.is_empty()
            && self.parts.is_empty()
            && self.exchange.is_none()
            && self.have.is_empty()
            && self.asks.is_empty()
            && self.prune.is_empty()
    }
}
