//! What a primary knows of one peer.

use super::Options;
use std::collections::VecDeque;

pub(super) struct Progress {
    /// On its disk, and the same as ours.
    pub(super) matched: u64,
    /// First entry to be sent to it.
    pub(super) next: u64,
    /// It is not known whether the entry before `next` is the same there: one message at a time.
    pub(super) is_probing: bool,
    /// Where that is tried: what it acknowledges meanwhile says only what it is sure of itself.
    probe: u64,
    /// Last index of each message with entries that is not acknowledged.
    in_flight: VecDeque<u64>,
    /// Commits wait for it, though it is not recorded in the set.
    pub(super) is_waited_for: bool,
    /// It was told to fetch the state, or asked for a part of it, at this time.
    pub(super) fetching_ms: Option<u64>,
    pub(super) commit_told: u64,
    /// When it last made progress, or had nothing to make.
    pub(super) progress_ms: u64,
    /// Our clock in the newest message that it answered.
    pub(super) stamp: u64,
    sent_ms: u64,
    beat_ms: Option<u64>,
}

impl Progress {
    /// Of a peer about which nothing is known but that it may lack everything from `next` on.
    pub(super) fn new(now: u64, next: u64) -> Progress {
        Progress {
            matched: 0,
            next,
            is_probing: true,
            probe: next,
            in_flight: VecDeque::new(),
            is_waited_for: false,
            fetching_ms: None,
            commit_told: 0,
            progress_ms: now,
            stamp: 0,
            sent_ms: now,
            beat_ms: None,
        }
    }

    pub(super) fn may_send(&self, options: &Options) -> bool {
        let max = if self.is_probing { 1 } else { options.messages_in_flight };
        self.in_flight.len() < max && self.fetching_ms.is_none()
    }

    pub(super) fn sent(&mut self, now: u64, upto: u64) {
        self.in_flight.push_back(upto);
        self.next = upto + 1;
        self.sent_ms = now;
    }

    /// True: a heartbeat is due, and is taken as sent.
    pub(super) fn take_beat(&mut self, now: u64, options: &Options) -> bool {
        let is_due = self.beat_ms.is_none_or(|it| now.saturating_sub(it) >= options.heartbeat_ms);
        if is_due {
            self.beat_ms = Some(now);
        }
        is_due
    }

    /// It has everything up to `matched` on disk; `last` is our last index.
    pub(super) fn acked(&mut self, now: u64, matched: u64, stamp: u64, last: u64) {
        self.stamp = self.stamp.max(stamp.min(now));
        if matched > self.matched || matched == last {
            self.progress_ms = now;
        }
        if matched > self.matched {
            self.fetching_ms = None;
        }
        self.matched = self.matched.max(matched); // Acks arrive late and twice.
        while self.in_flight.front().is_some_and(|it| *it <= self.matched) {
            self.in_flight.pop_front();
            self.sent_ms = now;
        }
        self.next = self.next.max(self.matched + 1);
        self.is_probing &= self.matched + 1 < self.next;
    }

    /// From `next` on it may lack everything; what was under way is of no use.
    fn resume(&mut self) {
        let probe = if self.is_probing { self.probe } else { 0 };
        self.back_to(probe);
    }

    /// It has something else before `next`: try there.
    pub(super) fn back_to(&mut self, next: u64) {
        self.next = next.max(self.matched + 1);
        (self.is_probing, self.probe) = (true, self.next);
        self.in_flight.clear();
    }

    /// Sends again what stayed unanswered, and gives a fetch that stands still another chance.
    pub(super) fn tick(&mut self, now: u64, options: &Options) {
        let is_lost = now.saturating_sub(self.sent_ms) >= options.resend_ms;
        if is_lost && !self.in_flight.is_empty() {
            self.resume();
            self.sent_ms = now;
        }
        let is_silent = |since: u64| now.saturating_sub(since) >= options.fetch_silence_ms;
        self.fetching_ms = self.fetching_ms.filter(|it| !is_silent(*it));
    }

    /// The connection is new: what was under way is lost.
    pub(super) fn reconnected(&mut self) {
        self.resume();
        self.fetching_ms = None;
        self.beat_ms = None;
    }

    pub(super) fn is_behind(&self, now: u64, options: &Options) -> bool {
        now.saturating_sub(self.progress_ms) >= options.behind_ms
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Progress};

    #[test]
    fn what_is_lost_is_tried_again_where_it_was_tried() {
        let mut peer = Progress::new(0, 100);
        peer.sent(0, 103);
        peer.acked(1, 80, 1, 103); // A heartbeat: all it is sure of is what was committed.
        peer.tick(1000, &Options::default());
        assert_eq!(peer.next, 100, "the log need not reach back to 81");
        peer.sent(1000, 103);
        peer.reconnected();
        assert_eq!(peer.next, 100);
        peer.back_to(90);
        peer.sent(1000, 95);
        peer.reconnected();
        assert_eq!(peer.next, 90);
        peer.sent(1000, 95);
        peer.acked(1001, 95, 1000, 103);
        peer.sent(1001, 100);
        peer.sent(1001, 103);
        peer.reconnected();
        assert_eq!(peer.next, 96);
    }
}
