//! The file layer under both stores: one directory of flat files.
//!
//! Promise: nothing is durable before `sync_data` (contents, length) or `sync_dir` (names)
//! returned without error, and everything before it is durable after.

mod real;
mod sim;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use fail::fail_point;
pub use real::RealDisk;
pub use sim::SimDisk;

/// What a sync takes of simulated time: about what a good disk needs.
const SYNC_TAKES: Duration = Duration::from_micros(200);

/// One directory. Names are plain file names, without separators.
pub trait Disk: Send + Sync + 'static {
    /// Opens a directory inside this one, making it (durably) if it is not there.
    fn dir(&self, name: &str) -> io::Result<Arc<dyn Disk>>;

    /// The names of all files, in order; directories are left out.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes an empty file; fails with `AlreadyExists` if the name is taken.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file for reading and writing; fails with `NotFound`.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name, replacing what had it. Durable after `sync_dir`.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Durable after `sync_dir`; open handles stay usable.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes all names given, changed and removed so far durable.
    fn sync_dir(&self) -> io::Result<()>;

    /// Locks `name` against other holders until the guard is dropped or the process ends.
    /// Fails with `WouldBlock` while somebody else holds it.
    fn lock(&self, name: &str) -> io::Result<Box<dyn LockGuard>>;

    /// How long a sync takes at this moment, for whoever lets simulated time pass around one. A real
    /// disk takes its time by itself.
    fn sync_takes(&self) -> Duration {
        SYNC_TAKES
    }

    /// The whole content of a small file; fails with `NotFound`.
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = self.open(name)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
        file.read_at(0, &mut bytes)?;
        Ok(bytes)
    }

    /// Replaces a small file as a whole: after a crash it holds the old bytes or the new ones.
    /// Durable on return.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let fresh = format!("{name}.tmp");
        match self.remove(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {} // What a crash left of an earlier replace.
        }
        fail_point!("replace.before-write");
        let file = self.create(&fresh)?;
        file.write_at(0, bytes)?;
        fail_point!("replace.before-sync");
        file.sync_data()?;
        fail_point!("replace.before-rename");
        self.rename(&fresh, name)?;
        fail_point!("replace.before-dir-sync");
        self.sync_dir()
    }
}

/// One open file. Usable from several threads; positions are always given.
pub trait DiskFile: Send + Sync + 'static {
    /// Fills `into` from `offset`; fails with `UnexpectedEof` beyond the end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`, growing the file if needed.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes contents and length durable (`fdatasync`). After an error nothing written since the
    /// last success may be trusted, and trying again proves nothing.
    fn sync_data(&self) -> io::Result<()>;

    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file holds no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts the file, or grows it with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;
}

/// Holds a lock until it is dropped.
pub trait LockGuard: Send + Sync {}
