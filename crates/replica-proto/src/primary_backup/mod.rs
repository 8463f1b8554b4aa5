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
mod log;
mod membership;
mod options;
mod primary;
mod progress;
mod successor;
mod view;
mod wire;

#[cfg(test)]
mod tests;

pub use log::{Entry, Log, Write};
pub use options::Options;
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

/// What can happen to a replica.
#[derive(Clone, Debug)]
pub enum Input {
    /// The directory has decided this.
    View(View),
    /// A peer says something.
    Receive(PeerId, Message),
    /// Some of the node's time has passed.
    Tick,
    /// Writes up to this number are on disk, see [`PrimaryBackup::written`].
    Synced(u64),
    /// Everything up to this index, which has this epoch, has been applied.
    Applied(u64, u64),
    /// The link to a peer came up or broke.
    Link(PeerId, bool),
    /// The state asked for by [`Effects::fetch`] is here and stored: go on with its message.
    Fetched(Message),
    /// The fetch could not be finished.
    FetchFailed,
    /// A peer is fetching our state.
    PeerFetches(PeerId),
    /// Our state at this index can be fetched from this node from now on.
    Provide(u64),
    /// Give the primary's part away, if held.
    StepDown,
}

/// A view for the directory to decide on. It may be decided without anybody hearing of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Propose {
    /// Only if this is the epoch of the view there.
    pub on_epoch: u64,
    /// The one to take its place.
    pub view: View,
}

/// A replica whose log the primary's no longer reaches back to needs the state itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Who has it.
    pub from: PeerId,
    /// State up to and including this index, or later.
    pub index: u64,
    /// For [`Input::Fetched`]. A state that was fetched at a later index says so in it.
    pub message: Message,
}

/// What the machine wants done: writes before the next call, sends at any time. What depends on the disk
/// is kept back until [`Input::Synced`].
#[derive(Debug, Default)]
pub struct Effects {
    /// To the same group on other nodes.
    pub sends: Vec<(PeerId, Message)>,
    /// For the node's log, in this order.
    pub writes: Vec<Write>,
    /// Everything up to this index is to be applied.
    pub commit: Option<u64>,
    /// For the directory.
    pub proposes: Vec<Propose>,
    /// State to fetch from a peer before going on.
    pub fetch: Option<Fetch>,
    /// A peer will ask for our state: have it ready ([`Input::Provide`]).
    pub wants_state: bool,
}

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

/// What a replica starts from, beside its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Epoch in the newest [`Write::HardState`].
    pub epoch: u64,
    /// Commit there.
    pub commit: u64,
    /// Index and epoch up to which the state reaches.
    pub applied: (u64, u64),
}

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
        if applied > 0 && log.epoch_of(applied) != Some(applied_epoch) {
            // A fetched state was stored, and the log had not heard of it before the crash.
            disk.purge(applied, applied_epoch, false, &mut effects.writes);
        }
        let commit = start.commit.min(last).max(applied);
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

    /// What it says of itself.
    #[must_use]
    pub fn status(&self) -> Status {
        let view = self.view.as_ref();
        let primary = match &self.role {
            Role::Primary(it) => (!it.is_deposed).then_some(self.me),
            Role::Backup(it) => it.primary,
            Role::Returning(_) => None,
        };
        Status {
            primary,
            epoch: self.epoch,
            commit: self.commit,
            in_sync: view.map(|it| it.in_sync.clone()).unwrap_or_default(),
            learners: view.map(|it| it.learners().collect()).unwrap_or_default(),
        }
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

impl Role {
    fn follower() -> Role {
        Role::Backup(Backup::default())
    }
}
