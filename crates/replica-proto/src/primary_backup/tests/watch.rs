//! What has to be true after every step.

use super::super::{Entry, PeerId, Propose, Route, View};
use super::disk::{State, TestDisk};
use super::{Ask, DIRECTORY, Event, Member};
use crate::testnet::{Id, Net, Watch};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Truth {
    /// Whatever any primary ever committed, with the state after each.
    pub(super) committed: Vec<(Entry, State)>,
    /// What was decided, by epoch.
    pub(super) views: BTreeMap<u64, View>,
    /// Who acknowledged something under an epoch.
    acked: BTreeMap<u64, PeerId>,
    /// May have been decided.
    proposed: Vec<Propose>,
    /// Newest epoch in which each one served.
    served: BTreeMap<PeerId, u64>,
    /// Replicas that there are.
    pub(super) members: Vec<PeerId>,
    pub(super) placement: Vec<PeerId>,
    copies: usize,
    /// Something changed that the disks of those in sync have to show.
    is_to_check: bool,
    checked: usize,
}

impl Truth {
    pub(super) fn new(members: Vec<PeerId>, copies: usize) -> Truth {
        let placement = members[..copies].to_vec();
        Truth { members, placement, copies, ..Truth::default() }
    }

    pub(super) fn latest(&self) -> &View {
        self.views.last_key_value().expect("it was founded").1
    }

    fn applied(&mut self, id: PeerId, state: State, entry: Entry) -> Result<(), String> {
        let at = state.index as usize - 1;
        match self.committed.get(at) {
            Some((same, then)) if *same == entry && *then == state => Ok(()),
            Some((other, _)) => {
                Err(format!("{id} applies {entry:?} at {} and not {other:?}", state.index))
            }
            None if at == self.committed.len() => {
                let is_repeated = !entry.data.is_empty()
                    && self.committed.iter().rev().take(200).any(|it| it.0.data == entry.data);
                self.committed.push((entry, state));
                self.is_to_check = true;
                if is_repeated { Err(format!("{id} has an entry twice")) } else { Ok(()) }
            }
            None => Err(format!("{id} applies {} and nobody had {}", state.index, at)),
        }
    }

    fn restored(&self, id: PeerId, state: State) -> Result<(), String> {
        let known = match state.index {
            0 => Some(State::default()),
            it => self.committed.get(it as usize - 1).map(|it| it.1),
        };
        if known == Some(state) { Ok(()) } else { Err(format!("{id} has a wrong state {state:?}")) }
    }

    fn decided(&mut self, view: View) -> Result<(), String> {
        if let Some(same) = self.views.get(&view.epoch) {
            let is_same = *same == view;
            return if is_same { Ok(()) } else { Err(format!("two views: {same:?} {view:?}")) };
        }
        if let Some((_, last)) = self.views.last_key_value() {
            if view.epoch != last.epoch + 1 {
                return Err(format!("{view:?} after {last:?}"));
            }
            if !last.in_sync.contains(&view.primary) {
                return Err(format!("{} was not in sync and is promoted", view.primary));
            }
        }
        self.proposed.retain(|it| it.on_epoch >= view.epoch);
        self.views.insert(view.epoch, view);
        (self.is_to_check, self.checked) = (true, 0);
        Ok(())
    }

    fn happened(&mut self, id: PeerId, event: Event) -> Result<(), String> {
        match event {
            Event::Applied(state, entry) => self.applied(id, state, entry),
            Event::State(state) => self.restored(id, state),
            Event::Decided(view) => self.decided(view),
            Event::Proposed(it) => {
                self.proposed.push(it);
                Ok(())
            }
            Event::Acked(epoch) => {
                let first = *self.acked.entry(epoch).or_insert(id);
                let is_one = first == id;
                if is_one { Ok(()) } else { Err(format!("{first} and {id} ack in {epoch}")) }
            }
        }
    }

