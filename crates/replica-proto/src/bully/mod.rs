//! Fast Bully: who coordinates (Lee, Choi, "The Fast Bully Algorithm: For Electing a Coordinator Process in
//! Distributed Systems", ICOIN 2002; after Garcia-Molina, "Elections in a Distributed Computing System", IEEE
//! Transactions on Computers, 1982).
//!
//! Promise: once the network holds still, all members that see each other follow the highest of them that
//! is up, and that one alone coordinates, down to a single member. Nobody ever follows a lower one, and no
//! [`Reign`] begins twice. While a cut lasts each side has a coordinator of its own: this machine elects, it
//! does not decide. What must not be decided twice needs a majority besides.
//!
//! Who misses the coordinator asks the higher ones ([`Message::Election`]), and from those who answer names
//! the highest ([`Message::Nomination`]), which says so to all ([`Message::Coordinator`]): one election
//! where the classic algorithm starts one at every node that is asked. Who comes up says so
//! ([`Message::IamUp`]) and is told who coordinates ([`Message::View`]).
//!
//! Four things differ from the paper:
//! * The members are known, and so are broken links: nobody is asked over one, and who sees nobody higher
//!   coordinates at once. Others give it a head start by their rank ([`Options::stagger_ms`]), since all notice
//!   a death together.
//! * With one candidate there is nothing to ask: it is nominated.
//! * Messages get lost and networks are cut, so the coordinator repeats itself, and is missed when silent.
//! * Each who follows says how far its copy has come ([`Message::Answer`]), and only who has heard all that
//!   can be reached [is ready](Standing::Coordinates): the freshest copy is known before anything is decided.

mod arrive;
pub mod classic;
mod coordinate;
mod elect;
mod follow;
mod message;
mod options;
mod standing;

#[cfg(test)]
mod tests;

pub use message::{Message, Position, Reign};
pub use options::Options;
pub use standing::Standing;

pub use crate::primary_backup::PeerId;
use coordinate::Reigning;
use follow::Following;
use std::collections::BTreeSet;

/// What can happen to a member.
#[derive(Clone, Debug)]
pub enum Input {
    /// All members, from the lowest rank to the highest, this one too. How they are ranked is for whoever
    /// runs it; while nodes disagree about it their coordinators may, too.
    Members(Vec<PeerId>),
    /// The link to a peer came up or broke. One that was never told of is down.
    Link(PeerId, bool),
    /// A peer says something.
    Receive(PeerId, Message),
    /// The own copy has come so far.
    Position(Position),
    /// Some of the node's time has passed.
    Tick,
}

/// What the machine wants sent.
pub type Sends = Vec<(PeerId, Message)>;

/// One member.
#[derive(Debug)]
pub struct Bully {
    me: PeerId,
    /// So that no reign of an earlier life begins again.
    life: u64,
    options: Options,
    now_ms: u64,
    members: Vec<PeerId>,
    up: BTreeSet<PeerId>,
    /// The highest that was heard of.
    round: u64,
    position: Position,
    role: Role,
}

#[derive(Debug)]
enum Role {
    /// No member: takes no part.
    Outside,
    /// Has said that it is up, and waits to hear who coordinates.
    Arriving {
        since_ms: u64,
    },
    Following(Following),
    /// Misses the coordinator, and gives higher ones time to take its place.
    Waiting {
        until_ms: u64,
    },
    /// Has asked the higher ones.
    Asking {
        until_ms: u64,
        silent: BTreeSet<PeerId>,
        answered: BTreeSet<PeerId>,
    },
    /// Has named one, and waits for its word; the others that answered may be next.
    Nominating {
        until_ms: u64,
        whom: PeerId,
        others: BTreeSet<PeerId>,
    },
    /// Has answered a lower one, and waits to be named or to hear who is.
    Expecting {
        until_ms: u64,
    },
    Coordinating(Reigning),
}

impl Bully {
    /// A member that takes no part before [`Input::Members`]. `life` rises with each start of this node.
    #[must_use]
    pub fn new(me: PeerId, life: u64, options: Options) -> Bully {
        Bully {
            me,
            life,
            options,
            now_ms: 0,
            members: Vec::new(),
            up: BTreeSet::new(),
            round: 0,
            position: Position::default(),
            role: Role::Outside,
        }
    }

    /// Takes one input. `now_ms` is the node's monotonic clock.
    pub fn step(&mut self, now_ms: u64, input: Input, sends: &mut Sends) {
        self.now_ms = now_ms.max(self.now_ms);
        match input {
            Input::Members(members) => self.on_members(members, sends),
            Input::Link(peer, true) => self.on_link_up(peer, sends),
            Input::Link(peer, false) => self.on_link_down(peer, sends),
            Input::Receive(from, message) => self.on_message(from, message, sends),
            Input::Position(position) => self.position = position,
            Input::Tick => self.on_time(sends),
        }
    }

    fn on_message(&mut self, from: PeerId, message: Message, sends: &mut Sends) {
        // A link that is down says nothing: what comes is of its past.
        let is_peer = self.up.contains(&from) && self.rank(from).is_some();
        if !is_peer || matches!(self.role, Role::Outside) || !message.is_sane(from) {
            return;
        }
        self.round = self.round.max(message.round());
        match message {
            Message::Election { .. } => self.on_election(from, sends),
            Message::Answer { round, position } => self.on_answer(from, round, position, sends),
            Message::Nomination { .. } => self.on_nomination(from, sends),
            Message::Coordinator { reign } => self.on_coordinator(from, reign, sends),
            Message::IamUp { .. } => self.on_i_am_up(from, sends),
            Message::View { reign, .. } => self.on_view(from, reign),
        }
    }

    fn on_time(&mut self, sends: &mut Sends) {
        let now_ms = self.now_ms;
        match &self.role {
            Role::Following(it) if it.is_silent(now_ms, &self.options) => self.miss(sends),
            Role::Arriving { since_ms } if self.has_arrived(*since_ms) => self.miss(sends),
            Role::Waiting { until_ms } if *until_ms <= now_ms => self.ask(sends),
            Role::Asking { until_ms, .. } if *until_ms <= now_ms => self.nominate_highest(sends),
            Role::Nominating { until_ms, .. } if *until_ms <= now_ms => self.nominate_next(sends),
            Role::Expecting { until_ms } if *until_ms <= now_ms => self.ask(sends),
            Role::Coordinating(_) => self.reign_on(sends),
            _ => {}
        }
    }

    /// The place in the order of ranks; `None`: no member.
    fn rank(&self, id: PeerId) -> Option<usize> {
        self.members.iter().position(|it| *it == id)
    }

    fn is_above_me(&self, id: PeerId) -> bool {
        self.rank(id) > self.rank(self.me)
    }

    /// Members of a higher rank that can be reached.
    fn higher_up(&self) -> BTreeSet<PeerId> {
        let above = self.members.iter().rev().take_while(|it| **it != self.me);
        above.copied().filter(|it| self.up.contains(it)).collect()
    }

    fn highest(&self, of: &BTreeSet<PeerId>) -> Option<PeerId> {
        self.members.iter().rev().copied().find(|it| of.contains(it))
    }
}
