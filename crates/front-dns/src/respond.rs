//! A packet in, a packet or nothing out.

use crate::answer::{Answer, Asked};
use crate::names::Names;
use crate::question::{self, Header, Packet, Question};
use crate::size::{Budget, UDP_BYTES_MAX, limit};
use crate::zone::Zone;
use hickory_proto::op::{Edns, Message, ResponseCode};
use node::lookup::{Lookup, Policy};
use std::net::IpAddr;

/// How a packet came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// As a datagram: its sender may be forged.
    Udp,
    /// Over a connection.
    Tcp,
}

/// What became of a packet; for counting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// There was something to say.
    Answered,
    /// The name is there and has nothing of that type, or nobody is healthy.
    Empty,
    /// The name is not in the zone.
    Missing,
    /// Of another zone or class, or a transfer.
    Refused,
    /// It could not be read.
    Malformed,
    /// No query.
    NotImplemented,
    /// EDNS of a later version.
    BadVersion,
    /// No answer: it has no id, or is an answer itself.
    Silent,
    /// It did not fit; told to ask by TCP.
    Cut,
    /// Its prefix asks too often; told to ask by TCP.
    Slipped,
    /// Its prefix asks too often; no answer.
    Dropped,
}

impl Outcome {
    /// All there are.
    pub const ALL: [Outcome; 11] = [
        Outcome::Answered,
        Outcome::Empty,
        Outcome::Missing,
        Outcome::Refused,
        Outcome::Malformed,
        Outcome::NotImplemented,
        Outcome::BadVersion,
        Outcome::Silent,
        Outcome::Cut,
        Outcome::Slipped,
        Outcome::Dropped,
    ];

    /// The word for it in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Empty => "empty",
            Outcome::Missing => "missing",
            Outcome::Refused => "refused",
            Outcome::Malformed => "malformed",
            Outcome::NotImplemented => "not_implemented",
            Outcome::BadVersion => "bad_version",
            Outcome::Silent => "silent",
            Outcome::Cut => "cut",
            Outcome::Slipped => "slipped",
            Outcome::Dropped => "dropped",
        }
    }
}

/// Answers for one zone.
#[derive(Clone)]
pub struct Responder {
    zone: Zone,
    lookup: Lookup,
    policy: Policy,
    names: Names,
}

impl Responder {
    /// Answers for the zone, out of this list, by this policy.
    #[must_use]
    pub fn new(zone: Zone, lookup: Lookup, policy: Policy) -> Responder {
        Responder { zone, lookup, policy, names: Names::default() }
    }

    /// The answer to a packet, if it gets one.
    pub fn respond(&mut self, packet: &[u8], from: IpAddr, via: Via) -> (Option<Vec<u8>>, Outcome) {
        let question = match question::read(packet) {
            Packet::Question(question) => question,
            other => return turned_away(&other),
        };
        if question.edns.as_ref().is_some_and(|it| it.version() > 0) {
            let answer = Answer::of_code(ResponseCode::BADVERS);
            return (encode(&question, answer), Outcome::BadVersion);
        }
        let most = limit(via, question.bytes);
        let budget = Budget::new(most, question.query.name(), question.edns.is_some());
        let Responder { zone, lookup, policy, names } = self;
        let asked = Asked { zone, names, lookup, policy: *policy, from, budget };
        let answer = asked.answer(&question.query);
        let outcome = outcome_of(&answer);
        match encode(&question, answer) {
            Some(bytes) if bytes.len() <= most => (Some(bytes), outcome),
            _ => (cut(&question), Outcome::Cut),
        }
    }
}

/// Says only that the answer is to be had by TCP, where nobody can forge an address.
pub(crate) fn slip(packet: &[u8]) -> Option<Vec<u8>> {
    match question::read(packet) {
        Packet::Question(question) => cut(&question),
        _ => None,
    }
}

fn turned_away(packet: &Packet) -> (Option<Vec<u8>>, Outcome) {
    let (header, code, outcome) = match packet {
        Packet::Malformed(header) => (header, ResponseCode::FormErr, Outcome::Malformed),
        Packet::NotImplemented(it) => (it, ResponseCode::NotImp, Outcome::NotImplemented),
        Packet::Silence | Packet::Question(_) => return (None, Outcome::Silent),
    };
    // The header alone: no longer than what came.
    (message(header, code).to_vec().ok(), outcome)
}

fn outcome_of(answer: &Answer) -> Outcome {
    match answer.code {
        ResponseCode::Refused => Outcome::Refused,
        ResponseCode::NXDomain => Outcome::Missing,
        _ if answer.is_cut => Outcome::Cut,
        _ if answer.answers.is_empty() => Outcome::Empty,
        _ => Outcome::Answered,
    }
}

fn cut(question: &Question) -> Option<Vec<u8>> {
    encode(question, Answer { is_cut: true, ..Answer::default() })
}

fn encode(question: &Question, answer: Answer) -> Option<Vec<u8>> {
    let mut message = message(&question.header, answer.code);
    // Who refuses has no authority.
    let is_ours = matches!(answer.code, ResponseCode::NoError | ResponseCode::NXDomain);
    message.metadata.authoritative = is_ours;
    message.metadata.truncation = answer.is_cut;
    message.add_query(question.query.clone());
    message.answers = answer.answers;
    message.authorities = answer.authorities;
    message.additionals = answer.additionals;
    if question.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_BYTES_MAX as u16);
        message.set_edns(edns);
    }
    match message.to_vec() {
        Ok(bytes) => Some(bytes),
        Err(why) => {
            tracing::warn!(%why, "an answer cannot be written");
            None
        }
    }
}

fn message(header: &Header, code: ResponseCode) -> Message {
    let mut message = Message::response(header.id, header.op_code);
    message.metadata.recursion_desired = header.recursion_desired;
    message.metadata.response_code = code;
    message
}

#[cfg(test)]
mod tests;
