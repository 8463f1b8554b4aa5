//! Backup and learner side.
//!
//! Promise: nothing is taken from a primary whose epoch is over, and nothing is acknowledged that is not on
//! disk here and the same as in the log of this epoch's primary.

use super::log::{Log, last_at_most};
use super::wire::{Append, Message};
use super::{EPOCH_MAX, Effects, Fetch, INDEX_MAX, PeerId, PrimaryBackup, Role};
use crate::planted::planted;

#[derive(Default)]
pub(super) struct Backup {
    /// Known by the view, or by its first message.
    pub(super) primary: Option<PeerId>,
    /// Up to here our log is the primary's.
    verified: u64,
    /// What the primary has committed.
    committed: u64,
    acked: u64,
    stamp: u64,
    owes_ack: bool,
}

impl PrimaryBackup {
    pub(super) fn on_append(
        &mut self,
        from: PeerId,
        append: Append,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        if !is_sane(&append) || !self.follow(from, append.epoch, effects) {
            return;
        }
        // What is committed is in every later primary's log.
        let commit = self.commit;
        let Append { prev_index, prev_epoch, .. } = append;
        if prev_index > commit && log.epoch_of(prev_index) != Some(prev_epoch) {
            self.reject(from, prev_index, prev_epoch, log, effects);
            return;
        }
        let upto = prev_index + append.entries.len() as u64;
        let mut is_news = false;
        for (index, entry) in (prev_index + 1..).zip(append.entries) {
            if !is_news && index > commit && log.epoch_of(index) != Some(entry.epoch) {
                if log.epoch_of(index - 1) > Some(entry.epoch) {
                    return; // Epochs never fall along a log: this is no primary's.
                }
                is_news = true;
            }
            if is_news {
                self.disk.append(index, entry, &mut effects.writes);
            }
        }
        let Role::Backup(backup) = &mut self.role else { return };
        backup.verified = backup.verified.max(upto).max(commit);
        backup.committed = backup.committed.max(append.commit);
        backup.stamp = backup.stamp.max(append.stamp);
        // What was written now is acknowledged when it is synced.
        backup.owes_ack |= append.stamp > 0 && !is_news;
    }

    pub(super) fn on_state(&mut self, from: PeerId, message: Message, effects: &mut Effects) {
        let Message::State { epoch, index, index_epoch } = message else { return };
        let is_sane = epoch < EPOCH_MAX && index < INDEX_MAX && index_epoch <= epoch;
        if !is_sane || !self.follow(from, epoch, effects) {
            return;
        }
        let Role::Backup(backup) = &mut self.role else { return };
        if index <= self.commit {
            backup.owes_ack = true; // We have that much already.
        } else if self.fetching.is_none() {
            self.fetching = Some(index);
            effects.fetch = Some(Fetch { from, index, message });
        }
    }

    /// The state is here, and stored. It is committed, whoever leads now.
    pub(super) fn on_fetched(&mut self, message: Message, log: &impl Log, effects: &mut Effects) {
        let Message::State { index, index_epoch, .. } = message else { return };
        self.fetching = None;
        if index <= self.commit || index >= INDEX_MAX || index_epoch >= EPOCH_MAX {
            return;
        }
        if index_epoch > self.epoch {
            self.take(index_epoch, None, effects); // Whoever gave it was ahead of our primary.
        }
        let keeps_tail = log.epoch_of(index) == Some(index_epoch);
        self.disk.purge(index, index_epoch, keeps_tail, &mut effects.writes);
        self.commit = index;
        self.applied = (index, index_epoch);
        if let Role::Backup(backup) = &mut self.role {
            backup.verified = backup.verified.max(index);
            backup.owes_ack = true;
        }
    }

    /// Whether `from` is the primary of an epoch that counts; a new one is taken.
    fn follow(&mut self, from: PeerId, epoch: u64, effects: &mut Effects) -> bool {
        if epoch < self.epoch {
            if planted!("stale-epoch-accepted") {
                return matches!(self.role, Role::Backup(_));
            }
            if self.disk.is_epoch_synced() {
                effects.sends.push((from, Message::Stale { epoch: self.epoch }));
            }
            return false;
        }
        if epoch != self.epoch {
            self.take(epoch, Some(from), effects);
        }
        match &mut self.role {
            Role::Backup(backup) => *backup.primary.get_or_insert(from) == from,
            _ => false,
        }
    }

    fn reject(
        &self,
        to: PeerId,
        prev_index: u64,
        prev_epoch: u64,
        log: &impl Log,
        effects: &mut Effects,
    ) {
        if !self.disk.is_epoch_synced() {
            return;
        }
        let upto = prev_index.min(self.disk.last);
        let hint_index = last_at_most(log, self.commit, upto, prev_epoch);
        let hint_epoch = log.epoch_of(hint_index).unwrap_or(0);
        let message = Message::Reject { epoch: self.epoch, prev_index, hint_index, hint_epoch };
        effects.sends.push((to, message));
    }

    /// On disk here, and the primary's.
    pub(super) fn commit_as_backup(&self, backup: &Backup) -> u64 {
        backup.committed.min(backup.verified).min(self.disk.synced).max(self.commit)
    }

    pub(super) fn speak_as_backup(&mut self, effects: &mut Effects) {
        let (epoch, synced) = (self.epoch, self.disk.synced);
        let is_epoch_synced = self.disk.is_epoch_synced();
        let Role::Backup(backup) = &mut self.role else { return };
        let Some(primary) = backup.primary.filter(|_| is_epoch_synced) else { return };
        let matched = backup.verified.min(synced);
        if backup.owes_ack || matched > backup.acked {
            (backup.owes_ack, backup.acked) = (false, matched);
            effects.sends.push((primary, Message::Ack { epoch, matched, stamp: backup.stamp }));
        }
    }
}

impl Backup {
    /// Of an epoch that was just taken; what is committed is its primary's, too.
    pub(super) fn new(primary: Option<PeerId>, commit: u64) -> Backup {
        Backup { primary, verified: commit, acked: commit, ..Backup::default() }
    }
}

/// What a primary sends: indexes without overflow, epochs that never fall.
fn is_sane(append: &Append) -> bool {
    let epochs = append.entries.iter().map(|it| it.epoch);
    let epochs = || [append.prev_epoch].into_iter().chain(epochs.clone()).chain([append.epoch]);
    (1..EPOCH_MAX).contains(&append.epoch)
        && append.prev_index < INDEX_MAX
        && append.commit < INDEX_MAX
        && epochs().zip(epochs().skip(1)).all(|(one, next)| one <= next)
}
