//! What members say to each other, and its bytes: a tag, then numbers of seven bits a byte.
//!
//! Promise: `decode` gives back what `encode` was given, and of other bytes `None` or some message.

use super::PeerId;
use crate::number::{put_all, take, take_all};
use bytes::{Buf, Bytes, BytesMut};

/// Rounds from this on are nobody's: a peer that claims one cannot make ours overflow.
const ROUND_MAX: u64 = 1 << 48;

/// How far a copy of what is coordinated has come. By epoch and index the greater one knows more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Epoch of the last entry of its log.
    pub epoch: u64,
    /// Index of that entry.
    pub index: u64,
    /// Of which line of reigns that log is.
    pub line: u64,
    /// The newest epoch that was taken there.
    pub taken: u64,
    /// It knows the view of that epoch.
    pub is_told: bool,
}

/// The time of one coordinator. No two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reign {
    /// Higher than any that its coordinator had heard of when it began.
    pub round: u64,
    /// Whose it is.
    pub coordinator: PeerId,
    /// In which life of that node, see [`Bully::new`](super::Bully::new).
    pub life: u64,
}

impl Reign {
    /// Of two of the same coordinator: whether this one came first.
    pub(super) fn is_before(self, other: Reign) -> bool {
        (self.life, self.round) < (other.life, other.round)
    }
}

/// Between members. `round` is the highest that the sender has heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// To higher ones: the coordinator is missed; are you there?
    Election {
        /// See above.
        round: u64,
    },
    /// To who asked, and to a coordinator who is followed: I am here, and have come so far.
    Answer {
        /// See above; not less than that of the [`Message::Coordinator`] that is answered.
        round: u64,
        /// Of the copy there.
        position: Position,
    },
    /// To the highest that answered: coordinate.
    Nomination {
        /// See above.
        round: u64,
    },
    /// I coordinate. Repeated, and answered each time.
    Coordinator {
        /// The sender's.
        reign: Reign,
    },
    /// I have started, or see you again.
    IamUp {
        /// See above.
        round: u64,
    },
    /// To who said that it is up, or asks while the coordinator is heard here.
    View {
        /// See above.
        round: u64,
        /// Which coordinator is followed here.
        reign: Option<Reign>,
    },
}

const ELECTION: u8 = 1;
const ANSWER: u8 = 2;
const NOMINATION: u8 = 3;
const COORDINATOR: u8 = 4;
const I_AM_UP: u8 = 5;
const VIEW: u8 = 6;
const VIEW_OF_NOBODY: u8 = 7;

impl Message {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Message::Election { round } => put_all(&mut out, ELECTION, &[*round]),
            Message::Answer { round, position } => {
                let Position { epoch, index, line, taken, is_told } = *position;
                let numbers = [*round, epoch, index, line, taken, u64::from(is_told)];
                put_all(&mut out, ANSWER, &numbers);
            }
            Message::Nomination { round } => put_all(&mut out, NOMINATION, &[*round]),
            Message::Coordinator { reign: Reign { round, coordinator, life } } => {
                put_all(&mut out, COORDINATOR, &[*round, *coordinator, *life]);
            }
            Message::IamUp { round } => put_all(&mut out, I_AM_UP, &[*round]),
            Message::View { round, reign: Some(it) } => {
                put_all(&mut out, VIEW, &[*round, it.round, it.coordinator, it.life]);
            }
            Message::View { round, reign: None } => put_all(&mut out, VIEW_OF_NOBODY, &[*round]),
        }
        out.freeze()
    }

    /// From bytes. `None`: no member wrote this.
    #[must_use]
    pub fn decode(mut from: Bytes) -> Option<Message> {
        let from = &mut from;
        let message = match from.try_get_u8().ok()? {
            ELECTION => Message::Election { round: take(from)? },
            ANSWER => {
                let [round, epoch, index, line, taken, is_told] = take_all(from)?;
                let is_told = (is_told <= 1).then_some(is_told == 1)?;
                Message::Answer { round, position: Position { epoch, index, line, taken, is_told } }
            }
            NOMINATION => Message::Nomination { round: take(from)? },
            COORDINATOR => {
                let [round, coordinator, life] = take_all(from)?;
                Message::Coordinator { reign: Reign { round, coordinator, life } }
            }
            I_AM_UP => Message::IamUp { round: take(from)? },
            VIEW => {
                let [known, round, coordinator, life] = take_all(from)?;
                let reign = Some(Reign { round, coordinator, life });
                Message::View { round: known, reign }
            }
            VIEW_OF_NOBODY => Message::View { round: take(from)?, reign: None },
            _ => return None,
        };
        from.is_empty().then_some(message)
    }

    pub(super) fn round(&self) -> u64 {
        match self {
            Message::Election { round }
            | Message::Answer { round, .. }
            | Message::Nomination { round }
            | Message::IamUp { round }
            | Message::View { round, .. } => *round,
            Message::Coordinator { reign } => reign.round,
        }
    }

    /// Whether `from` can have said this.
    pub(super) fn is_sane(&self, from: PeerId) -> bool {
        let is_own = match self {
            Message::Coordinator { reign } => reign.coordinator == from,
            Message::View { round, reign: Some(it) } => it.round <= *round,
            _ => true,
        };
        is_own && self.round() < ROUND_MAX
    }
}
