//! What has to be true after every step, and in the end.

use super::disk::{State, TestDisk};
use super::{Event, Replica};
use crate::bully::Standing;
use crate::primary_backup::Entry;
use crate::testnet::{Id, Net, Watch};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Truth {
    /// What each line came to at each index.
    lines: BTreeMap<(u64, u64), u64>,
    /// How each state came to be, by its index and hash: the one before it, and the entry.
    ways: BTreeMap<(u64, u64), (u64, Entry)>,
    states: BTreeMap<Id, State>,
    /// All that was ever committed, in whichever line.
    committed: BTreeSet<Bytes>,
    pub(super) resets: usize,
}

impl Truth {
    fn happened(&mut self, id: Id, event: Event) -> Result<(), String> {
        match event {
            Event::Reset => {
                self.resets += 1;
                self.states.insert(id, State::default());
                Ok(())
            }
            Event::State(line, state) => {
                self.states.insert(id, state);
                self.agrees(id, line, state)
            }
            Event::Applied(line, state, entry) => {
                let before = self.states.insert(id, state).unwrap_or_default();
                if before.index + 1 != state.index {
                    return Err(format!("{id} applies {} after {}", state.index, before.index));
                }
                if !entry.data.is_empty() {
                    self.committed.insert(entry.data.clone());
                }
                self.ways.insert((state.index, state.hash), (before.hash, entry));
                self.agrees(id, line, state)
            }
        }
    }

    /// One line has one history.
    fn agrees(&mut self, id: Id, line: u64, state: State) -> Result<(), String> {
        if state.index == 0 || line == 0 {
            return Ok(());
        }
        let hash = *self.lines.entry((line, state.index)).or_insert(state.hash);
        if hash == state.hash {
            return Ok(());
        }
        Err(format!("{id} came to another state at {} of line {line}", state.index))
    }

    /// What was committed somewhere and is not in the state that all have.
    pub(super) fn lost(&self, net: &Net<Replica>) -> usize {
        let id = net.ids()[0];
        let State { mut index, mut hash, .. } = net.node(id).expect("it is up").state;
        let mut missing = self.committed.clone();
        while let Some((before, entry)) = self.ways.get(&(index, hash)) {
            missing.remove(&entry.data);
            (index, hash) = (index - 1, *before);
        }
        missing.len()
    }

    pub(super) fn committed(&self) -> usize {
        self.committed.len()
    }
}

impl Watch<Replica> for Truth {
    fn look(&mut self, id: Id, node: &mut Replica, _disk: &TestDisk) -> Result<(), String> {
        std::mem::take(&mut node.events).into_iter().try_for_each(|it| self.happened(id, it))
    }
}

/// Everybody has the same, and counts.
pub(super) fn is_whole(net: &Net<Replica>) -> Result<(), String> {
    let node = |id| net.node(id).ok_or(format!("{id} is down"));
    let highest = *net.setup.members.last().ok_or("nobody")?;
    let first = node(highest)?;
    let Standing::Coordinates { .. } = first.machine.standing() else {
        return Err(format!("{highest} is the highest, and {:?}", first.machine.standing()));
    };
    let members: BTreeSet<Id> = net.setup.members.iter().copied().collect();
    for id in net.ids() {
        let it = node(id)?;
        if (it.state, it.machine.line()) != (first.state, first.machine.line()) {
            return Err(format!("{id} has {:?}, {highest} {:?}", it.state, first.state));
        }
        let in_sync: BTreeSet<Id> = it.machine.status().in_sync.into_iter().collect();
        if in_sync != members {
            return Err(format!("{id} knows {in_sync:?} to be in sync"));
        }
    }
    Ok(())
}
