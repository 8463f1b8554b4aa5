//! What a message of a peer changes.
//!
//! Promise: no message, however wrong, ends in more than a question too many.

use super::branch::Taken;
use super::limits::{ASKS_PER_PEER_MAX, ORIGINS_MAX};
use super::{Effects, Entry, Log, Machine, Message, Origin, Part};
use bytes::Bytes;

/// What became of entries of one origin that came together.
#[derive(Default)]
struct Outcome {
    fresh: Vec<Entry>,
    repeated: u64,
    dropped: u64,
}

impl Machine {
    pub(super) fn receive(
        &mut self,
        from: Origin,
        bytes: &Bytes,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        let Some(peer) = self.peers.get_mut(&from) else {
            return; // Neither a member nor linked.
        };
        peer.unanswered = 0;
        let is_linked = peer.is_linked;
        let Some(message) = Message::decode(bytes) else {
            self.counters.unreadable += 1;
            return;
        };
        if !is_linked {
            self.link(from, true); // The news of it are late.
        }
        for origin in message.prune {
            self.pruned(origin, from);
        }
        for run in message.push.chunk_by(|one, next| one.origin == next.origin) {
            self.receive_pushed(from, run, effects);
        }
        for part in message.parts {
            self.receive_part(from, &part, effects);
        }
        for (origin, upto) in message.have {
            self.hear(from, origin, upto);
        }
        if let Some(exchange) = message.exchange {
            self.exchanged(from, &exchange);
        }
        for ask in message.asks.iter().take(ASKS_PER_PEER_MAX) {
            self.answer(from, ask, log);
        }
    }

    fn receive_pushed(&mut self, from: Origin, run: &[Entry], effects: &mut Effects) {
        let origin = run[0].origin;
        let outcome = self.take(from, run, effects);
        let now_ms = self.now_ms;
        let Some(branch) = self.branches.get_mut(&origin).filter(|_| origin != self.me) else {
            self.prune(origin, from);
            return;
        };
        if outcome.dropped > 0 {
            // They come faster than can be taken: better to fetch them at one's own pace.
            branch.forget_parent(from);
            self.prune(origin, from);
        } else if !outcome.fresh.is_empty() || outcome.repeated > 0 {
            if !outcome.fresh.is_empty() && branch.lacks_since_ms.is_some() {
                branch.lacks_since_ms = Some(now_ms); // The tree carries: what is missing is under way.
            }
            if branch.was_pushed(from, !outcome.fresh.is_empty()) {
                self.prune(origin, from);
            }
        }
        self.forward(origin, &outcome.fresh, Some(from));
    }

    fn receive_part(&mut self, from: Origin, part: &Part, effects: &mut Effects) {
        let was_graft = self.answered(from, part.id, part.entries.is_empty());
        for run in part.entries.chunk_by(|one, next| one.origin == next.origin) {
            let outcome = self.take(from, run, effects);
            if was_graft {
                self.forward(run[0].origin, &outcome.fresh, Some(from));
            } else if !outcome.fresh.is_empty() {
                self.announce(run[0].origin);
            }
        }
    }

    /// Takes entries of one origin, and those that waited for them.
    fn take(&mut self, from: Origin, run: &[Entry], effects: &mut Effects) -> Outcome {
        let mut outcome = Outcome::default();
        let origin = run[0].origin;
        let last = run.iter().map(|it| it.index).max().unwrap_or(0);
        self.hear(from, origin, last);
        if origin == self.me {
            outcome.repeated = run.len() as u64;
        } else if self.branches.contains_key(&origin) {
            for entry in run {
                self.take_one(entry, &mut outcome, effects);
            }
        }
        self.counters.bodies_new += run.len() as u64 - outcome.repeated - outcome.dropped;
        self.counters.bodies_repeated += outcome.repeated;
        self.counters.bodies_dropped += outcome.dropped;
        outcome
    }

    fn take_one(&mut self, entry: &Entry, outcome: &mut Outcome, effects: &mut Effects) {
        let is_full = self.is_full();
        let (limits, waiting) = (&self.limits, &mut self.waiting);
        let Some(branch) = self.branches.get_mut(&entry.origin) else { return };
        match branch.take(entry, limits, waiting) {
            Taken::Repeat => outcome.repeated += 1,
            Taken::Waits => {}
            Taken::Dropped => outcome.dropped += 1,
            Taken::New if is_full => outcome.dropped += 1,
            Taken::New => {
                self.write(entry, effects);
                outcome.fresh.push(entry.clone());
                while let Some(next) = self.next_waiting(entry.origin) {
                    self.write(&next, effects);
                    outcome.fresh.push(next);
                }
            }
        }
    }

    /// The next of an origin, if it was only waiting for the ones before it.
    pub(super) fn next_waiting(&mut self, origin: Origin) -> Option<Entry> {
        self.branches.get_mut(&origin)?.next_waiting(&mut self.waiting)
    }

    /// A peer has an origin's entries up to there.
    pub(super) fn hear(&mut self, from: Origin, origin: Origin, upto: u64) {
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.saw(origin, upto);
        }
        if self.branches.len() >= ORIGINS_MAX && !self.branches.contains_key(&origin) {
            return;
        }
        let now_ms = self.now_ms;
        let branch = self.branches.entry(origin).or_default();
        if origin == self.me {
            // Nothing leaves before it is on disk, so nobody can have more than that.
            self.has_forgotten |= upto > branch.has;
            return;
        }
        branch.known = branch.known.max(upto);
        if branch.is_behind() {
            branch.lacks_since_ms.get_or_insert(now_ms);
            self.lacking.insert(origin);
        }
    }
}
