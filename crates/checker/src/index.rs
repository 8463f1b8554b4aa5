//! The evidence in an order in which it can be looked up: by place, id and message.

use crate::evidence::{Evidence, Guarantee, History, Kept, Live, Name, Read, Sent};
use std::collections::BTreeMap;
use std::ops::Range;

/// All places.
pub(crate) struct Index<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) places: Vec<Place<'a>>,
}

/// What is known of one place.
pub(crate) struct Place<'a> {
    pub(crate) name: &'a str,
    pub(crate) guarantee: Guarantee,
    lost_disks: &'a [(Name, u64)],
    /// By sender and number.
    pub(crate) sent: Vec<&'a Sent>,
    /// Where in `sent` each sender's messages are. Few senders, many messages: those are looked up by number.
    senders: BTreeMap<&'a str, Range<usize>>,
    pub(crate) finals: Vec<Final<'a>>,
    pub(crate) reads: Vec<&'a Read>,
    pub(crate) live: Vec<&'a Live>,
}

/// A node's history of the place at the end.
pub(crate) struct Final<'a> {
    pub(crate) node: &'a str,
    pub(crate) items: &'a [Kept],
    by_id: Vec<(&'a str, usize)>,
    by_message: Vec<((&'a str, u64), usize)>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(evidence: &'a Evidence) -> Index<'a> {
        let mut places = Places { evidence, by_name: BTreeMap::new() };
        for it in &evidence.sent {
            places.at(&it.place).sent.push(it);
        }
        for it in &evidence.finals {
            places.at(&it.place).finals.push(Final::new(it));
        }
        for it in &evidence.reads {
            places.at(&it.place).reads.push(it);
        }
        for it in &evidence.live {
            places.at(&it.place).live.push(it);
        }
        let mut places: Vec<Place> = places.by_name.into_values().collect();
        for place in &mut places {
            place.sent.sort_by_key(|it| (&it.sender, it.number));
            for (at, it) in place.sent.iter().enumerate() {
                place.senders.entry(&it.sender).or_insert(at..at).end = at + 1;
            }
        }
        Index { evidence, places }
    }

    /// Places whose promise is one order for all.
    pub(crate) fn total(&self) -> impl Iterator<Item = &Place<'a>> {
        self.places.iter().filter(|it| it.guarantee == Guarantee::Total)
    }
}

struct Places<'a> {
    evidence: &'a Evidence,
    by_name: BTreeMap<&'a str, Place<'a>>,
}

impl<'a> Places<'a> {
    fn at(&mut self, name: &'a str) -> &mut Place<'a> {
        self.by_name.entry(name).or_insert_with(|| Place {
            name,
            guarantee: self.evidence.guarantees.get(name).copied().unwrap_or_default(),
            lost_disks: &self.evidence.lost_disks,
            sent: Vec::new(),
            senders: BTreeMap::new(),
            finals: Vec::new(),
            reads: Vec::new(),
            live: Vec::new(),
        })
    }
}

impl<'a> Place<'a> {
    /// What its sender knows of a message.
    pub(crate) fn sent(&self, (sender, number): (&str, u64)) -> Option<&'a Sent> {
        let of_sender = &self.sent[self.senders.get(sender)?.clone()];
        let at = of_sender.binary_search_by_key(&number, |it| it.number).ok()?;
        Some(of_sender[at])
    }

    /// The node's own history at the end, or another's if it has none.
    pub(crate) fn final_of(&self, node: &str) -> Option<&Final<'a>> {
        self.finals.iter().find(|it| it.node == node).or(self.finals.first())
    }

    /// The message is nowhere, and may be: where an order per sender is promised, what was acknowledged is
    /// on the disk of its sender's node, and that one lost its disk afterwards.
    pub(crate) fn may_be_lost(&self, message: (&str, u64)) -> bool {
        let Some(sent) = self.sent(message) else { return false };
        let is_gone = |it: &(Name, u64)| it.0 == sent.node && it.1 >= sent.sent_ms;
        self.guarantee == Guarantee::PerSender
            && self.lost_disks.iter().any(is_gone)
            && self.finals.iter().all(|it| it.find(message).is_none())
    }

    /// When the record's message was on its way, in the run's time.
    pub(crate) fn span(&self, record: &Kept) -> Option<(u64, u64)> {
        let sent = self.sent(record.name()?)?;
        Some((sent.sent_ms, sent.answered_ms.max(sent.sent_ms)))
    }

    /// Every record that anybody saw, with who and where.
    pub(crate) fn seen(&self) -> impl Iterator<Item = (Where<'a>, &'a Kept)> {
        let finals = self.finals.iter().flat_map(|it| {
            let node = it.node;
            it.items.iter().map(move |record| (Where::Final(node), record))
        });
        let reads = self.reads.iter().flat_map(|it| it.items.iter().map(|r| (Where::Read(it), r)));
        let live = self.live.iter().flat_map(|it| {
            it.items.iter().map(|heard| (Where::Live(it, heard.seen_ms), &heard.record))
        });
        finals.chain(reads).chain(live)
    }
}

/// Where a record was seen.
#[derive(Clone, Copy)]
pub(crate) enum Where<'a> {
    /// In this node's history at the end.
    Final(&'a str),
    /// In a read meanwhile.
    Read(&'a Read),
    /// On a connection, at this time of the run.
    Live(&'a Live, u64),
}

impl<'a> Where<'a> {
    /// On which node.
    pub(crate) fn node(&self) -> &'a str {
        match self {
            Where::Final(node) => node,
            Where::Read(read) => &read.node,
            Where::Live(live, _) => &live.node,
        }
    }
}

impl<'a> Final<'a> {
    fn new(history: &'a History) -> Final<'a> {
        let items = &history.items[..];
        let mut by_id: Vec<_> = items.iter().enumerate().map(|(at, it)| (&*it.id, at)).collect();
        let of_messages = items.iter().enumerate().filter_map(|(at, it)| Some((it.name()?, at)));
        let mut by_message: Vec<_> = of_messages.collect();
        by_id.sort_unstable();
        by_message.sort_unstable();
        Final { node: &history.node, items, by_id, by_message }
    }

    /// The first place of this id.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        let at = self.by_id.partition_point(|it| it.0 < id);
        self.by_id.get(at).filter(|it| it.0 == id).map(|it| it.1)
    }

    /// The first record of this message.
    pub(crate) fn find(&self, message: (&str, u64)) -> Option<&'a Kept> {
        let at = self.by_message.partition_point(|it| it.0 < message);
        self.by_message.get(at).filter(|it| it.0 == message).map(|it| &self.items[it.1])
    }

    /// Two places of one message, one behind the other, for each that has several.
    pub(crate) fn doubles(&self) -> impl Iterator<Item = (&'a Kept, &'a Kept)> {
        let pairs = self.by_message.windows(2).filter(|it| it[0].0 == it[1].0);
        pairs.map(|it| (&self.items[it[0].1], &self.items[it[1].1]))
    }
}

impl Kept {
    /// Sender and number, if it is a message.
    pub(crate) fn name(&self) -> Option<(&str, u64)> {
        self.message.as_ref().map(|(sender, number)| (&**sender, *number))
    }

    /// True when nothing of it changed, as far as both were looked at.
    pub(crate) fn is_same(&self, other: &Kept) -> bool {
        let is_unseen = self.body.is_empty() || other.body.is_empty();
        self.id == other.id
            && self.at_ms == other.at_ms
            && self.message == other.message
            && (is_unseen || self.body == other.body)
    }
}
