//! Raft messages as bytes.
//!
//! Ours, not protobuf: the library's protobuf 2.28 has an advisory about parsing what others send
//! (RUSTSEC-2024-0437), and here bodies are sliced out of the received frame without a copy.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use raft::eraftpb::Snapshot;
use raft::prelude::{
    ConfChange, ConfChangeType, ConfState, Entry, EntryType, Message, MessageType,
};

/// Appends a message.
pub(super) fn encode(message: &Message) -> Bytes {
    let bodies: usize =
        message.entries.iter().map(|it| 40 + it.data.len() + it.context.len()).sum();
    let mut out = BytesMut::with_capacity(128 + message.context.len() + bodies);
    out.put_u8(message_kind(message.msg_type));
    out.put_u8(u8::from(message.reject) | u8::from(message.snapshot.is_some()) << 1);
    for number in [
        message.to,
        message.from,
        message.term,
        message.log_term,
        message.index,
        message.commit,
        message.commit_term,
        message.request_snapshot,
        message.reject_hint,
    ] {
        out.put_u64_le(number);
    }
    out.put_i64_le(message.priority);
    put_bytes(&mut out, &message.context);
    if let Some(snapshot) = message.snapshot.as_ref() {
        let metadata = snapshot.get_metadata();
        out.put_u64_le(metadata.index);
        out.put_u64_le(metadata.term);
        put_conf_state(&mut out, metadata.get_conf_state());
    }
    out.put_u32_le(message.entries.len() as u32);
    for entry in message.entries.iter() {
        out.put_u8(entry_kind(entry.entry_type));
        out.put_u64_le(entry.term);
        out.put_u64_le(entry.index);
        put_bytes(&mut out, &entry.data);
        put_bytes(&mut out, &entry.context);
    }
    out.freeze()
}

/// Reads a message; `None`: not one of ours.
pub(super) fn decode(mut bytes: Bytes) -> Option<Message> {
    let mut message = Message::default();
    message.msg_type = message_type(take_u8(&mut bytes)?)?;
    let flags = take_u8(&mut bytes)?;
    message.reject = flags & 1 != 0;
    message.to = take_u64(&mut bytes)?;
    message.from = take_u64(&mut bytes)?;
    message.term = take_u64(&mut bytes)?;
    message.log_term = take_u64(&mut bytes)?;
    message.index = take_u64(&mut bytes)?;
    message.commit = take_u64(&mut bytes)?;
    message.commit_term = take_u64(&mut bytes)?;
    message.request_snapshot = take_u64(&mut bytes)?;
    message.reject_hint = take_u64(&mut bytes)?;
    message.priority = take_u64(&mut bytes)? as i64;
    message.context = take_bytes(&mut bytes)?;
    if flags & 2 != 0 {
        let mut snapshot = Snapshot::default();
        let metadata = snapshot.mut_metadata();
        metadata.index = take_u64(&mut bytes)?;
        metadata.term = take_u64(&mut bytes)?;
        metadata.set_conf_state(take_conf_state(&mut bytes)?);
        message.set_snapshot(snapshot);
    }
    let count = take_u32(&mut bytes)? as usize;
    let mut entries = Vec::with_capacity(count.min(bytes.len() / 25)); // 25 bytes: an empty entry.
    for _ in 0..count {
        let mut entry = Entry::default();
        entry.entry_type = entry_type(take_u8(&mut bytes)?)?;
        entry.term = take_u64(&mut bytes)?;
        entry.index = take_u64(&mut bytes)?;
        entry.data = take_bytes(&mut bytes)?;
        entry.context = take_bytes(&mut bytes)?;
        entries.push(entry);
    }
    message.entries = entries.into();
    bytes.is_empty().then_some(message)
}

/// Who votes and who only follows.
pub(super) fn encode_conf_state(state: &ConfState) -> Bytes {
    let mut out = BytesMut::new();
    put_conf_state(&mut out, state);
    out.freeze()
}

/// Reads what [`encode_conf_state`] wrote.
pub(super) fn decode_conf_state(mut bytes: Bytes) -> Option<ConfState> {
    let state = take_conf_state(&mut bytes)?;
    bytes.is_empty().then_some(state)
}

/// A membership change, as it is carried in the context of its entry.
pub(super) fn encode_change(change: &ConfChange) -> Vec<u8> {
    let mut out = vec![match change.change_type {
        ConfChangeType::AddNode => 0,
        ConfChangeType::RemoveNode => 1,
        ConfChangeType::AddLearnerNode => 2,
    }];
    out.extend_from_slice(&change.node_id.to_le_bytes());
    out
}

/// Reads what [`encode_change`] wrote.
pub(super) fn decode_change(mut bytes: Bytes) -> Option<ConfChange> {
    let mut change = ConfChange::default();
    change.change_type = match take_u8(&mut bytes)? {
        0 => ConfChangeType::AddNode,
        1 => ConfChangeType::RemoveNode,
        2 => ConfChangeType::AddLearnerNode,
        _ => return None,
    };
    change.node_id = take_u64(&mut bytes)?;
    bytes.is_empty().then_some(change)
}

