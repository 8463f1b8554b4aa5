//! Connections between nodes: in order, or broken; and held up, slow, or heard twice, as a test says.

use bytes::Bytes;
use replica::PeerId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Frames that were delivered shortly before a break and may be heard again after it.
const REPEATED_MAX: usize = 64;

/// All connections, one for each direction.
#[derive(Default)]
pub(crate) struct Network {
    links: BTreeMap<(PeerId, PeerId), Link>,
    /// Who hears nothing now, but will.
    pub(crate) paused: BTreeSet<PeerId>,
    /// After a break, what was heard last is heard again.
    pub(crate) repeats: bool,
    /// Everything sent, if it is to be kept: from, to, frame.
    pub(crate) kept: Option<Vec<(PeerId, PeerId, Bytes)>>,
}

#[derive(Default)]
struct Link {
    is_up: bool,
    is_held: bool,
    delay_ms: u64,
    under_way: VecDeque<(u64, Bytes)>,
    delivered: VecDeque<Bytes>,
}

impl Network {
    pub(crate) fn is_up(&self, from: PeerId, to: PeerId) -> bool {
        self.links.get(&(from, to)).is_some_and(|it| it.is_up)
    }

    /// Connects two nodes. False: they were.
    pub(crate) fn connect(&mut self, a: PeerId, b: PeerId) -> bool {
        let was_up = self.is_up(a, b);
        for ends in [(a, b), (b, a)] {
            let link = self.links.entry(ends).or_default();
            if !link.is_up && self.repeats {
                link.under_way = link.delivered.drain(..).map(|it| (0, it)).collect();
            }
            link.is_up = true;
        }
        !was_up
    }

    /// Breaks the connections of two nodes; what is under way is lost. False: there was none.
    pub(crate) fn disconnect(&mut self, a: PeerId, b: PeerId) -> bool {
        let was_up = self.is_up(a, b);
        for ends in [(a, b), (b, a)] {
            let link = self.links.entry(ends).or_default();
            (link.is_up, link.is_held) = (false, false);
            link.under_way.clear();
        }
        was_up
    }

    /// From now on nothing arrives, and nobody is told.
    pub(crate) fn hold(&mut self, from: PeerId, to: PeerId) {
        self.links.entry((from, to)).or_default().is_held = true;
    }

    /// Whether what is sent arrives.
    pub(crate) fn is_heard(&self, from: PeerId, to: PeerId) -> bool {
        let arrives = |it: &Link| it.is_up && !it.is_held;
        self.links.get(&(from, to)).is_some_and(arrives) && !self.paused.contains(&to)
    }

    /// What was held up arrives after all.
    pub(crate) fn release(&mut self) {
        self.links.values_mut().for_each(|it| it.is_held = false);
    }

    pub(crate) fn delay(&mut self, from: PeerId, to: PeerId, ms: u64) {
        self.links.entry((from, to)).or_default().delay_ms = ms;
    }

    pub(crate) fn send(&mut self, from: PeerId, to: PeerId, frame: Bytes, now_ms: u64) {
        if let Some(kept) = &mut self.kept {
            kept.push((from, to, frame.clone()));
        }
        let link = self.links.entry((from, to)).or_default();
        if link.is_up {
            link.under_way.push_back((now_ms + link.delay_ms.max(1), frame));
        }
    }

    /// What arrives by now.
    pub(crate) fn arrivals(&mut self, now_ms: u64) -> Vec<(PeerId, PeerId, Bytes)> {
        let mut arrived = Vec::new();
        for ((from, to), link) in &mut self.links {
            let is_held = link.is_held || self.paused.contains(to);
            while let Some((_, frame)) =
                link.under_way.pop_front_if(|it| !is_held && it.0 <= now_ms)
            {
                link.delivered.push_back(frame.clone());
                if link.delivered.len() > REPEATED_MAX {
                    link.delivered.pop_front();
                }
                arrived.push((*from, *to, frame));
            }
        }
        arrived
    }
}
