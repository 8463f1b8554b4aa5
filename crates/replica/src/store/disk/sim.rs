//! A disk in memory that forgets as badly as a real one may.
//!
//! Promise: after `crash`, everything synced is there; of what was not, every 512-byte sector is
//! independently any of the versions written since the last sync, and of the un-synced directory
//! changes some first part happened. The same seed gives the same outcome.

mod contents;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::{Disk, DiskFile, LockGuard, SYNC_TAKES};
use contents::{Inode, NameChange, Names};

/// A simulated disk with all its directories. Clones and `dir`s share the same contents.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    dir: String,
    incarnation: u64,
}

#[derive(Clone, Default)]
struct State {
    incarnation: u64, // Goes up at each crash: handles of a dead process must not write.
    files: Vec<Inode>,
    dirs: BTreeMap<String, Names>,
    locks: BTreeSet<String>,
    syncs: u64,
    operations: u64,
    faults: Vec<(u64, i32, bool)>, // From which operation, which errno, for ever.
    room: Option<u64>,             // Bytes by which files may still grow; `None`: no limit.
    delay: Duration,               // What a sync takes, besides what it takes anyway.
}

impl Default for SimDisk {
    fn default() -> SimDisk {
        SimDisk::new()
    }
}

impl SimDisk {
    /// An empty disk.
    pub fn new() -> SimDisk {
        SimDisk { state: Arc::default(), dir: String::new(), incarnation: 0 }
    }

    /// Loses power: un-synced writes are dropped, torn and reordered as `seed` says, locks are
    /// released, faults end, and handles from before fail for ever. Returns the disk (its top
    /// directory) as the next process finds it.
    pub fn crash(&self, seed: u64) -> SimDisk {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut state = self.locked();
        for names in state.dirs.values_mut() {
            names.crash(&mut rng);
        }
        for file in &mut state.files {
            file.crash(&mut rng);
        }
        state.free_nameless();
        drop(state);
        self.next_process()
    }

    /// Kills the process but not the machine: everything written stays, synced or not. Handles from
    /// before fail for ever.
    pub fn kill(&self) -> SimDisk {
        self.next_process()
    }

    /// An independent copy of the whole disk as it is, un-synced writes and all, for another
    /// process: what happens to one does not happen to the other.
    pub fn fork(&self) -> SimDisk {
        let state = Arc::new(Mutex::new(self.locked().clone()));
        SimDisk { state, dir: String::new(), incarnation: self.incarnation }.kill()
    }

    /// A directory inside this one; `flip` and `list` then mean its files.
    pub fn sub(&self, name: &str) -> SimDisk {
        let dir = format!("{}/{name}", self.dir);
        SimDisk { state: self.state.clone(), dir, incarnation: self.incarnation }
    }

    /// Flips the bits of `mask` in one byte of a file, now and on the platter. Returns whether
    /// there was such a byte.
    pub fn flip(&self, name: &str, offset: u64, mask: u8) -> bool {
        let mut state = self.locked();
        let Some(inode) = state.dirs.get(&self.dir).and_then(|it| it.now.get(name)).copied() else {
            return false;
        };
        match state.files[inode].now.get_mut(offset as usize) {
            Some(byte) => {
                *byte ^= mask;
                true
            }
            None => false,
        }
    }

    /// Lets the next `operations` writing calls (write, sync, create, rename, remove, set length)
    /// pass, then fails one of them, or all for ever, with `errno`.
    pub fn fail_after(&self, operations: u64, errno: i32, for_ever: bool) {
        let mut state = self.locked();
        let from = state.operations + operations;
        state.faults.push((from, errno, for_ever));
    }

    /// Lets files grow by `room` bytes more. Then the disk is full: of a write the part that fits is
    /// done, and the rest fails with ENOSPC. Also for the next process, until `heal`.
    pub fn fill(&self, room: u64) {
        self.locked().room = Some(room);
    }

    /// Every sync takes that much longer, until `heal`.
    pub fn slow(&self, delay: Duration) {
        self.locked().delay = delay;
    }

    /// Ends all faults asked for by `fail_after`, `fill` and `slow`.
    pub fn heal(&self) {
        let mut state = self.locked();
        state.faults.clear();
        (state.room, state.delay) = (None, Duration::ZERO);
    }

    /// How many file and directory syncs succeeded so far.
    pub fn syncs(&self) -> u64 {
        self.locked().syncs
    }

    /// How many writing calls were made so far.
    pub fn operations(&self) -> u64 {
        self.locked().operations
    }

    fn next_process(&self) -> SimDisk {
        let mut state = self.locked();
        state.incarnation += 1;
        state.locks.clear();
        state.faults.clear();
        let incarnation = state.incarnation;
        SimDisk { state: self.state.clone(), dir: String::new(), incarnation }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.locked();
        if state.incarnation != self.incarnation {
            return Err(io::Error::other("this process died"));
        }
        Ok(state)
    }

