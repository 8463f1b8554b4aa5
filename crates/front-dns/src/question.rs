//! A packet as a question, or what is wrong with it.
//!
//! The header is read by hand first: whoever says that there are 65,535 questions gets no memory set
//! aside for them.

use hickory_proto::op::{Edns, Message, OpCode, Query};

const HEADER_BYTES: usize = 12;
/// Of an honest query: EDNS and nothing else. Some send a cookie or a signature beside it.
const ADDITIONALS_MAX: u16 = 4;

/// What came.
#[derive(Debug)]
pub(crate) enum Packet {
    /// One question.
    Question(Question),
    /// Not to be answered: too short to have an id, or itself an answer. Answering those would let two
    /// servers talk to each other for ever.
    Silence,
    /// A query that cannot be read.
    Malformed(Header),
    /// Something else than a query.
    NotImplemented(Header),
}

/// What an answer repeats of any packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) id: u16,
    pub(crate) op_code: OpCode,
    pub(crate) recursion_desired: bool,
}

/// One question.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) header: Header,
    pub(crate) query: Query,
    pub(crate) edns: Option<Edns>,
    /// Of the whole packet.
    pub(crate) bytes: usize,
}

/// Reads a packet.
pub(crate) fn read(packet: &[u8]) -> Packet {
    let Some(header) = packet.first_chunk::<HEADER_BYTES>() else {
        return Packet::Silence;
    };
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let flags = word(2);
    if flags & 0x8000 != 0 {
        return Packet::Silence; // An answer.
    }
    let op_code = OpCode::from_u8((flags >> 11) as u8 & 0xf);
    let header = Header { id: word(0), op_code, recursion_desired: flags & 0x0100 != 0 };
    if op_code != OpCode::Query {
        return Packet::NotImplemented(header);
    }
    let [questions, answers, authorities, additionals] = [4, 6, 8, 10].map(word);
    let is_plain = questions == 1 && answers == 0 && authorities == 0;
    if !is_plain || additionals > ADDITIONALS_MAX {
        return Packet::Malformed(header);
    }
    match Message::from_vec(packet) {
        Ok(mut message) if message.queries.len() == 1 => Packet::Question(Question {
            header,
            query: message.queries.remove(0),
            edns: message.edns.take(),
            bytes: packet.len(),
        }),
        _ => Packet::Malformed(header),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::query;
    use hickory_proto::rr::RecordType;

    #[test]
    fn a_question_is_read_with_its_id_and_its_case() {
        let packet = query("ChAt.example", RecordType::SRV);
        let Packet::Question(read) = read(&packet) else { panic!("it is one") };
        assert_eq!(read.header.id, 0x1234);
        assert_eq!(read.query.name().to_ascii(), "ChAt.example.");
        assert_eq!(read.bytes, packet.len());
    }

    #[test]
    fn what_claims_more_than_one_question_is_malformed_and_costs_nothing() {
        let mut packet = query("chat.example", RecordType::A);
        packet[4..6].copy_from_slice(&u16::MAX.to_be_bytes());
        assert!(matches!(read(&packet), Packet::Malformed(it) if it.id == 0x1234));
        for section in [6, 8, 10] {
            let mut packet = query("chat.example", RecordType::A);
            packet[section..section + 2].copy_from_slice(&u16::MAX.to_be_bytes());
            assert!(matches!(read(&packet), Packet::Malformed(_)), "{section}");
        }
        let cut = query("chat.example", RecordType::A);
        for length in HEADER_BYTES..cut.len() {
            assert!(matches!(read(&cut[..length]), Packet::Malformed(_)), "{length}");
        }
    }

    #[test]
    fn answers_and_scraps_are_met_with_silence() {
        let mut packet = query("chat.example", RecordType::A);
        assert!(matches!(read(&packet[..11]), Packet::Silence));
        packet[2] |= 0x80;
        assert!(matches!(read(&packet), Packet::Silence));
    }

    #[test]
    fn updates_and_notifications_are_not_implemented() {
        for op_code in [1, 2, 4, 5, 15] {
            let mut packet = query("chat.example", RecordType::A);
            packet[2] |= op_code << 3;
            assert!(matches!(read(&packet), Packet::NotImplemented(_)), "{op_code}");
        }
    }
}
