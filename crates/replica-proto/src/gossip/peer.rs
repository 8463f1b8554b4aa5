//! What is known of another node.

use super::Origin;
use super::VersionVector;
use super::limits::{ORIGINS_MAX, UNANSWERED_MAX};
use super::message::Kept;
use super::vector::Range;

/// A member, or somebody with whom there is a link.
#[derive(Debug, Default)]
pub(super) struct Peer {
    pub(super) is_linked: bool,
    /// Smoothed round trip, if it was ever measured.
    pub(super) rtt_us: Option<u64>,
    /// What a crash there would not take away, by its own word: it may be purged here.
    pub(super) told: VersionVector,
    /// What it had when it was last heard of, synced or not: it need not be sent, and can be asked for.
    pub(super) seen: VersionVector,
    /// What it has only in its state.
    pub(super) floor: VersionVector,
    /// What it was told that it can have here.
    pub(super) announced: VersionVector,
    /// Questions to it under way.
    pub(super) asks: usize,
    /// Questions that it left without an answer since it was last heard of: others are asked first.
    pub(super) unanswered: u32,
}

impl Peer {
    /// It has this origin's entries up to there.
    pub(super) fn saw(&mut self, origin: Origin, upto: u64) {
        if self.seen.get(origin) > 0 || self.seen.len() < ORIGINS_MAX {
            self.seen.raise(origin, upto);
        }
    }

    /// By its own word.
    pub(super) fn tells(&mut self, kept: &Kept) {
        self.saw(kept.origin, kept.upto);
        if self.seen.get(kept.origin) >= kept.upto {
            self.told.raise(kept.origin, kept.upto);
            self.floor.raise(kept.origin, kept.floor);
        }
    }

    /// Can it answer what comes after this?
    pub(super) fn can_answer(&self, range: Range) -> bool {
        self.is_linked
            && self.unanswered < UNANSWERED_MAX
            && self.seen.get(range.origin) > range.after
            && self.floor.get(range.origin) <= range.after
    }

    /// News of the round trip.
    pub(super) fn measured(&mut self, us: u64) {
        self.rtt_us = Some(self.rtt_us.map_or(us, |it| (it - it / 8).saturating_add(us / 8)));
    }

    /// Round trips as far as they matter for who is near: a doubling is a difference. Unknown is far.
    pub(super) fn distance(&self) -> u32 {
        self.rtt_us.map_or(u64::BITS, |us| u64::BITS - (us / 512).leading_zeros())
    }

    pub(super) fn rtt_ms(&self) -> u64 {
        self.rtt_us.map_or(0, |us| us.div_ceil(1000).min(60_000))
    }

    /// The link broke: what is not on its disk may be gone when it comes back.
    pub(super) fn lost_link(&mut self) {
        self.is_linked = false;
        self.seen = self.told.clone();
        self.announced = VersionVector::default();
    }
}
