//! What has to be true of gossip after every step, and in the end.

use super::node::{Ask, Disk, Gossip, News};
use crate::gossip::{Entry, Limits, Met, Origin, VersionVector};
use crate::testnet::{Id, Net, Random, Watch};
use bytes::Bytes;
use std::collections::BTreeMap;

/// Remembers everything that was ever delivered, by anybody.
#[derive(Default)]
pub(super) struct Memory {
    /// Each entry, and when it was acknowledged.
    entries: BTreeMap<(Origin, u64), (Entry, u64)>,
    /// What each origin acknowledged.
    pub(super) acked: VersionVector,
    /// What each node in this life has delivered, or its state contained.
    delivered: BTreeMap<Id, VersionVector>,
    /// What each node has said to be on its disk.
    synced: BTreeMap<Id, VersionVector>,
    pub(super) met: Vec<(Id, Met)>,
    /// States that were fetched, and of these joined.
    pub(super) fetched: u64,
    pub(super) joined: u64,
    /// The highest number of entries that waited at one node.
    pub(super) waited: usize,
    /// Entries acknowledged and on no disk any more.
    pub(super) lost: u64,
    pub(super) wipes_left: u64,
    /// How many entries one disturbance offers at most; 0: none.
    pub(super) offers_max: u64,
    /// Checkpoints, of a thousand disturbances.
    pub(super) checkpoints: u64,
    pub(super) waiting_max: usize,
    /// Whether the log may be purged, and fanout changed.
    pub(super) is_restless: bool,
    count: u64,
}

impl Memory {
    pub(super) fn new(limits: &Limits) -> Memory {
        Memory {
            offers_max: 8,
            waiting_max: limits.waiting_entries_max,
            is_restless: true,
            ..Memory::default()
        }
    }

    /// Data that nothing else has.
    pub(super) fn data(&mut self, random: &mut Random) -> Bytes {
        self.count += 1;
        let mut data = self.count.to_le_bytes().to_vec();
        data.resize(8 + random.below(60) as usize, 0);
        data.into()
    }

    fn deliver(&mut self, id: Id, entry: Entry) -> Result<(), String> {
        let key = (entry.origin, entry.index);
        let known = self.delivered.entry(id).or_default();
        if known.get(entry.origin) + 1 != entry.index {
            return Err(format!("{id} had {:?} and delivers {key:?}", known.get(entry.origin)));
        }
        known.raise(entry.origin, entry.index);
        if let Some((before, _)) = self.entries.get(&(entry.origin, entry.index - 1))
            && before.hlc >= entry.hlc
        {
            return Err(format!("{key:?} is not stamped after the one before"));
        }
        if id == entry.origin {
            self.acked.raise(id, entry.index);
        }
        match self.entries.get(&key) {
            Some((other, _)) if *other != entry => Err(format!("two entries are {key:?}")),
            Some(_) => Ok(()),
            None if id != entry.origin => Err(format!("{key:?} was shown and not acknowledged")),
            None => {
                self.entries.insert(key, (entry, 0));
                Ok(())
            }
        }
    }

    /// A life began from this state, or a state took the place of the one before.
    fn take_state(&mut self, id: Id, state: VersionVector) {
        self.delivered.insert(id, state);
    }

    /// All nodes have the same, and everything that was acknowledged by somebody who has his disk.
    pub(super) fn converged(&mut self, net: &Net<Gossip>) -> Result<(), String> {
        let ids = net.ids();
        let first = &net.node(ids[0]).ok_or("a node is down")?.state;
        for id in &ids {
            let state = &net.node(*id).ok_or("a node is down")?.state;
            if state != first {
                return Err(format!("{id} has {state:?}, {} has {first:?}", ids[0]));
            }
        }
        self.lost = 0;
        for (origin, upto) in self.acked.iter() {
            self.lost += upto - first.get(origin).min(upto);
            if ids.contains(&origin) && first.get(origin) != upto {
                return Err(format!("{origin} acknowledged {upto}, all have {first:?}"));
            }
        }
        let mut keys: Vec<_> = self.entries.values().map(|it| it.0.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() != self.entries.len() {
            return Err("two entries have one place in history".to_owned());
        }
        Ok(())
    }
}

impl Watch<Gossip> for Memory {
    fn look(&mut self, id: Id, node: &mut Gossip, _disk: &Disk) -> Result<(), String> {
        for news in node.news.drain(..) {
            match news {
                News::State(state) => {
                    self.fetched += u64::from(!node.is_new);
                    self.take_state(id, state);
                }
                News::Delivered(entry) => self.deliver(id, entry)?,
            }
        }
        node.is_new = false;
        self.joined += std::mem::take(&mut node.joined);
        if node.has_forgotten {
            return Err(format!("{id} finds that its disk forgot"));
        }
        let status = node.machine.status();
        if status.version != node.state {
            return Err(format!("{id} believes {:?} and has {:?}", status.version, node.state));
        }
        if node.state.get(id) < self.acked.get(id) {
            return Err(format!(
                "{id} acknowledged {} and has {:?}",
                self.acked.get(id),
                node.state
            ));
        }
        let synced = self.synced.entry(id).or_default();
        if !node.state.covers(synced) {
            return Err(format!("{id} had {synced:?} on disk and has {:?}", node.state));
        }
        synced.merge(&status.synced);
        self.waited = self.waited.max(status.waiting);
        if status.waiting > self.waiting_max {
            return Err(format!("{} entries wait", status.waiting));
        }
        self.met.extend(node.met.drain(..).map(|it| (id, it)));
        Ok(())
    }

    fn may_wipe(&self, _id: Id, net: &Net<Gossip>) -> bool {
        self.wipes_left > 0 && net.ids().len() > 1
    }

    fn wiped(&mut self, old: Id, new: Id, net: &mut Net<Gossip>) {
        self.wipes_left -= 1;
        net.setup.members.retain(|it| *it != old);
        net.setup.members.push(new);
        for id in net.ids() {
            net.ask(id, Ask::Members(net.setup.members.clone()));
        }
    }

    fn disturb(&mut self, net: &mut Net<Gossip>) {
        let ids = net.ids();
        for _ in 0..3 {
            let Some(id) = net.random.pick(&ids).filter(|_| self.offers_max > 0) else { return };
            let count = 1 + net.random.below(self.offers_max);
            let data = (0..count).map(|_| self.data(&mut net.random)).collect();
            net.ask(id, Ask::Offer(data));
        }
        let Some(id) = net.random.pick(&ids).filter(|_| self.is_restless) else { return };
        if net.random.chance(self.checkpoints) {
            net.ask(id, Ask::Checkpoint);
        }
        if net.random.chance(50) {
            let fanout = net.random.within((1, 4)) as usize;
            net.ask(id, Ask::Fanout(fanout));
        }
    }
}