    /// Everything committed from `from` on is there: in the log, or in the state.
    fn lacks(&self, disk: &TestDisk, from: usize) -> Option<u64> {
        let indexes = (from as u64 + 1..).zip(&self.committed[from..]);
        let mut missing = indexes.filter(|(index, (entry, _))| {
            disk.log.get(*index) != Some(entry) && disk.checkpoint.index < *index
        });
        missing.next().map(|it| it.0)
    }
}

impl Watch<Member> for Truth {
    fn look(&mut self, id: Id, node: &mut Member, _disk: &TestDisk) -> Result<(), String> {
        let events = match node {
            Member::Directory(it) => std::mem::take(&mut it.events),
            Member::Replica(it) => std::mem::take(&mut it.events),
        };
        events.into_iter().try_for_each(|it| self.happened(id, it))?;
        let Member::Replica(replica) = node else { return Ok(()) };
        let status = replica.machine.status();
        if replica.machine.route() != Route::Here || self.served.get(&id) == Some(&status.epoch) {
            return Ok(());
        }
        self.served.insert(id, status.epoch);
        let is_latest = self.latest().epoch == status.epoch;
        let count = self.committed.len() as u64;
        if is_latest && replica.state.index.max(replica.last()) < count {
            return Err(format!("{id} serves with {} of {count}", replica.last()));
        }
        Ok(())
    }

    fn check(&mut self, net: &Net<Member>) -> Result<(), String> {
        if !std::mem::take(&mut self.is_to_check) {
            return Ok(());
        }
        let from = std::mem::replace(&mut self.checked, self.committed.len());
        for id in &self.latest().in_sync {
            let Some(disk) = net.synced(*id) else { continue };
            if let Some(index) = self.lacks(disk, from) {
                return Err(format!("{id} is in sync and lacks {index} on its disk"));
            }
        }
        Ok(())
    }

    /// The last disk with everything is not to be lost, whatever was decided meanwhile.
    fn may_wipe(&self, id: Id, net: &Net<Member>) -> bool {
        if id == DIRECTORY {
            return false;
        }
        let unsynced = net.written(DIRECTORY).and_then(|it| it.view.as_ref());
        let views = self.proposed.iter().map(|it| &it.view).chain([self.latest()]).chain(unsynced);
        let survives =
            |it: &View| it.in_sync.iter().any(|it| *it != id && net.synced(*it).is_some());
        views.into_iter().all(survives)
    }

    fn wiped(&mut self, old: Id, new: Id, net: &mut Net<Member>) {
        for id in self.members.iter_mut().chain(&mut self.placement).filter(|it| **it == old) {
            *id = new;
        }
        net.ask(DIRECTORY, Ask::Place(self.placement.clone()));
    }

    fn disturb(&mut self, net: &mut Net<Member>) {
        if net.random.chance(100) {
            let mut members = self.members.clone();
            let turn = net.random.below(members.len() as u64) as usize;
            members.rotate_left(turn);
            self.placement = members[..self.copies].to_vec();
            net.ask(DIRECTORY, Ask::Place(self.placement.clone()));
        }
        if net.random.chance(50)
            && let Some(id) = net.random.pick(&self.members)
        {
            net.ask(id, Ask::StepDown);
        }
    }
}

/// Everybody who is to have a replica has it, with everything, and counts.
pub(super) fn is_whole(truth: &Truth, net: &Net<Member>) -> Result<(), String> {
    let view = truth.latest();
    let set = |ids: &[PeerId]| ids.iter().copied().collect::<BTreeSet<PeerId>>();
    if set(&view.in_sync) != set(&truth.placement) || view.replicas != truth.placement {
        return Err(format!("{view:?}, and they shall be at {:?}", truth.placement));
    }
    for id in &truth.placement {
        let Some(Member::Replica(it)) = net.node(*id) else { return Err(format!("{id} is down")) };
        if it.state.index != truth.committed.len() as u64 {
            return Err(format!("{id} has {} of {}", it.state.index, truth.committed.len()));
        }
    }
    Ok(())
}
