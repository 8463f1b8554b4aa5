//! What the shim noted: every change to a node's files, with what was there before, and every sync.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

/// The same numbers stand in `shim.c`.
const WRITE: u32 = 1;
const SYNC: u32 = 2;
const CREATE: u32 = 3;
const RENAME: u32 = 4;
const UNLINK: u32 = 5;
const RESIZE: u32 = 6;

const HEAD: usize = 48;

/// One change or sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Grows within a journal.
    pub(crate) number: u64,
    /// Of the file; of a change of names: of their directory.
    pub(crate) inode: u64,
    pub(crate) what: What,
    /// As it stands in the file.
    raw: Vec<u8>,
}

/// What happened, or was about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `old` stood at `at`, in a file of `size` bytes.
    Write {
        at: u64,
        old: Vec<u8>,
        size: u64,
    },
    /// The file was `from` bytes long.
    Resize {
        from: u64,
    },
    /// What was noted up to this number is safe.
    Sync {
        safe: u64,
    },
    Create {
        name: String,
        is_dir: bool,
    },
    /// `saved`: number of the file that was called `to` before.
    Rename {
        from: String,
        to: String,
        saved: Option<u32>,
    },
    Unlink {
        name: String,
        saved: Option<u32>,
    },
}

/// All complete notes; a kill may have cut off the last one.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Note>> {
    let bytes = fs::read(path)?;
    let mut notes = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((note, after)) = parse(rest) {
        notes.push(note);
        rest = after;
    }
    Ok(notes)
}

/// Writes a journal with these notes only.
pub(crate) fn write<'a>(path: &Path, notes: impl Iterator<Item = &'a Note>) -> io::Result<()> {
    let all: Vec<u8> = notes.flat_map(|it| it.raw.iter().copied()).collect();
    fs::write(path, all)
}

/// By inode: up to which number its changes are safe.
pub(crate) fn safe(notes: &[Note]) -> HashMap<u64, u64> {
    let mut safe: HashMap<u64, u64> = HashMap::new();
    for note in notes {
        if let What::Sync { safe: upto } = note.what {
            let entry = safe.entry(note.inode).or_default();
            *entry = upto.max(*entry);
        }
    }
    safe
}

fn parse(bytes: &[u8]) -> Option<(Note, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let small = |at: usize| {
        u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes are four bytes"))
    };
    let large = |at: usize| {
        u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes are eight bytes"))
    };
    let length = usize::try_from(large(24)).ok()?;
    let (tail, after) = rest.split_at_checked(length)?;
    let saved = Some(small(4)).filter(|it| *it > 0);
    let mut names = tail.split(|it| *it == 0).map(|it| String::from_utf8_lossy(it).into_owned());
    let mut name = || names.next().unwrap_or_default();
    let what = match small(0) {
        WRITE => What::Write { at: large(16), old: tail.to_vec(), size: large(32) },
        RESIZE => What::Resize { from: large(16) },
        SYNC => What::Sync { safe: large(16) },
        CREATE => What::Create { name: name(), is_dir: saved.is_some() },
        RENAME => What::Rename { from: name(), to: name(), saved },
        UNLINK => What::Unlink { name: name(), saved },
        kind => panic!("the shim writes no notes of kind {kind}"),
    };
    let raw = bytes[..HEAD + length].to_vec();
    Some((Note { number: large(40), inode: large(8), what, raw }, after))
}
