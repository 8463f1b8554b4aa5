//! What nodes say to each other about groups: one byte of kind, four of group, then the body.

use crate::store::GroupId;
use bytes::{Buf, BufMut, Bytes};

/// One envelope between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// Between two replicas of a group, of their strategy.
    Strategy(GroupId, Bytes),
    /// A section for the leader.
    Propose(GroupId, Bytes),
    /// A lane's section of this generation was not taken. `can_commit`: somebody may commit it, as far
    /// as is known there.
    NotTaken {
        group: GroupId,
        generation: u64,
        can_commit: bool,
        /// Which, if that is sure of just one: its first command, and one after its last.
        section: (u64, u64),
    },
    /// Give me your state at `index`, from `offset`.
    FetchState { group: GroupId, index: u64, offset: u64 },
    /// A part of it; `total` 0: it is not there any more.
    State { group: GroupId, index: u64, offset: u64, total: u64, part: Bytes },
    /// Give me history after `after` up to `upto`, from a place on.
    FetchHistory { group: GroupId, after: u64, upto: u64, room: Bytes, ordinal: u64 },
    /// A part of it: encoded records; the place to go on from, if that was not all.
    History { group: GroupId, upto: u64, next: Option<(Bytes, u64)>, records: Bytes },
    /// An observer wants entries after `after`.
    Observe { group: GroupId, after: u64 },
    /// An entry for an observer.
    Observed { group: GroupId, index: u64, term: u64, data: Bytes },
    /// The observer has to take our state at `index` first (see `FetchState`).
    Restart { group: GroupId, index: u64 },
    /// To an observer: this replica is one, with a leader, and has applied so far.
    Alive { group: GroupId, index: u64 },
    /// A replica that nobody leads and that shall be elsewhere: am I still of the group?
    AmIOf { group: GroupId },
    /// The leader of this term, which has committed all it speaks of: you are not.
    YouAreNot { group: GroupId, term: u64 },
    /// For the node above, opaque here.
    Node(Bytes),
}

