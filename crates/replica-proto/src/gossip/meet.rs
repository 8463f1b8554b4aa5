//! Where branches met: a cut healed, and both sides had gone on.
//!
//! Promise, for a clean cut (each node saw its link to every node of the other side break, and to none of its
//! own, for at least `cut_ms`, and all links come back within `meet_ms` of the first): if
//! members of both sides wrote meanwhile, every node that was up from before the cut until after it
//! says so once, and exactly one of all says that it announces it: the lowest of the
//! members. If that one restarted meanwhile, nobody announces. In other cuts more than one may, or nobody.
//!
//! Of a peer that comes back it is asked whether it has entries of those who were away that were written since,
//! and of one's own side the same. Which way these came first does not matter.

use super::{Effects, Machine, Met, Origin, VersionVector};
use std::collections::BTreeMap;

/// Peers that are away, and the meeting that goes on.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    away: BTreeMap<Origin, Away>,
    meeting: Option<Meeting>,
}

/// A member whose link broke.
#[derive(Debug)]
struct Away {
    since_ms: u64,
    /// What was here then.
    version: VersionVector,
}

#[derive(Debug)]
struct Meeting {
    ends_ms: u64,
    since_ms: u64,
    peers: Vec<Origin>,
}

impl Cuts {
    pub(super) fn lost(&mut self, peer: Origin, since_ms: u64, version: VersionVector) {
        self.away.entry(peer).or_insert(Away { since_ms, version });
    }

    /// Who is no member any more does not come back.
    pub(super) fn forget_strangers(&mut self, members: &[Origin]) {
        self.away.retain(|it, _| members.contains(it));
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.meeting.as_ref().map(|it| it.ends_ms)
    }
}

impl Machine {
    /// A peer has just said what it has.
    pub(super) fn meets(&mut self, peer: Origin) {
        let Some(away) = self.cuts.away.get(&peer) else { return };
        let was_cut = self.now_ms - away.since_ms >= self.limits.cut_ms;
        let is_wrong_side = |origin: Origin| {
            self.cuts.away.contains_key(&origin)
                || self.cuts.meeting.as_ref().is_some_and(|it| it.peers.contains(&origin))
        };
        let Some(theirs) = self.peers.get(&peer).map(|it| &it.told) else { return };
        let they_went_on = away.version.lacks(theirs).any(|it| is_wrong_side(it.origin));
        let here = self.version();
        let we_went_on = away.version.lacks(&here).any(|it| !is_wrong_side(it.origin));
        let since_ms = away.since_ms;
        self.cuts.away.remove(&peer);
        if was_cut && they_went_on && we_went_on {
            let ends_ms = self.now_ms + self.limits.meet_ms;
            let meeting = Meeting { ends_ms, since_ms, peers: Vec::new() };
            let meeting = self.cuts.meeting.get_or_insert(meeting);
            meeting.since_ms = meeting.since_ms.min(since_ms);
            meeting.peers.push(peer);
        }
    }

    pub(super) fn meet_if_due(&mut self, effects: &mut Effects) {
        if self.cuts.deadline_ms().is_none_or(|at| at > self.now_ms) {
            return;
        }
        let Some(mut meeting) = self.cuts.meeting.take() else { return };
        meeting.peers.sort_unstable();
        let linked = self.peers.iter().filter(|(_, it)| it.is_linked).map(|(id, _)| *id);
        let mut there = linked.filter(|it| self.members.contains(it));
        let announces = there.all(|it| it > self.me);
        let cut_ms = self.now_ms - meeting.since_ms;
        effects.met = Some(Met { peers: meeting.peers, cut_ms, announces });
    }
}
