//! A disk that lies: the shim that is loaded into a node, and both its ends here.

pub(crate) mod journal;
pub(crate) mod rollback;
#[cfg(test)]
mod tests;

use anyhow::{Context, bail};
use rollback::{Keep, Lost};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which calls fail; the same numbers stand in `shim.c`.
pub(crate) const FAIL_WRITES: u32 = 1;
pub(crate) const FAIL_SYNCS: u32 = 2;
/// Those that need more room: what a full disk says.
pub(crate) const FAIL_GROWTH: u32 = 4;
/// Syncs that say yes and do nothing: no fault to survive, but one that this program must find.
const FORGET_SYNCS: u32 = 8;

/// errno(3) of Linux.
pub(crate) const EIO: u32 = 5;
pub(crate) const ENOSPC: u32 = 28;

/// Compiles the shim into this directory.
pub(crate) fn build_shim(dir: &Path) -> anyhow::Result<PathBuf> {
    let (source, shim) = (dir.join("shim.c"), dir.join("shim.so"));
    fs::write(&source, include_str!("shim.c"))?;
    let out = Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .args([&shim, &source])
        .arg("-lpthread")
        .output()
        .context("cc cannot be started; install a C compiler (gcc or clang)")?;
    if !out.status.success() {
        bail!("the shim cannot be compiled:\n{}", String::from_utf8_lossy(&out.stderr));
    }
    Ok(shim)
}

/// The disk of one node: what it says lies under `root`, what it really holds stands in `dir`.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    dir: PathBuf,
    shim: PathBuf,
    /// What fails when nothing is meant to.
    planted: u32,
}

impl Disk {
    pub(crate) fn new(root: PathBuf, dir: PathBuf, shim: PathBuf) -> anyhow::Result<Disk> {
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("control"), [0; 16])?;
        fs::write(dir.join("journal"), [])?;
        Ok(Disk { root, dir, shim, planted: 0 })
    }

    /// From now on no sync does anything, ever.
    pub(crate) fn forget_syncs(&mut self) -> anyhow::Result<()> {
        self.planted = FORGET_SYNCS;
        self.heal()
    }

    /// Where a node puts its files.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What makes a process use it.
    pub(crate) fn environment(&self) -> [(&'static str, &Path); 3] {
        [
            ("LD_PRELOAD", &self.shim),
            ("LYING_DISK_ROOT", &self.root),
            ("LYING_DISK_JOURNAL", &self.dir),
        ]
    }

    /// Before a process starts, after one has ended.
    pub(crate) fn compact(&self) -> anyhow::Result<()> {
        rollback::compact(&self.root, &self.dir).context("the journal of the lying disk")
    }

    /// The process is dead; now it loses what it did not sync.
    pub(crate) fn lose_power(&self, keep: Keep) -> anyhow::Result<Lost> {
        rollback::lose_power(&self.root, &self.dir, keep).context("the journal of the lying disk")
    }

    /// An empty disk. The process is dead.
    pub(crate) fn wipe(&self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.root)?;
        Ok(rollback::clear(&self.dir)?)
    }

    /// From now on `which` calls fail with `error`.
    pub(crate) fn fail(&self, which: u32, error: u32) -> anyhow::Result<()> {
        self.control(4, error)?;
        self.control(0, which | self.planted)
    }

    /// From now on a sync takes so much longer.
    pub(crate) fn slow(&self, sync_ms: u32) -> anyhow::Result<()> {
        self.control(8, sync_ms)
    }

    /// An honest disk again.
    pub(crate) fn heal(&self) -> anyhow::Result<()> {
        self.fail(self.planted, 0)?;
        self.slow(0)
    }

    fn control(&self, at: u64, value: u32) -> anyhow::Result<()> {
        let file = File::options().write(true).open(self.dir.join("control"))?;
        Ok(file.write_all_at(&value.to_le_bytes(), at)?)
    }
}
