//! Messages as bytes: a byte that says which parts follow, then these.
//!
//! Promise: what was encoded decodes to the same; any other bytes are `None` or some message, never a
//! panic, and never claim more memory than a small multiple of their length. Data is not copied.
//!
//! Numbers are LEB128, origins and first stamps 8 bytes (they are large). Entries stand in runs of
//! one origin with indexes one after the other, so that an origin is said once.

use super::message::{Ask, Exchange, Kept, Message, Part};
use super::{Entry, Origin, Range};
use crate::number::{put, take};
use bytes::{BufMut, Bytes, BytesMut};

const PUSH: u8 = 1;
const PARTS: u8 = 2;
const EXCHANGE: u8 = 4;
const HAVE: u8 = 8;
const ASKS: u8 = 16;
const PRUNE: u8 = 32;

impl Message {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let data: usize = self.push.iter().map(|it| it.data.len() + 12).sum();
        let mut out = BytesMut::with_capacity(data + 64);
        out.put_u8(self.flags());
        if !self.push.is_empty() {
            put_entries(&self.push, &mut out);
        }
        put_all(&self.parts, &mut out, |part, out| {
            put(part.id, out);
            put_entries(&part.entries, out);
        });
        if let Some(it) = &self.exchange {
            put(it.asked_ms << 1 | u64::from(it.is_question), &mut out);
            put(it.kept.len() as u64, &mut out);
            it.kept.iter().for_each(|it| put_kept(*it, &mut out));
        }
        put_all(&self.have, &mut out, |(origin, upto), out| {
            out.put_u64_le(*origin);
            put(*upto, out);
        });
        put_all(&self.asks, &mut out, put_ask);
        put_all(&self.prune, &mut out, |origin, out| out.put_u64_le(*origin));
        out.freeze()
    }

    fn flags(&self) -> u8 {
        let flag = |is_there: bool, flag| if is_there { flag } else { 0 };
        flag(!self.push.is_empty(), PUSH)
            | flag(!self.parts.is_empty(), PARTS)
            | flag(self.exchange.is_some(), EXCHANGE)
            | flag(!self.have.is_empty(), HAVE)
            | flag(!self.asks.is_empty(), ASKS)
            | flag(!self.prune.is_empty(), PRUNE)
    }

    /// The message of these bytes; all of them must belong to it.
    #[must_use]
    pub fn decode(bytes: &Bytes) -> Option<Message> {
        let mut from = Reader { bytes, at: 0 };
        let flags = from.byte()?;
        let mut message = Message::default();
        if flags & PUSH != 0 {
            message.push = from.entries()?;
        }
        if flags & PARTS != 0 {
            message.parts =
                from.all(2, |from| Some(Part { id: from.number()?, entries: from.entries()? }))?;
        }
        if flags & EXCHANGE != 0 {
            let first = from.number()?;
            let kept = from.all(10, Reader::kept)?;
            let is_question = first & 1 == 1;
            message.exchange = Some(Exchange { is_question, asked_ms: first >> 1, kept });
        }
        if flags & HAVE != 0 {
            message.have = from.all(9, |from| Some((from.origin()?, from.number()?)))?;
        }
        if flags & ASKS != 0 {
            message.asks = from.all(3, Reader::ask)?;
        }
        if flags & PRUNE != 0 {
            message.prune = from.all(8, Reader::origin)?;
        }
        (from.at == bytes.len()).then_some(message)
    }
}

/// Nothing at all for none: the flag says so.
fn put_all<T>(all: &[T], out: &mut BytesMut, put_one: impl Fn(&T, &mut BytesMut)) {
    if !all.is_empty() {
        put(all.len() as u64, out);
        all.iter().for_each(|it| put_one(it, out));
    }
}

fn put_entries(entries: &[Entry], out: &mut BytesMut) {
    let runs = || entries.chunk_by(|one, next| one.origin == next.origin && is_next(one, next));
    put(runs().count() as u64, out);
    for run in runs() {
        out.put_u64_le(run[0].origin);
        put(run[0].index, out);
        out.put_u64_le(run[0].hlc);
        put(run.len() as u64, out);
        let mut last = None;
        for it in run {
            if let Some(last) = last {
                put(it.hlc.wrapping_sub(last), out);
            }
            put(it.data.len() as u64, out);
            out.put_slice(&it.data);
            last = Some(it.hlc);
        }
    }
}

fn is_next(one: &Entry, next: &Entry) -> bool {
    one.index.checked_add(1) == Some(next.index)
}

fn put_kept(it: Kept, out: &mut BytesMut) {
    out.put_u64_le(it.origin);
    put(it.upto, out);
    put(it.floor, out);
}

fn put_ask(ask: &Ask, out: &mut BytesMut) {
    put(ask.id << 1 | u64::from(ask.is_graft), out);
    put(ask.bytes_max, out);
    put(ask.ranges.len() as u64, out);
    for range in &ask.ranges {
        out.put_u64_le(range.origin);
        put(range.after, out);
        put(range.upto, out);
    }
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn fixed(&mut self) -> Option<u64> {
        let bytes = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += 8;
        Some(u64::from_le_bytes(*bytes))
    }

    fn origin(&mut self) -> Option<Origin> {
        self.fixed()
    }

    fn number(&mut self) -> Option<u64> {
        let mut rest = self.bytes.get(self.at..)?;
        let number = take(&mut rest)?;
        self.at = self.bytes.len() - rest.len();
        Some(number)
    }

    /// A number of things that are at least so many bytes each.
    fn count(&mut self, bytes_min: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= (self.bytes.len() - self.at) / bytes_min).then_some(count)
    }

    fn all<T>(&mut self, bytes_min: usize, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count(bytes_min)?;
        (0..count).map(|_| one(self)).collect()
    }

    fn entries(&mut self) -> Option<Vec<Entry>> {
        let mut entries = Vec::new();
        for _ in 0..self.count(19)? {
            let (origin, first, mut hlc) = (self.origin()?, self.number()?, self.fixed()?);
            let count = self.count(1)? as u64;
            // Indexes begin at 1, and none is so high that the next would not be a number.
            if first == 0 || first.checked_add(count)? == u64::MAX {
                return None;
            }
            for index in first..first + count {
                if index > first {
                    hlc = hlc.wrapping_add(self.number()?);
                }
                let len = self.count(1)?;
                let data = self.bytes.slice(self.at..self.at + len);
                self.at += len;
                entries.push(Entry { origin, index, hlc, data });
            }
        }
        Some(entries)
    }

    fn kept(&mut self) -> Option<Kept> {
        Some(Kept { origin: self.origin()?, upto: self.number()?, floor: self.number()? })
    }

    fn ask(&mut self) -> Option<Ask> {
        let first = self.number()?;
        let bytes_max = self.number()?;
        let ranges = self.all(10, |from| {
            Some(Range { origin: from.origin()?, after: from.number()?, upto: from.number()? })
        })?;
        Some(Ask { id: first >> 1, is_graft: first & 1 == 1, bytes_max, ranges })
    }
}
