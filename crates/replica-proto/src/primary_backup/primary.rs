//! Primary side of in-sync replication.
//!
//! Promise: an entry commits once every in-sync replica holds it on disk, with an entry of the primary's
//! own epoch at or after it, and never un-commits, whatever the network loses, repeats, delays or reorders.
//!
//! A primary that was replaced commits nothing more that could be lost: whoever follows it was in its set,
//! so its acknowledgement is needed, and it gives none once it has taken the new epoch. What it gave before
//! that is in the log that it then leads with.

use super::backup::Backup;
use super::log::{Entry, Log, last_at_most};
use super::progress::Progress;
use super::wire::{Append, ENTRIES_MAX, Message};
use super::{Effects, PeerId, PrimaryBackup, Role, View};
use crate::planted::planted;
use bytes::Bytes;
use std::collections::BTreeMap;

pub(super) struct Primary {
    /// Index of the empty entry that opened our epoch. We serve once it is applied.
    pub(super) first: u64,
    pub(super) peers: BTreeMap<PeerId, Progress>,
    pub(super) pending: Option<Pending>,
    /// Somebody took a newer epoch: nothing is committed or taken in until its view is here.
    pub(super) is_deposed: bool,
}

/// A view that was proposed. It may be decided already.
pub(super) struct Pending {
    pub(super) view: View,
    pub(super) sent_ms: u64,
}

impl PrimaryBackup {
    /// Opens the epoch that was just taken.
    pub(super) fn lead(&mut self, now: u64, view: &View, effects: &mut Effects) {
        let first = self.disk.last + 1;
        let entry = Entry { epoch: self.epoch, data: Bytes::new() };
        self.disk.append(first, entry, &mut effects.writes);
        let old = std::mem::replace(&mut self.role, Role::Backup(Backup::default()));
        let fetching = |id| match &old {
            Role::Primary(it) => it.peers.get(&id).and_then(|it| it.fetching_ms),
            _ => None,
        };
        let peers = view.peers_of(self.me).map(|id| {
            let mut peer = Progress::new(now, first);
            peer.fetching_ms = fetching(id); // A fetch goes on whatever the epoch.
            (id, peer)
        });
        let peers = peers.collect();
        self.role = Role::Primary(Primary { first, peers, pending: None, is_deposed: false });
    }

    /// Takes an entry; false: not now, and nothing happened.
    pub fn offer(&mut self, data: Bytes, effects: &mut Effects) -> bool {
        if !self.is_serving() {
            return false;
        }
        let entry = Entry { epoch: self.epoch, data };
        self.disk.append(self.disk.last + 1, entry, &mut effects.writes);
        true
    }

    /// Is sure of everything earlier primaries committed, and does not know of a later one.
    pub(super) fn is_serving(&self) -> bool {
        matches!(&self.role, Role::Primary(it) if !it.is_deposed && it.first <= self.applied.0)
    }

    pub(super) fn on_ack(&mut self, now: u64, from: PeerId, matched: u64, stamp: u64) {
        let last = self.disk.last;
        let Role::Primary(primary) = &mut self.role else { return };
        if let Some(peer) = primary.peers.get_mut(&from).filter(|_| matched <= last) {
            peer.acked(now, matched, stamp, last);
        }
    }

    pub(super) fn on_reject(
        &mut self,
        from: PeerId,
        prev_index: u64,
        hint: (u64, u64),
        log: &impl Log,
    ) {
        let last = self.disk.last;
        let Role::Primary(primary) = &mut self.role else { return };
        let Some(peer) = primary.peers.get_mut(&from) else { return };
        let is_old = prev_index <= peer.matched || prev_index >= peer.next;
        if is_old {
            return; // Answered late, or twice.
        }
        let (purged, purged_epoch) = log.purged();
        let upto = hint.0.min(prev_index).min(last);
        let reaches = purged <= upto && purged_epoch <= hint.1;
        let found = if reaches { last_at_most(log, purged, upto, hint.1) } else { 0 };
        // At least one below what was refused, so this ends whatever the hint says.
        peer.back_to(found.min(prev_index - 1) + 1);
    }

    /// Somebody took a newer epoch.
    pub(super) fn on_newer_epoch(&mut self, epoch: u64) {
        if let Role::Primary(primary) = &mut self.role {
            primary.is_deposed |= epoch > self.epoch;
        }
    }

    /// How far everybody in sync, and everybody about to be, has the log on disk.
    pub(super) fn commit_as_primary(&self, primary: &Primary) -> u64 {
        let in_sync = self.view.as_ref().map_or(&[][..], |it| &it.in_sync);
        if primary.is_deposed || in_sync.len() < self.options.min_in_sync {
            return self.commit;
        }
        let counts = primary
            .peers
            .iter()
            .filter(|(id, it)| it.is_waited_for || in_sync.contains(id))
            .filter(|_| !planted!("ack-before-backup"));
        let upto = counts.map(|(_, it)| it.matched).min().unwrap_or(u64::MAX);
        let upto = upto.min(self.disk.synced);
        // An entry of an older epoch may still be missing from a log that wins over ours, until one of
        // our epoch stands behind it everywhere (as Raft, section 5.4.2).
        if upto < primary.first { self.commit } else { upto.max(self.commit) }
    }

    /// Sends to everybody what is new to them.
    pub(super) fn speak_as_primary(&mut self, now: u64, log: &impl Log, effects: &mut Effects) {
        let (epoch, commit, last) = (self.epoch, self.commit, self.disk.last);
        let Role::Primary(primary) = &mut self.role else { return };
        if primary.is_deposed || !self.disk.is_epoch_synced() {
            return;
        }
        for (&id, peer) in &mut primary.peers {
            if self.links.get(&id) == Some(&false) {
                continue;
            }
            let news = |stamp| Append {
                epoch,
                prev_index: 0,
                prev_epoch: 0,
                commit,
                stamp,
                entries: Vec::new(),
            };
            while peer.next <= last && peer.may_send(&self.options) {
                let prev_index = peer.next - 1;
                let Some(prev_epoch) = log.epoch_of(prev_index) else {
                    let Some((index, index_epoch)) = self.provided else {
                        effects.wants_state = true;
                        break;
                    };
                    peer.fetching_ms = Some(now);
                    effects.sends.push((id, Message::State { epoch, index, index_epoch }));
                    break;
                };
                let upto = last.min(prev_index + ENTRIES_MAX as u64);
                let entries = log.entries(prev_index, upto, self.options.message_bytes);
                let Some(entries) = entries.filter(|it| !it.is_empty()) else { break };
                peer.sent(now, prev_index + entries.len() as u64);
                peer.commit_told = commit;
                let append = Append { prev_index, prev_epoch, entries, ..news(now.max(1)) };
                effects.sends.push((id, Message::Append(append)));
            }
            if peer.take_beat(now, &self.options) {
                peer.commit_told = commit;
                effects.sends.push((id, Message::Append(news(now.max(1)))));
            } else if peer.commit_told < commit {
                peer.commit_told = commit;
                effects.sends.push((id, Message::Append(news(0))));
            }
        }
    }
}
