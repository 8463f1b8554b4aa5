//! Committed entries, handed to the node above: each once, with the tokens of those who wait here.

use super::group::Role;
use super::wire::Envelope;
use super::{Applied, Engine, Event};
use crate::lane::read_entry;
use crate::store::GroupId;
use crate::strategy::Committed;
use fail::fail_point;

impl Engine {
    /// Hands an entry out, once.
    pub(super) fn apply(&mut self, id: GroupId, entry: Committed) {
        let group = self.groups.get_mut(&id).expect("an entry belongs to a group that is here");
        if let Role::Replica(strategy) = &mut group.role {
            strategy.applied(entry.index, entry.term);
        }
        self.hand_out(id, entry);
    }

    pub(super) fn hand_out(&mut self, id: GroupId, entry: Committed) {
        let group = self.groups.get_mut(&id).expect("an entry belongs to a group that is here");
        if entry.index <= group.applied {
            return; // The state that was fetched from a peer contains it.
        }
        fail_point!("engine.before-apply");
        group.applied = entry.index;
        group.applied_term = entry.term;
        if entry.origin.is_none() {
            let is_next = group.kept + 1 == entry.index;
            group.kept = group.kept.max(if is_next { entry.index } else { 0 });
        }
        for observer in group.observers.keys() {
            let (index, term, data) = (entry.index, entry.term, entry.data.clone());
            self.sends.push((*observer, Envelope::Observed { group: id, index, term, data }));
        }
        if !group.waiting_observers.is_empty() {
            self.wanted.insert(id); // Now there is a state that they can have.
        }
        self.touched.insert(id); // Room for more entries, or a route, may have come of it.
        if entry.data.is_empty() {
            return;
        }
        let Some((stamp, sections)) = read_entry(entry.data) else {
            tracing::error!(group = %id, index = entry.index, "an entry that cannot be read is skipped");
            return;
        };
        match entry.origin {
            None => self.clock.observe(stamp),
            Some(_) => {
                let commands = sections.iter().map(|it| it.commands.len() as u64).sum();
                self.clock.follow(stamp.saturating_add(commands), self.wall_ms);
            }
        }
        let index = entry.origin.map_or(entry.index, |it| it.1);
        // A node's lane stands in its own log alone, so wherever that is applied in its order the same
        // commands are admitted.
        let mut before = 0; // Commands of the entry before this section's.
        for section in sections {
            let (origin, generation) = (section.origin, section.generation);
            let end = before + section.commands.len() as u64;
            let (first, commands) = group.seen.admit(section);
            before = end;
            if commands.is_empty() {
                continue;
            }
            let at = if entry.origin.is_some() { end - commands.len() as u64 } else { 0 };
            let stamp = stamp.saturating_add(at);
            fail_point!("lane.before-answer", origin == self.me, |_| ());
            let tokens = if origin == self.me {
                group.outbox.applied(generation, first, commands.len())
            } else {
                Vec::new()
            };
            self.events.push(Event::Apply(Applied {
                group: id,
                index,
                stamp,
                origin,
                commands,
                tokens,
            }));
        }
    }
}