/// The number under which an entry's type is written, on the wire and in the log.
pub(super) fn entry_kind(kind: EntryType) -> u8 {
    match kind {
        EntryType::EntryNormal => 0,
        EntryType::EntryConfChange => 1,
        EntryType::EntryConfChangeV2 => 2,
    }
}

/// The reverse of [`entry_kind`].
pub(super) fn entry_type(kind: u8) -> Option<EntryType> {
    match kind {
        0 => Some(EntryType::EntryNormal),
        1 => Some(EntryType::EntryConfChange),
        2 => Some(EntryType::EntryConfChangeV2),
        _ => None,
    }
}

/// Message types that cross the network, at the number under which they do.
const WIRE_TYPES: [MessageType; 11] = [
    MessageType::MsgAppend,
    MessageType::MsgAppendResponse,
    MessageType::MsgRequestVote,
    MessageType::MsgRequestVoteResponse,
    MessageType::MsgSnapshot,
    MessageType::MsgHeartbeat,
    MessageType::MsgHeartbeatResponse,
    MessageType::MsgTransferLeader,
    MessageType::MsgTimeoutNow,
    MessageType::MsgRequestPreVote,
    MessageType::MsgRequestPreVoteResponse,
];

fn message_kind(kind: MessageType) -> u8 {
    let place = WIRE_TYPES.iter().position(|it| *it == kind);
    place.map_or(u8::MAX, |place| place as u8) // A local type: nobody accepts 255.
}

fn message_type(kind: u8) -> Option<MessageType> {
    WIRE_TYPES.get(kind as usize).copied()
}

fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    out.put_u32_le(bytes.len() as u32);
    out.put_slice(bytes);
}

fn put_conf_state(out: &mut BytesMut, state: &ConfState) {
    for ids in [&state.voters, &state.learners] {
        out.put_u32_le(ids.len() as u32);
        for id in ids.iter() {
            out.put_u64_le(*id);
        }
    }
}

fn take_conf_state(bytes: &mut Bytes) -> Option<ConfState> {
    let mut ids = || {
        let count = take_u32(bytes)? as usize;
        (0..count).map(|_| take_u64(bytes)).collect::<Option<Vec<u64>>>()
    };
    let (voters, learners) = (ids()?, ids()?);
    Some(ConfState::from((voters, learners)))
}

fn take_u8(bytes: &mut Bytes) -> Option<u8> {
    bytes.has_remaining().then(|| bytes.get_u8())
}

fn take_u32(bytes: &mut Bytes) -> Option<u32> {
    (bytes.remaining() >= 4).then(|| bytes.get_u32_le())
}

fn take_u64(bytes: &mut Bytes) -> Option<u64> {
    (bytes.remaining() >= 8).then(|| bytes.get_u64_le())
}

fn take_bytes(bytes: &mut Bytes) -> Option<Bytes> {
    let len = take_u32(bytes)? as usize;
    (bytes.remaining() >= len).then(|| bytes.split_to(len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn message()(
            kind in 0..WIRE_TYPES.len(),
            reject: bool,
            numbers in prop::array::uniform9(any::<u64>()),
            context in prop::collection::vec(any::<u8>(), 0..20),
            entries in prop::collection::vec((0u8..3, any::<u64>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..40)), 0..5),
            snapshot in prop::option::of((any::<u64>(), any::<u64>(), prop::collection::vec(any::<u64>(), 0..4))),
        ) -> Message {
            let mut message = Message::default();
            message.msg_type = WIRE_TYPES[kind];
            message.reject = reject;
            let [to, from, term, log_term, index, commit, commit_term, request_snapshot, reject_hint] = numbers;
            (message.to, message.from, message.term, message.log_term) = (to, from, term, log_term);
            (message.index, message.commit, message.commit_term) = (index, commit, commit_term);
            (message.request_snapshot, message.reject_hint) = (request_snapshot, reject_hint);
            message.context = context.into();
            message.entries = entries.into_iter().map(|(kind, term, index, data)| {
                let mut entry = Entry::default();
                entry.entry_type = entry_type(kind).unwrap();
                (entry.term, entry.index, entry.data) = (term, index, data.into());
                entry
            }).collect::<Vec<_>>().into();
            if let Some((index, term, voters)) = snapshot {
                let mut it = Snapshot::default();
                it.mut_metadata().index = index;
                it.mut_metadata().term = term;
                it.mut_metadata().set_conf_state(ConfState::from((voters, vec![7])));
                message.set_snapshot(it);
            }
            message
        }
    }

    proptest! {
        #[test]
        fn a_message_survives_the_wire(message in message()) {
            prop_assert_eq!(decode(encode(&message)), Some(message));
        }

        #[test]
        fn a_cut_message_is_refused(message in message(), cut in any::<prop::sample::Index>()) {
            let bytes = encode(&message);
            prop_assert_eq!(decode(bytes.slice(..cut.index(bytes.len()))), None);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(bytes.clone().into());
            let _ = decode_conf_state(bytes.clone().into());
            let _ = decode_change(bytes.into());
        }
    }
}
