//! Power is lost: what was never synced goes.
//!
//! Promise: what was synced stays. Of the rest a seeded part stays, or nothing: bytes by 512-byte
//! sectors, changes of a directory's names up to some point. Both are what a disk with a write cache
//! and a journaling file system may show.

use super::journal::{self, Note, What};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

const SECTOR: u64 = 512;

/// What stays of the changes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// A part that this seed chooses.
    Some(u64),
}

/// How much was taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) writes: usize,
    pub(crate) names: usize,
}

/// Takes back what was not synced under `root`; the journal is empty afterwards. The process is dead.
pub(crate) fn lose_power(root: &Path, dir: &Path, keep: Keep) -> io::Result<Lost> {
    let notes = journal::read(&dir.join("journal"))?;
    let safe = journal::safe(&notes);
    let is_lost = |it: &&Note| safe.get(&it.inode).is_none_or(|upto| it.number > *upto);
    let lost: Vec<&Note> = notes.iter().filter(is_lost).collect();
    let files = inodes(root, dir)?;
    let mut count = Lost::default();
    // Bytes belong to inodes and names to directories: one can be taken back after the other.
    for note in lost.iter().rev() {
        if let Some(path) = files.get(&note.inode) {
            count.writes += usize::from(undo_bytes(note, path, keep)?);
        }
    }
    for note in lost_names(&lost, keep).iter().rev() {
        if let Some(path) = files.get(&note.inode) {
            undo_name(note, path, dir)?;
            count.names += 1;
        }
    }
    clear(dir)?;
    Ok(count)
}

/// Forgets what is safe, and what is no file any more. The process is dead.
pub(crate) fn compact(root: &Path, dir: &Path) -> io::Result<()> {
    let path = dir.join("journal");
    if !path.exists() {
        return Ok(());
    }
    let notes = journal::read(&path)?;
    let safe = journal::safe(&notes);
    let is_lost = |it: &&Note| {
        let is_sync = matches!(it.what, What::Sync { .. });
        !is_sync && safe.get(&it.inode).is_none_or(|upto| it.number > *upto)
    };
    for note in notes.iter().filter(|it| !is_lost(it)) {
        if let What::Rename { saved: Some(saved), .. } | What::Unlink { saved: Some(saved), .. } =
            note.what
        {
            let _ = fs::remove_file(dir.join(format!("saved-{saved}")));
        }
    }
    let files = inodes(root, dir)?;
    let stays = notes.iter().filter(is_lost).filter(|it| files.contains_key(&it.inode));
    journal::write(&path, stays)
}

/// Forgets everything.
pub(crate) fn clear(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("saved-") {
            fs::remove_file(entry.path())?;
        }
    }
    fs::write(dir.join("journal"), [])
}

/// Whether anything was taken back.
fn undo_bytes(note: &Note, path: &Path, keep: Keep) -> io::Result<bool> {
    let (at, old, size) = match &note.what {
        What::Write { at, old, size } => (*at, old.as_slice(), *size),
        What::Resize { from } => (*from, [].as_slice(), *from),
        _ => return Ok(false),
    };
    let file = File::options().write(true).open(path)?;
    for (offset, piece) in sectors(at, old) {
        if !keeps(keep, note.inode, offset / SECTOR) {
            file.write_all_at(piece, offset)?;
        }
    }
    let length = file.metadata()?.len();
    if length < size || !keeps(keep, note.inode, u64::MAX) {
        file.set_len(size)?;
        return Ok(true);
    }
    // The length reached the disk, and where the bytes did not there is nothing.
    let zeros = [0; SECTOR as usize];
    let mut from = size;
    while from < length {
        let to = length.min((from / SECTOR + 1) * SECTOR);
        if !keeps(keep, note.inode, from / SECTOR) {
            let many = usize::try_from(to - from).expect("at most a sector");
            file.write_all_at(&zeros[..many], from)?;
        }
        from = to;
    }
    Ok(true)
}

fn undo_name(note: &Note, dir: &Path, journal: &Path) -> io::Result<()> {
    let restore = |saved: &Option<u32>, name: &str| match saved {
        Some(it) => fs::rename(journal.join(format!("saved-{it}")), dir.join(name)),
        None => Ok(()),
    };
    let done = match &note.what {
        What::Create { name, is_dir: true } => fs::remove_dir_all(dir.join(name)),
        What::Create { name, is_dir: false } => fs::remove_file(dir.join(name)),
        What::Rename { from, to, saved } => {
            fs::rename(dir.join(to), dir.join(from)).and_then(|()| restore(saved, to))
        }
        What::Unlink { name, saved } => restore(saved, name),
        What::Write { .. } | What::Resize { .. } | What::Sync { .. } => Ok(()),
    };
    match done {
        // Noted, and killed before it was done.
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Those changes of names that are lost: in each directory all after some point.
fn lost_names<'a>(lost: &[&'a Note], keep: Keep) -> Vec<&'a Note> {
    let is_name = |it: &&&Note| {
        matches!(it.what, What::Create { .. } | What::Rename { .. } | What::Unlink { .. })
    };
    let names: Vec<&Note> = lost.iter().filter(is_name).copied().collect();
    let mut kept: HashMap<u64, u64> = HashMap::new();
    if let Keep::Some(seed) = keep {
        let mut counts: HashMap<u64, u64> = HashMap::new();
        names.iter().for_each(|it| *counts.entry(it.inode).or_default() += 1);
        kept = counts.iter().map(|(dir, all)| (*dir, mix(seed ^ dir) % (all + 1))).collect();
    }
    let is_lost = |it: &&Note| match kept.get_mut(&it.inode) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    };
    names.into_iter().filter(is_lost).collect()
}

fn keeps(keep: Keep, inode: u64, sector: u64) -> bool {
    match keep {
        Keep::Nothing => false,
        Keep::Some(seed) => mix(mix(seed ^ inode).wrapping_add(sector)) & 1 == 1,
    }
}

/// Splitmix64.
fn mix(seed: u64) -> u64 {
    let mut it = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

/// Pieces of `bytes`, which begin at `at`, that end where sectors end.
fn sectors(at: u64, bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut pieces = Vec::new();
    let (mut at, mut rest) = (at, bytes);
    while !rest.is_empty() {
        let left = usize::try_from(SECTOR - at % SECTOR).expect("at most a sector");
        let (piece, after) = rest.split_at(left.min(rest.len()));
        pieces.push((at, piece));
        at += piece.len() as u64;
        rest = after;
    }
    pieces
}

/// Where each file and directory is now, the saved ones included.
fn inodes(root: &Path, dir: &Path) -> io::Result<HashMap<u64, PathBuf>> {
    let mut found = HashMap::new();
    let mut folders = vec![dir.to_owned(), root.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        found.insert(fs::metadata(&folder)?.ino(), folder.clone());
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let about = fs::symlink_metadata(&path)?;
            match about.is_dir() {
                true => folders.push(path),
                false => drop(found.insert(about.ino(), path)),
            }
        }
    }
    Ok(found)
}