impl Envelope {
    /// Appends it.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut head = |kind: u8, group: &GroupId| {
            out.put_u8(kind);
            out.put_u32_le(group.0);
        };
        match self {
            Envelope::Strategy(group, body) => {
                head(0, group);
                out.put_slice(body);
            }
            Envelope::Propose(group, body) => {
                head(1, group);
                out.put_slice(body);
            }
            Envelope::NotTaken { group, generation, can_commit, section } => {
                head(2, group);
                out.put_u64_le(*generation);
                out.put_u64_le(section.0);
                out.put_u64_le(section.1);
                out.put_u8(u8::from(*can_commit));
            }
            Envelope::FetchState { group, index, offset } => {
                head(3, group);
                out.put_u64_le(*index);
                out.put_u64_le(*offset);
            }
            Envelope::State { group, index, offset, total, part } => {
                head(4, group);
                out.put_u64_le(*index);
                out.put_u64_le(*offset);
                out.put_u64_le(*total);
                out.put_slice(part);
            }
            Envelope::FetchHistory { group, after, upto, room, ordinal } => {
                head(5, group);
                out.put_u64_le(*after);
                out.put_u64_le(*upto);
                out.put_u64_le(*ordinal);
                out.put_slice(room);
            }
            Envelope::History { group, upto, next, records } => {
                head(6, group);
                out.put_u64_le(*upto);
                let (room, ordinal) =
                    next.as_ref().map_or((&[][..], u64::MAX), |(room, at)| (&room[..], *at));
                out.put_u64_le(ordinal);
                out.put_u32_le(room.len() as u32);
                out.put_slice(room);
                out.put_slice(records);
            }
            Envelope::Observe { group, after } => {
                head(7, group);
                out.put_u64_le(*after);
            }
            Envelope::Observed { group, index, term, data } => {
                head(8, group);
                out.put_u64_le(*index);
                out.put_u64_le(*term);
                out.put_slice(data);
            }
            Envelope::Restart { group, index } => {
                head(9, group);
                out.put_u64_le(*index);
            }
            Envelope::Alive { group, index } => {
                head(11, group);
                out.put_u64_le(*index);
            }
            Envelope::AmIOf { group } => head(12, group),
            Envelope::YouAreNot { group, term } => {
                head(13, group);
                out.put_u64_le(*term);
            }
            Envelope::Node(body) => {
                head(10, &GroupId(0));
                out.put_slice(body);
            }
        }
    }

    /// Reads one; `None`: not one of ours.
    pub(super) fn decode(mut bytes: Bytes) -> Option<Envelope> {
        if bytes.len() < 5 {
            return None;
        }
        let kind = bytes.get_u8();
        let group = GroupId(bytes.get_u32_le());
        let number = |bytes: &mut Bytes| (bytes.len() >= 8).then(|| bytes.get_u64_le());
        Some(match kind {
            0 => Envelope::Strategy(group, bytes),
            1 => Envelope::Propose(group, bytes),
            2 => {
                let generation = number(&mut bytes)?;
                let section = (number(&mut bytes)?, number(&mut bytes)?);
                let can_commit = bytes.first() == Some(&1);
                Envelope::NotTaken { group, generation, can_commit, section }
            }
            3 => {
                let (index, offset) = (number(&mut bytes)?, number(&mut bytes)?);
                Envelope::FetchState { group, index, offset }
            }
            4 => {
                let (index, offset) = (number(&mut bytes)?, number(&mut bytes)?);
                let total = number(&mut bytes)?;
                Envelope::State { group, index, offset, total, part: bytes }
            }
            5 => {
                let (after, upto) = (number(&mut bytes)?, number(&mut bytes)?);
                let ordinal = number(&mut bytes)?;
                Envelope::FetchHistory { group, after, upto, room: bytes, ordinal }
            }
            6 => {
                let (upto, ordinal) = (number(&mut bytes)?, number(&mut bytes)?);
                let len = (bytes.len() >= 4).then(|| bytes.get_u32_le() as usize)?;
                let room = (bytes.len() >= len).then(|| bytes.split_to(len))?;
                let next = (ordinal != u64::MAX).then_some((room, ordinal));
                Envelope::History { group, upto, next, records: bytes }
            }
            7 => Envelope::Observe { group, after: number(&mut bytes)? },
            8 => {
                let (index, term) = (number(&mut bytes)?, number(&mut bytes)?);
                Envelope::Observed { group, index, term, data: bytes }
            }
            9 => Envelope::Restart { group, index: number(&mut bytes)? },
            10 => Envelope::Node(bytes),
            11 => Envelope::Alive { group, index: number(&mut bytes)? },
            12 => Envelope::AmIOf { group },
            13 => Envelope::YouAreNot { group, term: number(&mut bytes)? },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_envelope_arrives_as_it_was_sent() {
        let (group, index, offset, body) = (GroupId(7), 1, 2, Bytes::from_static(b"body"));
        let (after, upto, room, ordinal) = (3, 4, Bytes::from_static(b"#r"), 5);
        let history = |next| Envelope::History { group, upto, next, records: body.clone() };
        for envelope in [
            Envelope::Strategy(group, body.clone()),
            Envelope::Strategy(group, Bytes::new()),
            Envelope::Propose(group, body.clone()),
            Envelope::NotTaken { group, generation: 6, can_commit: true, section: (0, 0) },
            Envelope::NotTaken { group, generation: 6, can_commit: false, section: (7, 9) },
            Envelope::FetchState { group, index, offset },
            Envelope::State { group, index, offset, total: 9, part: body.clone() },
            Envelope::FetchHistory { group, after, upto, room: room.clone(), ordinal },
            history(None),
            history(Some((room, ordinal))),
            Envelope::Observe { group, after },
            Envelope::Observed { group, index, term: 8, data: body.clone() },
            Envelope::Restart { group, index },
            Envelope::Alive { group, index },
            Envelope::AmIOf { group },
            Envelope::YouAreNot { group, term: 10 },
            Envelope::Node(body.clone()),
        ] {
            let mut sent = Vec::new();
            envelope.encode(&mut sent);
            assert_eq!(Envelope::decode(sent.into()), Some(envelope));
        }
    }

    proptest! {
        #[test]
        fn an_envelope_survives_the_wire_and_no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 0u8..15) {
            let mut framed = vec![kind];
            framed.extend(bytes);
            if let Some(envelope) = Envelope::decode(framed.into()) {
                let mut again = Vec::new();
                envelope.encode(&mut again);
                prop_assert_eq!(Envelope::decode(again.into()), Some(envelope));
            }
        }
    }
}
