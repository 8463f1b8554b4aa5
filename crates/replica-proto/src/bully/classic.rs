//! The classic Bully algorithm (Garcia-Molina 1982), for comparison only: nothing runs by it.
//!
//! In the form in which it is usually told, with the fewest messages: who misses the coordinator asks all
//! higher ones, each of those answers and does the same, and who hears no answer says that it coordinates.
//! (The original asks for an answer to each of these words, too.) As in [`super`], nothing is sent over
//! a link that is known to be broken.

use super::{Options, PeerId};
use std::collections::BTreeSet;

/// Between members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The coordinator is missed; are you there?
    Election,
    /// Yes, and it is for me to go on.
    Answer,
    /// I coordinate.
    Coordinator,
}

/// One member, whose peers are all that have a rank; the higher id is the higher rank.
#[derive(Debug)]
pub struct Classic {
    me: PeerId,
    options: Options,
    up: BTreeSet<PeerId>,
    coordinator: Option<PeerId>,
    /// An election of its own is under way, and this is when it is over.
    election: Option<Election>,
}

#[derive(Debug)]
struct Election {
    until_ms: u64,
    is_answered: bool,
}

/// What the machine wants sent.
pub type Sends = Vec<(PeerId, Message)>;

impl Classic {
    /// A member that can reach these and follows this one.
    #[must_use]
    pub fn new(me: PeerId, options: Options, up: BTreeSet<PeerId>, coordinator: PeerId) -> Classic {
        Classic { me, options, up, coordinator: Some(coordinator), election: None }
    }

    /// Who coordinates, as far as is known.
    #[must_use]
    pub fn coordinator(&self) -> Option<PeerId> {
        self.coordinator
    }

    /// The link to a peer broke. Times are of the node's monotonic clock.
    pub fn lose(&mut self, now_ms: u64, peer: PeerId, sends: &mut Sends) {
        self.up.remove(&peer);
        if self.coordinator == Some(peer) {
            self.coordinator = None;
            self.begin(now_ms, sends);
        }
    }

    /// A peer says something.
    pub fn receive(&mut self, now_ms: u64, from: PeerId, message: Message, sends: &mut Sends) {
        match message {
            Message::Election => {
                sends.push((from, Message::Answer));
                if self.coordinator == Some(self.me) {
                    sends.push((from, Message::Coordinator));
                } else {
                    self.begin(now_ms, sends);
                }
            }
            Message::Answer => {
                if let Some(it) = &mut self.election {
                    it.is_answered = true;
                    it.until_ms = now_ms + self.options.coordinator_ms;
                }
            }
            Message::Coordinator if from > self.me => {
                (self.coordinator, self.election) = (Some(from), None);
            }
            Message::Coordinator => self.begin(now_ms, sends),
        }
    }

    /// Some of the node's time has passed.
    pub fn tick(&mut self, now_ms: u64, sends: &mut Sends) {
        let Some(it) = self.election.take_if(|it| it.until_ms <= now_ms) else { return };
        if it.is_answered {
            self.begin(now_ms, sends); // Whoever answered has failed since.
        } else {
            self.win(sends);
        }
    }

    fn begin(&mut self, now_ms: u64, sends: &mut Sends) {
        if self.election.is_some() {
            return;
        }
        let higher: Vec<PeerId> = self.up.range(self.me + 1..).copied().collect();
        if higher.is_empty() {
            self.win(sends);
            return;
        }
        sends.extend(higher.iter().map(|it| (*it, Message::Election)));
        let until_ms = now_ms + self.options.answer_ms;
        self.election = Some(Election { until_ms, is_answered: false });
    }

    fn win(&mut self, sends: &mut Sends) {
        (self.coordinator, self.election) = (Some(self.me), None);
        sends.extend(self.up.range(..self.me).map(|it| (*it, Message::Coordinator)));
    }
}
