//! Comparing version vectors with random peers (anti-entropy: Demers et al., PODC 1987).
//!
//! Promise: whatever was lost on the way, each of two linked nodes learns what it lacks of the other within
//! some exchanges, and then fetches it.

use super::message::{Exchange, Kept};
use super::{Machine, Origin};

/// Each so many-th exchange is with any member: a link that is believed down may be up.
const ANYBODY_EVERY: u64 = 4;

impl Machine {
    pub(super) fn exchange_if_due(&mut self) {
        if self.now_ms < self.exchange_at_ms {
            return;
        }
        self.exchange_at_ms = self.now_ms + self.chance.around(self.limits.exchange_ms).max(1);
        self.exchanges += 1;
        let is_for_any = self.exchanges.is_multiple_of(ANYBODY_EVERY);
        let candidates: Vec<Origin> = self
            .others()
            .filter(|it| is_for_any || self.peers.get(it).is_some_and(|it| it.is_linked))
            .collect();
        if let Some(peer) = self.chance.pick(&candidates) {
            self.tell(peer, Some(self.now_ms));
        }
    }

    /// With all at once: what each has on its disk is known a round trip later.
    pub(super) fn compare_with_all(&mut self) {
        let linked: Vec<Origin> =
            self.others().filter(|it| self.peers.get(it).is_some_and(|it| it.is_linked)).collect();
        for peer in linked {
            self.tell(peer, Some(self.now_ms));
        }
    }

    /// Tells a peer what is here; with a question for what is there, or without.
    pub(super) fn tell(&mut self, peer: Origin, question_ms: Option<u64>) {
        self.tell_at(peer, question_ms.is_some(), question_ms.unwrap_or(NEVER_ASKED));
    }

    fn tell_at(&mut self, peer: Origin, is_question: bool, asked_ms: u64) {
        let kept = (self.branches.iter())
            .filter(|(_, it)| it.synced > 0)
            .map(|(origin, it)| Kept { origin: *origin, upto: it.synced, floor: it.floor })
            .collect();
        self.counters.exchanges_sent += 1;
        self.to(peer).exchange = Some(Exchange { is_question, asked_ms, kept });
    }

    pub(super) fn exchanged(&mut self, from: Origin, exchange: &Exchange) {
        for kept in &exchange.kept {
            if let Some(peer) = self.peers.get_mut(&from) {
                peer.tells(kept);
            }
            self.hear(from, kept.origin, kept.upto);
        }
        self.meets(from);
        if exchange.is_question {
            self.tell_at(from, false, exchange.asked_ms);
        } else if exchange.asked_ms != NEVER_ASKED && exchange.asked_ms <= self.now_ms {
            let ms = self.now_ms - exchange.asked_ms;
            let clock_ms = self.limits.clock_ms;
            // One step of the clock may fall into any round trip, however short.
            let us = if ms > clock_ms { ms.saturating_mul(1000) } else { clock_ms * 500 };
            self.measured(from, us);
        }
    }
}

/// Of an answer that nobody asked for.
const NEVER_ASKED: u64 = u64::MAX >> 1;
