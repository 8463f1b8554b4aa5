//! A directory of the operating system.
//!
//! Promise: every call is the system call it is named after, on one directory that is opened once.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};

use super::{Disk, DiskFile, LockGuard};

/// A directory on a real file system.
#[derive(Debug)]
pub struct RealDisk {
    path: PathBuf,
    dir: File,
}

impl RealDisk {
    /// Opens the directory at `path`, making it and its parents if needed.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Arc<RealDisk>> {
        let path = path.as_ref().to_path_buf();
        if !path.is_dir() {
            std::fs::create_dir_all(&path)?;
            sync_parents(&path)?;
        }
        let dir = File::open(&path)?;
        Ok(Arc::new(RealDisk { path, dir }))
    }
}

/// The names of freshly made directories live in their parents; we cannot tell how many levels
/// were new, so the nearest few are synced.
fn sync_parents(path: &Path) -> io::Result<()> {
    let absolute = path.canonicalize()?;
    for parent in absolute.ancestors().skip(1).take(2) {
        match File::open(parent) {
            Ok(dir) => dir.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Disk for RealDisk {
    fn dir(&self, name: &str) -> io::Result<Arc<dyn Disk>> {
        let path = self.path.join(name);
        if !path.is_dir() {
            std::fs::create_dir(&path)?;
            self.sync_dir()?;
        }
        Ok(RealDisk::open(path)?)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut how = OpenOptions::new();
        let file = how.read(true).write(true).create_new(true).open(self.path.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(self.path.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.dir.sync_all()
    }

    fn lock(&self, name: &str) -> io::Result<Box<dyn LockGuard>> {
        let mut how = OpenOptions::new();
        let file =
            how.read(true).write(true).create(true).truncate(false).open(self.path.join(name))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Box::new(RealLock { _held: file }))
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

/// The kernel lets go of the lock when the file is closed, so also when the process dies.
struct RealLock {
    _held: File,
}

impl LockGuard for RealLock {}
