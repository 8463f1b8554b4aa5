//! From the library's `Ready` to effects, without waiting for the disk.

use super::{RaftGroup, wire};
use crate::planted;
use crate::store::log::Append;
use crate::strategy::{Committed, Effects, Fetch, LEADERSHIP, PeerId};
use bytes::Bytes;
use fail::fail_point;
use raft::StateRole;
use raft::prelude::{Entry, EntryType, Message};

/// A Ready that waits for the disk. They are confirmed in order: an empty one behind a full one waits
/// with it, for confirming a number confirms all before it.
pub(super) struct Unsynced {
    ticket: u64,
    number: u64,
    last_index: u64,
    snapshot_index: u64,
    messages: Vec<Message>,
}

impl RaftGroup {
    pub(super) fn settle_ready(&mut self, ticket: u64, effects: &mut Effects) {
        self.flush_messages(effects);
        while self.node.has_ready() {
            let mut ready = self.node.ready();
            self.to_send.extend(ready.take_messages());
            self.note_leadership(&ready);

            let mut has_writes = false;
            let mut snapshot_index = 0;
            if ready.snapshot().get_metadata().index > 0 {
                fail_point!("raft.before-install");
                let metadata = ready.snapshot().get_metadata().clone();
                self.node.mut_store().install(metadata.index, metadata.term);
                self.node.mut_store().set_conf_state(metadata.get_conf_state().clone());
                (self.applied, self.applied_term) = (metadata.index, metadata.term);
                self.in_flight.clear();
                effects.appends.push(Append::Purge {
                    group: self.group,
                    index: metadata.index,
                    term: metadata.term,
                });
                snapshot_index = metadata.index;
                has_writes = true;
            }
            if let Some(hard_state) = ready.hs() {
                let hard_state = hard_state.clone();
                self.node.mut_store().set_hard_state(hard_state);
            }
            let entries = ready.take_entries();
            has_writes |= ready.must_sync();
            if has_writes {
                fail_point!("raft.before-hard-state");
                // A commit index alone is not worth a sync: it is learned again from the leader.
                let hard_state = self.node.store().hard_state();
                effects.appends.push(Append::HardState {
                    group: self.group,
                    term: hard_state.term,
                    vote: hard_state.vote,
                    commit: hard_state.commit,
                });
            }
            let last_index = entries.last().map_or(0, |it| it.index);
            if last_index > 0 {
                fail_point!("raft.before-entries");
            }
            self.node.mut_store().append(&entries);
            effects.appends.extend(entries.into_iter().map(|it| self.record(it)));

            let committed = ready.take_committed_entries();
            let mut messages = ready.take_persisted_messages();
            if planted!("send-before-sync") {
                self.to_send.append(&mut messages);
            }
            let number = ready.number();
            self.node.advance_append_async(ready);
            if has_writes || !self.unsynced.is_empty() {
                let behind = self.unsynced.back().map_or(0, |it| it.ticket);
                let ticket = if has_writes { ticket } else { behind };
                self.unsynced.push_back(Unsynced {
                    ticket,
                    number,
                    last_index,
                    snapshot_index,
                    messages,
                });
            } else {
                self.node.on_persist_ready(number);
                self.to_send.extend(messages);
            }
            for entry in committed {
                self.hand_out(entry, effects);
            }
            self.flush_messages(effects);
        }
    }

    /// The disk holds everything up to `ticket`.
    pub(super) fn confirm(&mut self, ticket: u64) {
        while let Some(done) = self.unsynced.pop_front_if(|it| it.ticket <= ticket) {
            fail_point!("raft.before-confirm");
            self.node.mut_store().set_synced(done.last_index);
            self.node.on_persist_ready(done.number);
            if done.snapshot_index > 0 {
                self.node.advance_apply_to(done.snapshot_index);
            }
            self.to_send.extend(done.messages);
        }
    }

    fn hand_out(&mut self, entry: Entry, effects: &mut Effects) {
        if entry.entry_type != EntryType::EntryNormal {
            self.apply_change(entry.context.clone());
        }
        effects.committed.push(committed(entry));
    }

    fn record(&self, entry: Entry) -> Append {
        Append::Entry {
            group: self.group,
            index: entry.index,
            term: entry.term,
            kind: wire::entry_kind(entry.entry_type),
            body: entry.data,
            context: entry.context,
        }
    }

    fn note_leadership(&mut self, ready: &raft::Ready) {
        let Some(state) = ready.ss() else { return };
        if state.raft_state == StateRole::Leader {
            // The library has just appended the empty entry that opens our term.
            self.leading_from.get_or_insert(self.node.raft.raft_log.last_index());
            metrics::counter!("starling_leader_changes_total").increment(1);
            tracing::info!(target: LEADERSHIP, group = %self.group, term = self.node.raft.term, "leading");
        } else {
            self.leading_from = None;
            self.in_flight.clear();
        }
    }

    fn flush_messages(&mut self, effects: &mut Effects) {
        for message in self.to_send.drain(..) {
            fail_point!("raft.before-message");
            effects.sends.push((message.to, wire::encode(&message)));
        }
    }

    /// A snapshot came: its state has to be fetched before the library may see the message.
    pub(super) fn ask_to_fetch(&mut self, from: PeerId, index: u64, message: Bytes) {
        self.to_fetch = Some(Fetch { from, index, message });
    }
}

/// An entry for the engine; those of the strategy itself carry nothing for it.
pub(super) fn committed(entry: Entry) -> Committed {
    let is_normal = entry.entry_type == EntryType::EntryNormal;
    let data = if is_normal { entry.data } else { Bytes::new() };
    Committed { index: entry.index, term: entry.term, data, origin: None }
}
