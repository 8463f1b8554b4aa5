//! Who is in sync: out with those who fall behind, in with those who caught up.
//!
//! Promise: a peer is proposed into the set only when commits wait for it already and it has everything
//! that was or may have been committed; it is waited for until a view settles whether it is in.

use super::primary::{Pending, Primary};
use super::progress::Progress;
use super::{Effects, PeerId, PrimaryBackup, Propose, Role, View};

impl PrimaryBackup {
    /// Proposes what is due, and repeats what was not decided. The outcome is known by the next view only.
    pub(super) fn tend_membership(&mut self, now: u64, effects: &mut Effects) {
        let wish = self.expulsion(now).or_else(|| self.admission(now));
        let again_ms = self.options.propose_again_ms;
        let pending = match &mut self.role {
            Role::Primary(Primary { is_deposed: true, .. }) | Role::Backup(_) => return,
            Role::Returning(pending) => pending,
            Role::Primary(primary) => match (&mut primary.pending, wish) {
                (Some(pending), _) => pending,
                (None, None) => return,
                (none, Some(view)) => {
                    // Who is not in it need not be waited for until it is settled.
                    for (id, peer) in &mut primary.peers {
                        peer.is_waited_for &= view.in_sync.contains(id);
                    }
                    none.insert(Pending { view, sent_ms: 0 })
                }
            },
        };
        let is_new = pending.sent_ms == 0;
        if is_new || now.saturating_sub(pending.sent_ms) >= again_ms {
            pending.sent_ms = now.max(1);
            effects.proposes.push(Propose { on_epoch: self.epoch, view: pending.view.clone() });
        }
    }

    /// A primary that starts again may have sent what its disk has lost, so under its old epoch the same
    /// place in the log could hold two things. It asks for an epoch more, with the same set: all of them
    /// have what was acknowledged.
    pub(super) fn return_as_primary(&mut self, view: &View) {
        let next = view.with_in_sync(view.in_sync.clone());
        self.role = Role::Returning(Pending { view: next, sent_ms: 0 });
    }

    /// Another one of the set shall lead.
    pub(super) fn step_down(&mut self) {
        let Some(view) = self.view.clone() else { return };
        let links = &self.links;
        let Role::Primary(primary) = &mut self.role else { return };
        let others = primary.peers.iter().filter(|(id, _)| {
            view.in_sync.contains(id) && view.replicas.contains(id) && links.get(id) != Some(&false)
        });
        let Some((&heir, _)) = others.max_by_key(|(_, it)| it.matched) else { return };
        if primary.pending.is_none() {
            let next = View { primary: heir, ..view.with_in_sync(view.in_sync.clone()) };
            primary.pending = Some(Pending { view: next, sent_ms: 0 });
        }
    }

    /// Whether this one could lead from now on without anybody having to wait: it is in sync and here to
    /// stay, nothing else is being decided, and, if `needs_all`, all replicas are in sync.
    #[must_use]
    pub fn may_hand_over(&self, heir: PeerId, needs_all: bool) -> bool {
        let (Role::Primary(primary), Some(view)) = (&self.role, &self.view) else { return false };
        let is_whole = !needs_all || view.replicas.iter().all(|it| view.in_sync.contains(it));
        let is_fit = view.in_sync.contains(&heir) && view.replicas.contains(&heir);
        let is_up = self.links.get(&heir) != Some(&false);
        let is_free = primary.pending.is_none() && !primary.is_deposed && view.epoch == self.epoch;
        heir != self.me && is_whole && is_fit && is_up && is_free
    }

    /// That one of the set shall lead.
    pub(super) fn hand_over(&mut self, heir: PeerId) {
        if !self.may_hand_over(heir, false) {
            return;
        }
        let (Role::Primary(primary), Some(view)) = (&mut self.role, &self.view) else { return };
        let next = View { primary: heir, ..view.with_in_sync(view.in_sync.clone()) };
        primary.pending = Some(Pending { view: next, sent_ms: 0 });
    }

    /// The set without those who keep it waiting, or are not wanted any more.
    fn expulsion(&self, now: u64) -> Option<View> {
        let Role::Primary(primary) = &self.role else { return None };
        let view = self.view.as_ref().filter(|_| primary.pending.is_none())?;
        // Before our epoch is on disk nobody was asked anything.
        let is_heard = self.disk.is_epoch_synced();
        let is_lost = |id: &PeerId| {
            let is_down = self.links.get(id) == Some(&false);
            let is_behind = |it: &Progress| is_heard && it.is_behind(now, &self.options);
            primary.peers.get(id).is_some_and(|it| is_down || is_behind(it))
        };
        // Who leaves stays until all who shall be there are: a copy too many harms nobody.
        let is_settled = view.replicas.contains(&self.me) && view.learners().next().is_none();
        let is_done = |id: &PeerId| is_settled && !view.replicas.contains(id);
        if !view.in_sync.iter().any(|it| is_lost(it) || is_done(it)) {
            return None;
        }
        let mut in_sync = view.in_sync.clone();
        let lost = view.in_sync.iter().filter(|it| is_lost(it));
        for id in lost.chain(view.in_sync.iter().filter(|it| is_done(it))) {
            if in_sync.len() > self.options.min_in_sync {
                in_sync.retain(|it| it != id);
            }
        }
        (in_sync != view.in_sync).then(|| view.with_in_sync(in_sync))
    }

    /// Lets commits wait for learners that are close; the set with those who have everything.
    fn admission(&mut self, now: u64) -> Option<View> {
        let (commit, last) = (self.commit, self.disk.last);
        let Role::Primary(primary) = &mut self.role else { return None };
        let view = self.view.as_ref()?;
        if primary.pending.is_some() {
            return None; // Whoever is in it is waited for until it is settled.
        }
        // All that earlier primaries may have committed stands before our first entry.
        let needed = commit.max(primary.first);
        let mut ready = Vec::new();
        for id in view.learners() {
            let is_down = self.links.get(&id) == Some(&false);
            let Some(peer) = primary.peers.get_mut(&id) else { continue };
            let is_close = peer.matched > 0 && last - peer.matched <= self.options.admit_lag;
            peer.is_waited_for = is_close && !is_down && !peer.is_behind(now, &self.options);
            if peer.is_waited_for && peer.matched >= needed {
                ready.push(id);
            }
        }
        if ready.is_empty() {
            return None;
        }
        Some(view.with_in_sync([&view.in_sync[..], &ready].concat()))
    }
}
