//! What a member says of itself, to the node that it runs on.

use super::{Coordinated, Effects};
use crate::bully::{PeerId, Standing};
use crate::primary_backup::{Entry, Log, Route, Status};
use bytes::Bytes;

impl Coordinated {
    /// Takes an entry; false: not now, and nothing happened.
    pub fn offer(&mut self, data: Bytes, effects: &mut Effects) -> bool {
        // Who was asked how far it has come adds nothing until it is told the answer's consequence.
        let is_taken = self.is_in_line() && self.copy.offer(data, &mut self.wanted);
        self.pass_on(effects);
        is_taken
    }

    /// Where commands go now.
    #[must_use]
    pub fn route(&self) -> Route {
        if self.is_in_line() { self.copy.route() } else { Route::Nowhere }
    }

    /// How many more entries it takes in without queueing them.
    #[must_use]
    pub fn room(&self) -> usize {
        self.copy.room()
    }

    /// Number of the last write that was asked for: once it is on disk, so are all before it.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written_before + self.copy.written()
    }

    /// Of which line the copy is; to be stored with its state.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Who coordinates, as far as is known.
    #[must_use]
    pub fn coordinator(&self) -> Option<PeerId> {
        self.reign().map(|it| it.coordinator)
    }

    /// How it stands to the coordinator.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.bully.standing()
    }

    /// What the copy says of itself.
    #[must_use]
    pub fn status(&self) -> Status {
        self.copy.status()
    }

    /// As [`PrimaryBackup::applied`](crate::primary_backup::PrimaryBackup::applied).
    #[must_use]
    pub fn applied(&self) -> (u64, u64) {
        self.copy.applied()
    }

    /// As [`PrimaryBackup::is_primary`](crate::primary_backup::PrimaryBackup::is_primary).
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.is_in_line() && self.copy.is_primary()
    }

    /// As [`PrimaryBackup::purgeable`](crate::primary_backup::PrimaryBackup::purgeable).
    #[must_use]
    pub fn purgeable(&self, index: u64, log: &impl Log) -> Option<(u64, u64)> {
        self.copy.purgeable(index, log)
    }

    /// As [`PrimaryBackup::entries`](crate::primary_backup::PrimaryBackup::entries).
    #[must_use]
    pub fn entries(&self, after: u64, upto: u64, log: &impl Log) -> Option<Vec<Entry>> {
        self.copy.entries(after, upto, log)
    }
}
