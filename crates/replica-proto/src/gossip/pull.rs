//! Fetching what is known to be missing.
//!
//! Promise: as long as a linked peer has in its log what is missing here, it is asked for, in parts, the next as
//! soon as one is taken; each range from one peer at a time; no more than the disk can follow.

use super::limits::{ASKS_PER_PEER_MAX, RANGES_PER_ASK_MAX};
use super::{Ask, Effects, Limits, Machine, Origin, Range};
use std::collections::BTreeMap;

/// Questions under way.
#[derive(Debug, Default)]
pub(super) struct Questions {
    last_id: u64,
    open: BTreeMap<u64, Question>,
}

#[derive(Debug)]
struct Question {
    peer: Origin,
    origins: Vec<Origin>,
    until_ms: u64,
    is_graft: bool,
}

impl Machine {
    /// Asks for what is missing and due.
    pub(super) fn pull(&mut self, effects: &mut Effects) {
        self.give_up();
        if self.lacking.is_empty() || self.is_full() {
            return;
        }
        let mut asks: BTreeMap<(Origin, bool), Vec<Range>> = BTreeMap::new();
        for origin in self.lacking.iter().copied().collect::<Vec<_>>() {
            let Some(range) = self.missing(origin) else { continue };
            let is_graft = range.upto - range.after <= self.limits.graft_entries_max;
            let Some(peer) = self.whom_to_ask(range, is_graft) else {
                self.fetch_if_purged(range, effects);
                continue;
            };
            let upto = range.upto.min(self.peers[&peer].seen.get(origin));
            let ranges = asks.entry((peer, is_graft)).or_default();
            if ranges.len() < RANGES_PER_ASK_MAX {
                ranges.push(Range { upto, ..range });
            }
        }
        for ((peer, is_graft), ranges) in asks {
            self.ask(peer, is_graft, ranges);
        }
    }

    /// What is missing of an origin, is due, and was not asked for.
    fn missing(&mut self, origin: Origin) -> Option<Range> {
        let Limits { graft_ms, graft_entries_max, .. } = self.limits;
        let branch = self.branches.get_mut(&origin)?;
        if !branch.is_behind() {
            branch.lacks_since_ms = None;
            self.lacking.remove(&origin);
            return None;
        }
        let since_ms = *branch.lacks_since_ms.get_or_insert(self.now_ms);
        let range = Range { origin, after: branch.has, upto: branch.gap_upto() };
        let is_history = range.upto - range.after > graft_entries_max;
        let due_ms = since_ms + if is_history { 0 } else { graft_ms };
        (branch.asked.is_none() && due_ms.max(branch.not_before_ms) <= self.now_ms).then_some(range)
    }

    /// Somebody who has it, and who answers: of the nearest, who is least busy; any, if the tree is to be
    /// mended, since whoever was asked last may have no room for a child.
    fn whom_to_ask(&mut self, range: Range, is_graft: bool) -> Option<Origin> {
        let able = || {
            let all = self.peers.iter();
            all.filter(|(_, it)| it.can_answer(range) && it.asks < ASKS_PER_PEER_MAX)
        };
        if !is_graft {
            let best = able().min_by_key(|(_, it)| (it.unanswered, it.asks, it.distance()));
            return best.map(|(id, _)| *id);
        }
        let silence = able().map(|(_, it)| it.unanswered).min()?;
        let able: Vec<Origin> =
            able().filter(|(_, it)| it.unanswered == silence).map(|(id, _)| *id).collect();
        self.chance.pick(&able)
    }

    fn ask(&mut self, to: Origin, is_graft: bool, ranges: Vec<Range>) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        peer.asks += 1;
        let patience_ms = if is_graft { self.limits.answer_ms / 4 } else { self.limits.answer_ms };
        let until_ms = self.now_ms + patience_ms + 4 * peer.rtt_ms();
        self.questions.last_id += 1;
        let id = self.questions.last_id;
        let origins: Vec<Origin> = ranges.iter().map(|it| it.origin).collect();
        for origin in &origins {
            let Some(branch) = self.branches.get_mut(origin) else { continue };
            branch.asked = Some(id);
            if is_graft {
                branch.parent = None; // Who sends first from now on.
                branch.stopped.retain(|it| *it != to);
            }
        }
        if is_graft {
            self.be_restless();
            self.counters.grafts_sent += 1;
        } else {
            self.counters.asks_sent += 1;
        }
        let question = Question { peer: to, origins, until_ms, is_graft };
        self.questions.open.insert(id, question);
        let bytes_max = self.limits.part_bytes_max as u64;
        self.to(to).asks.push(Ask { id, is_graft, bytes_max, ranges });
    }

    /// An answer came. Was the question one for later entries too?
    pub(super) fn answered(&mut self, from: Origin, id: u64, is_empty: bool) -> bool {
        if self.questions.open.get(&id).is_none_or(|it| it.peer != from) {
            return false; // It was given up.
        }
        let Some(question) = self.close(id) else { return false };
        if is_empty {
            // It has lost what it had, or purged it: it will say what it has, and others may have more.
            if let Some(peer) = self.peers.get_mut(&from) {
                peer.seen = peer.told.clone();
            }
            let not_before_ms = self.now_ms + self.limits.answer_ms / 8;
            for origin in &question.origins {
                if let Some(branch) = self.branches.get_mut(origin) {
                    branch.not_before_ms = not_before_ms;
                }
            }
        }
        question.is_graft
    }

    fn close(&mut self, id: u64) -> Option<Question> {
        let question = self.questions.open.remove(&id)?;
        if let Some(peer) = self.peers.get_mut(&question.peer) {
            peer.asks = peer.asks.saturating_sub(1);
        }
        for origin in &question.origins {
            if let Some(branch) = self.branches.get_mut(origin).filter(|it| it.asked == Some(id)) {
                branch.asked = None;
            }
        }
        Some(question)
    }

    /// Questions without an answer are put to somebody else.
    fn give_up(&mut self) {
        let late: Vec<u64> = (self.questions.open.iter())
            .filter(|(_, it)| it.until_ms <= self.now_ms)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            let Some(question) = self.close(id) else { continue };
            if let Some(peer) = self.peers.get_mut(&question.peer) {
                peer.unanswered = peer.unanswered.saturating_add(1);
            }
        }
    }

    /// Nothing will be heard of this peer's answers.
    pub(super) fn give_up_on(&mut self, peer: Origin) {
        let its = self.questions.open.iter().filter(|(_, it)| it.peer == peer);
        for id in its.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.close(id);
        }
    }

    pub(super) fn pull_deadline_ms(&self) -> Option<u64> {
        let answers = self.questions.open.values().map(|it| it.until_ms);
        let lacks = self.lacking.iter().filter_map(|it| {
            let branch = self.branches.get(it)?;
            let due_ms = branch.lacks_since_ms? + self.limits.graft_ms;
            branch.asked.is_none().then_some(due_ms.max(branch.not_before_ms))
        });
        // What is due and cannot be asked for waits for an event, not for a moment.
        answers.chain(lacks.filter(|it| *it > self.now_ms)).min()
    }
}
