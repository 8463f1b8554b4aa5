//! Primary-backup: a primary that acknowledges only when its backups have the message (Lin et al.,
//! "PacificA: Replication in Log-Based Distributed Storage Systems", 2008; the directory decides on views
//! outside of the data path, as in Lamport, Malkhi, Zhou, "Vertical Paxos", PODC 2009).
//!
//! Promise: what is committed is on disk at every member of the recorded in-sync set, is never lost or
//! changed while one of them has its disk, and is in the same order everywhere.
//!
//! The directory is a register for each group: a [`View`] names the epoch, the primary and the set. It is
//! replaced by compare-and-set on the epoch, by the primary ([`Propose`], [`is_allowed`]) or by the
//! directory itself ([`successor`]). Views reach this machine late, twice, and in any order.
//!
//! Promotion need not wait for a lease. A primary that was replaced cannot commit: the new one was in its
//! set, took the new epoch, and refuses the old one from then on. Reads are local and monotonic, so nobody
//! is harmed by a deposed primary that still answers them; a lease ([`PrimaryBackup::has_lease`]) is only for
//! whoever wants a read to be linearizable, and then the new primary has to wait for it.
//!
//! The machine holds no entries. It reads them from a [`Log`] and says what is to be written; between two
//! calls everything asked for has to be readable there. [`PrimaryBackup::step`] takes an input in;
//! [`PrimaryBackup::flush`], after one or more of them, says what to send.

mod backup;
mod disk;
mod effects;
mod inputs;
mod log;
mod membership;
mod options;
mod primary;
mod progress;
mod status;
mod successor;
mod view;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use effects::{Effects, Fetch, Propose};
pub use inputs::{Input, Start};
pub use log::{Entry, Log, Write};
pub use options::Options;
pub use status::{Route, Status};
pub use successor::{is_allowed, successor};
pub use view::{REPLICAS_MAX, View};
pub use wire::{Append, Message};

use crate::planted::planted;
use backup::Backup;
use disk::OnDisk;
use primary::{Pending, Primary};
use std::collections::BTreeMap;

/// Identity of a node towards its peers. It never outlives the node's disk.
pub type PeerId = u64;

/// Epochs from this on are nobody's: arithmetic cannot overflow below it.
pub(crate) const EPOCH_MAX: u64 = 1 << 62;
/// Indexes likewise.
pub(crate) const INDEX_MAX: u64 = 1 << 62;

/// One replica of one group.
pub struct PrimaryBackup {
    me: PeerId,
    options: Options,
    /// Taken: older ones do not count any more.
    epoch: u64,
    /// The newest that is known. Older than `epoch` while only a primary's message told of that.
    view: Option<View>,
    role: Role,
    commit: u64,
    applied: (u64, u64),
    disk: OnDisk,
    links: BTreeMap<PeerId, bool>,
    provided: Option<(u64, u64)>,
    fetching: Option<u64>,
}

enum Role {
    /// Follows, as a backup, as a learner, or as somebody who has no part (yet).
    Backup(Backup),
    Primary(Primary),
    /// Was the primary of this epoch before it started again.
    Returning(Pending),
}

impl PrimaryBackup {
    /// A replica with what its disk held.
    ///
    /// # Errors
    /// The log and the state do not fit together; the words say how.
    pub fn new(
        me: PeerId,
        options: Options,
        start: Start,
        log: &impl Log,
        effects: &mut Effects,
    ) -> Result<PrimaryBackup, String> {
        let (purged, last) = (log.purged().0, log.last());
        let (applied, applied_epoch) = start.applied;
        if applied < purged {
            return Err(format!("the log begins after {purged} but the state ends at {applied}"));
        }
        let mut disk = OnDisk::new(last, log.epoch_of(last).unwrap_or(0));
        let mut commit = start.commit.min(last).max(applied);
        if applied > 0 && log.epoch_of(applied) != Some(applied_epoch) {
            // A fetched state was stored, and the log had not heard of it before the crash.
            disk.purge(applied, applied_epoch, false, &mut effects.writes);
            commit = applied;
        }
        effects.commit = (commit > applied).then_some(commit);
        Ok(PrimaryBackup {
            me,
            options,
            epoch: start.epoch.max(applied_epoch),
            view: None,
            role: Role::Backup(Backup::new(None, commit)),
            commit,
            applied: start.applied,
            disk,
            links: BTreeMap::new(),
            provided: None,
            fetching: None,
        })
    }

