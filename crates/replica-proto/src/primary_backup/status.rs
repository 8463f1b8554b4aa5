//! What a replica says of itself, to the node that it runs on.

use super::backup::Backup;
use super::{Entry, Log, PeerId, PrimaryBackup, Role};

/// Where commands for the group have to be offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// To this replica.
    Here,
    /// To that node.
    At(PeerId),
    /// To nobody that is known now.
    Nowhere,
}

/// What a replica says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Who orders.
    pub primary: Option<PeerId>,
    /// The newest that was taken.
    pub epoch: u64,
    /// Highest index known to be committed.
    pub commit: u64,
    /// Those whose acknowledgement counts.
    pub in_sync: Vec<PeerId>,
    /// Those who only follow.
    pub learners: Vec<PeerId>,
}

impl PrimaryBackup {
    /// Where commands go now.
    #[must_use]
    pub fn route(&self) -> Route {
        let is_down = |id: &PeerId| self.links.get(id) == Some(&false);
        match &self.role {
            Role::Primary(_) => {
                let in_sync = self.view.as_ref().map_or(&[][..], |it| &it.in_sync);
                let can_commit = self.is_serving() && !in_sync.iter().any(is_down);
                if can_commit { Route::Here } else { Route::Nowhere }
            }
            Role::Backup(Backup { primary: Some(it), .. }) if !is_down(it) && *it != self.me => {
                Route::At(*it)
            }
            _ => Route::Nowhere,
        }
    }

    /// How many more entries it takes in without queueing them.
    #[must_use]
    pub fn room(&self) -> usize {
        let in_flight = self.disk.last.saturating_sub(self.applied.0);
        self.options.in_flight_max.saturating_sub(usize::try_from(in_flight).unwrap_or(usize::MAX))
    }

    /// Every backup has answered something sent so lately that no other primary serves yet, if a new one
    /// waits for as long.
    #[must_use]
    pub fn has_lease(&self, now: u64) -> bool {
        let (Role::Primary(primary), Some(view)) = (&self.role, &self.view) else { return false };
        let mut backups = primary.peers.iter().filter(|(id, _)| view.in_sync.contains(id));
        self.is_serving() && backups.all(|(_, it)| now < it.stamp + self.options.lease_ms)
    }

    /// Index and epoch up to which everything has been applied.
    #[must_use]
    pub fn applied(&self) -> (u64, u64) {
        self.applied
    }

    /// The log up to and including `index` is not needed any more: what may be purged of it, with the epoch
    /// of its last entry.
    #[must_use]
    pub fn purgeable(&self, index: u64, log: &impl Log) -> Option<(u64, u64)> {
        let index = index.min(self.applied.0);
        let epoch = log.epoch_of(index)?;
        (index > log.purged().0).then_some((index, epoch))
    }

    /// Entries `after + 1..=upto`, all committed; `None` when they are not, or not in the log any more.
    #[must_use]
    pub fn entries(&self, after: u64, upto: u64, log: &impl Log) -> Option<Vec<Entry>> {
        if upto > self.commit {
            return None;
        }
        let mut found = Vec::new();
        while after + (found.len() as u64) < upto {
            let part = log.entries(after + found.len() as u64, upto, self.options.message_bytes)?;
            if part.is_empty() {
                return None;
            }
            found.extend(part);
        }
        Some(found)
    }

    /// It is the primary of the newest epoch that it knows, and will still know that after a crash: only
    /// now does anybody hear of it.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        matches!(self.role, Role::Primary(_)) && self.disk.is_epoch_synced()
    }

    /// The newest epoch that was taken.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The view of that epoch was heard, and not only its primary.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.view.as_ref().is_some_and(|it| it.epoch == self.epoch)
    }

    /// A state was asked for, and has not come.
    #[must_use]
    pub fn is_fetching(&self) -> bool {
        self.fetching.is_some()
    }

    /// Who orders, as far as is known.
    #[must_use]
    pub fn primary(&self) -> Option<PeerId> {
        match &self.role {
            Role::Primary(it) => (!it.is_deposed).then_some(self.me),
            Role::Backup(it) => it.primary,
            Role::Returning(_) => None,
        }
    }

    /// What it says of itself.
    #[must_use]
    pub fn status(&self) -> Status {
        let view = self.view.as_ref();
        Status {
            primary: self.primary(),
            epoch: self.epoch,
            commit: self.commit,
            in_sync: view.map(|it| it.in_sync.clone()).unwrap_or_default(),
            learners: view.map(|it| it.learners().collect()).unwrap_or_default(),
        }
    }
}
