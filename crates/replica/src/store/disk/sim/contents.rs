//! What a simulated disk holds, synced and not, and what a power loss leaves of it.
//!
//! Promise: nothing synced changes in a crash; anything else may be as it was at any sync or write
//! since, sector by sector.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::SmallRng;

const SECTOR: usize = 512; // What a disk writes whole or not at all.
const VERSIONS_MAX: usize = 4; // Of one un-synced sector; older ones are forgotten.

#[derive(Clone, Default)]
pub(super) struct Names {
    pub(super) now: BTreeMap<String, usize>,
    pub(super) synced: BTreeMap<String, usize>,
    pub(super) unsynced: Vec<NameChange>,
}

#[derive(Clone)]
pub(super) enum NameChange {
    Set(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Clone, Default)]
pub(super) struct Inode {
    pub(super) now: Vec<u8>,
    pub(super) synced_len: usize,
    pub(super) older: BTreeMap<usize, Vec<Vec<u8>>>, // Earlier versions of sectors, the synced one first.
}

impl Names {
    pub(super) fn change(&mut self, change: NameChange) {
        apply(&mut self.now, &change);
        self.unsynced.push(change);
    }

    pub(super) fn sync(&mut self) {
        self.synced = self.now.clone();
        self.unsynced.clear();
    }

    pub(super) fn crash(&mut self, rng: &mut SmallRng) {
        let happened = rng.random_range(0..=self.unsynced.len());
        for change in &self.unsynced[..happened] {
            apply(&mut self.synced, change);
        }
        self.now = self.synced.clone();
        self.unsynced.clear();
    }
}

fn apply(names: &mut BTreeMap<String, usize>, change: &NameChange) {
    match change {
        NameChange::Set(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        NameChange::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        NameChange::Remove(name) => {
            names.remove(name);
        }
    }
}

impl Inode {
    /// Keeps what the sectors of `from..to` hold now as something a crash may bring back.
    fn remember(&mut self, from: usize, to: usize) {
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            let start = (sector * SECTOR).min(self.now.len());
            let end = (start + SECTOR).min(self.now.len());
            let versions = self.older.entry(sector).or_default();
            if versions.len() < VERSIONS_MAX {
                versions.push(self.now[start..end].to_vec());
            }
        }
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        self.remember(offset, end);
        if self.now.len() < end {
            self.now.resize(end, 0);
        }
        self.now[offset..end].copy_from_slice(bytes);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let now = self.now.len();
        self.remember(now.min(len), now.max(len));
        self.now.resize(len, 0);
    }

    pub(super) fn sync(&mut self) {
        self.older.clear();
        self.synced_len = self.now.len();
    }

    pub(super) fn crash(&mut self, rng: &mut SmallRng) {
        for (sector, versions) in std::mem::take(&mut self.older) {
            let choice = rng.random_range(0..=versions.len());
            let Some(version) = versions.get(choice) else {
                continue; // The newest version reached the platter.
            };
            let start = sector * SECTOR;
            let end = (start + SECTOR).min(self.now.len());
            for (at, byte) in (start..end).zip(version.iter().chain(std::iter::repeat(&0))) {
                self.now[at] = *byte;
            }
        }
        // The length is one number in the inode: the old one, or any on the way to the new.
        let (low, high) =
            (self.synced_len.min(self.now.len()), self.synced_len.max(self.now.len()));
        self.now.resize(rng.random_range(low..=high), 0);
        self.synced_len = self.now.len();
    }
}