    /// Counts one writing call, which may be the one that fails.
    fn writing(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.alive()?;
        state.operations += 1;
        let at = state.operations;
        let hit = state.faults.iter().position(
            |&(from, _, for_ever)| {
                if for_ever { at > from } else { at == from + 1 }
            },
        );
        if let Some(hit) = hit {
            return Err(io::Error::from_raw_os_error(state.faults[hit].1));
        }
        Ok(state)
    }

    fn handle(&self, inode: usize) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), inode })
    }
}

impl State {
    /// Lets go of files that no name leads to; nobody holds them open after a crash.
    fn free_nameless(&mut self) {
        let named: BTreeSet<usize> =
            self.dirs.values().flat_map(|it| it.now.values().copied()).collect();
        for (inode, file) in self.files.iter_mut().enumerate() {
            if !named.contains(&inode) {
                *file = Inode::default();
            }
        }
    }

    /// Takes up to `bytes` of the room that is left; gives how many there were.
    fn take_room(&mut self, bytes: u64) -> u64 {
        let taken = bytes.min(self.room.unwrap_or(bytes));
        self.room = self.room.map(|it| it - taken);
        taken
    }

    fn names(&mut self, dir: &str) -> &mut Names {
        self.dirs.entry(dir.to_owned()).or_default()
    }
}

impl Disk for SimDisk {
    fn dir(&self, name: &str) -> io::Result<Arc<dyn Disk>> {
        drop(self.alive()?);
        Ok(Arc::new(self.sub(name)))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.alive()?.names(&self.dir).now.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.writing()?;
        if state.names(&self.dir).now.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if state.room == Some(0) {
            return Err(full());
        }
        let inode = state.files.len();
        state.files.push(Inode::default());
        state.names(&self.dir).change(NameChange::Set(name.to_owned(), inode));
        Ok(self.handle(inode))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.alive()?;
        let inode = state.names(&self.dir).now.get(name).copied();
        inode.map(|it| self.handle(it)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.writing()?;
        let names = state.names(&self.dir);
        if !names.now.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        names.change(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.writing()?;
        let names = state.names(&self.dir);
        if !names.now.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        names.change(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.writing()?;
        state.names(&self.dir).sync();
        state.syncs += 1;
        Ok(())
    }

    fn sync_takes(&self) -> Duration {
        SYNC_TAKES + self.locked().delay
    }

    fn lock(&self, name: &str) -> io::Result<Box<dyn LockGuard>> {
        let mut state = self.alive()?;
        let name = format!("{}/{name}", self.dir);
        if !state.locks.insert(name.clone()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(SimLock { disk: self.clone(), name }))
    }
}

fn full() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOSPC)
}

struct SimLock {
    disk: SimDisk,
    name: String,
}

impl LockGuard for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        if let Ok(mut state) = self.disk.alive() {
            state.locks.remove(&self.name);
        }
    }
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
}

impl DiskFile for SimFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let state = self.disk.alive()?;
        let bytes = &state.files[self.inode].now;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let from = start.checked_add(into.len()).and_then(|end| bytes.get(start..end));
        into.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.writing()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let grown = (offset + bytes.len()).saturating_sub(state.files[self.inode].now.len());
        let missing = grown - state.take_room(grown as u64) as usize;
        let fits = bytes.len().saturating_sub(missing);
        state.files[self.inode].write(offset, &bytes[..fits]);
        if missing > 0 { Err(full()) } else { Ok(()) }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.writing()?;
        state.files[self.inode].sync();
        state.syncs += 1;
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.alive()?.files[self.inode].now.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.writing()?;
        let len = usize::try_from(len).map_err(io::Error::other)?;
        state.files[self.inode].set_len(len);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_does_not_fit_a_full_disk_the_first_part_is_written() {
        let disk = SimDisk::new();
        let file = disk.create("a").expect("there is room");
        file.write_at(0, b"1234").expect("there is room");
        disk.fill(2);
        file.write_at(0, b"abcd").expect("it needs no room");
        let full = file.write_at(4, b"5678").expect_err("it does not fit");
        assert_eq!(full.raw_os_error(), Some(libc::ENOSPC));
        assert_eq!(disk.read("a").expect("it can be read"), b"abcd56");
        assert!(disk.create("b").is_err());

        let disk = disk.kill();
        assert!(disk.create("b").is_err(), "a new process finds it full as well");
        disk.heal();
        disk.create("b").expect("there is room again");
    }

    #[test]
    fn a_slow_disk_says_so_until_it_is_healed() {
        let disk = SimDisk::new();
        disk.slow(Duration::from_millis(50));
        assert_eq!(disk.sync_takes(), SYNC_TAKES + Duration::from_millis(50));
        disk.heal();
        assert_eq!(disk.sync_takes(), SYNC_TAKES);
    }
}