    /// Takes one input. `now` is the node's monotonic clock in milliseconds.
    pub fn step(&mut self, now: u64, input: Input, log: &impl Log, effects: &mut Effects) {
        let was_epoch_synced = self.disk.is_epoch_synced();
        match input {
            Input::View(view) => self.on_view(now, view, effects),
            Input::Receive(from, message) => self.on_message(now, from, message, log, effects),
            Input::Tick => self.on_tick(now),
            Input::Synced(number) => self.disk.confirm(number),
            Input::Applied(index, epoch) => self.applied = self.applied.max((index, epoch)),
            Input::Link(peer, is_up) => self.on_link(peer, is_up),
            Input::Fetched(message) => self.on_fetched(message, log, effects),
            Input::FetchFailed => self.fetching = None,
            Input::PeerFetches(peer) => self.on_peer_fetches(now, peer),
            Input::Provide(index) => self.provided = log.epoch_of(index).map(|it| (index, it)),
            Input::StepDown => self.step_down(),
            Input::HandOver(heir) => self.hand_over(heir),
        }
        if !was_epoch_synced && self.disk.is_epoch_synced() {
            self.on_epoch_synced(now);
        }
        self.advance_commit(effects);
        self.tend_membership(now, effects);
        self.advance_commit(effects);
    }

    /// Says what to send since the last time. All writes asked for so far can be read in the log.
    pub fn flush(&mut self, now: u64, log: &impl Log, effects: &mut Effects) {
        // A state that the log no longer reaches back to helps nobody.
        self.provided = self.provided.filter(|it| it.0 >= log.purged().0);
        self.speak_as_primary(now, log, effects);
        self.speak_as_backup(effects);
    }

    /// Number of the last write that was asked for: once it is on disk, so are all before it.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.disk.written
    }

    /// The state that can be fetched from this node is not what a peer needs any more: whoever lacks one
    /// waits for another [`Input::Provide`].
    pub(crate) fn withdraw(&mut self) {
        self.provided = None;
    }

    fn on_view(&mut self, now: u64, view: View, effects: &mut Effects) {
        let is_known = self.view.as_ref().is_some_and(|it| it.epoch >= view.epoch);
        if !view.is_sane() || view.epoch < self.epoch || is_known {
            return;
        }
        if view.epoch > self.epoch {
            self.take(view.epoch, Some(view.primary), effects);
            if view.primary == self.me {
                self.lead(now, &view, effects);
            }
        } else if view.primary == self.me {
            if planted!("primary-goes-on-after-restart") {
                self.lead(now, &view, effects);
            } else {
                self.return_as_primary(&view);
            }
        } else if let Role::Backup(backup) = &mut self.role {
            backup.primary.get_or_insert(view.primary);
        }
        self.view = Some(view);
    }

    /// From now on older epochs do not count here. It is on disk before anybody hears of it.
    fn take(&mut self, epoch: u64, primary: Option<PeerId>, effects: &mut Effects) {
        self.epoch = epoch;
        self.disk.take_epoch(epoch, self.commit, &mut effects.writes);
        if primary != Some(self.me) {
            self.role = Role::Backup(Backup::new(primary, self.commit));
        }
    }

    fn on_message(
        &mut self,
        now: u64,
        from: PeerId,
        message: Message,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        match message {
            Message::Append(append) => self.on_append(from, append, log, effects),
            Message::State { .. } => self.on_state(from, message, effects),
            Message::Stale { epoch } => self.on_newer_epoch(epoch),
            Message::Ack { epoch, matched, stamp } if epoch == self.epoch => {
                self.on_ack(now, from, matched, stamp);
            }
            Message::Reject { epoch, prev_index, hint_index, hint_epoch }
                if epoch == self.epoch =>
            {
                self.on_reject(from, prev_index, (hint_index, hint_epoch), log);
            }
            Message::Ack { .. } | Message::Reject { .. } => {} // Of another primary's time.
        }
    }

    fn on_tick(&mut self, now: u64) {
        let Role::Primary(primary) = &mut self.role else { return };
        primary.peers.values_mut().for_each(|it| it.tick(now, &self.options));
    }

    /// Nobody heard of us before this moment, so nobody is late.
    fn on_epoch_synced(&mut self, now: u64) {
        let Role::Primary(primary) = &mut self.role else { return };
        primary.peers.values_mut().for_each(|it| it.progress_ms = now);
    }

    fn on_link(&mut self, peer: PeerId, is_up: bool) {
        self.links.insert(peer, is_up);
        if let Role::Primary(primary) = &mut self.role
            && let Some(progress) = primary.peers.get_mut(&peer)
        {
            progress.reconnected();
        }
    }

    fn on_peer_fetches(&mut self, now: u64, peer: PeerId) {
        if let Role::Primary(primary) = &mut self.role
            && let Some(progress) = primary.peers.get_mut(&peer)
        {
            progress.fetching_ms = Some(now);
        }
    }

    fn advance_commit(&mut self, effects: &mut Effects) {
        let commit = match &self.role {
            Role::Primary(primary) => self.commit_as_primary(primary),
            Role::Backup(backup) => self.commit_as_backup(backup),
            Role::Returning(_) => self.commit,
        };
        if commit > self.commit {
            self.commit = commit;
            effects.commit = Some(commit);
        }
    }
}
