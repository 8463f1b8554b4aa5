//! Between the one who submits and the one who writes.
//!
//! Promise: held for copying bytes only, never while the disk works. `synced` only goes up.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::LogError;
use super::index::Lsn;
use crate::store::disk::DiskFile;

/// What both sides hold on to.
pub(super) struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// All below is on disk.
    pub(super) synced: AtomicU64,
}

/// What both sides see.
pub(super) struct State {
    /// Encoded, unsealed frames, and the place of the first in the stream.
    pub(super) pending: Vec<u8>,
    pub(super) pending_lsn: Lsn,
    /// Where in `pending` each ticket ends.
    pub(super) tickets: VecDeque<(usize, u64)>,
    /// Bytes the writer took and has not yet synced.
    pub(super) in_flight: usize,
    /// Which stretch of the stream lies where, oldest first.
    pub(super) extents: VecDeque<Extent>,
    /// Segments to recycle, oldest first, each once the stream is synced up to there.
    pub(super) released: VecDeque<(u64, Lsn)>,
    pub(super) poisoned: Option<LogError>,
    pub(super) is_stopping: bool,
}

/// A stretch of the stream that lies in one piece in one segment.
#[derive(Clone)]
pub(super) struct Extent {
    pub(super) lsn: Lsn,
    pub(super) len: u64,
    pub(super) segment: u64,
    pub(super) offset: u64,
    pub(super) file: Arc<dyn DiskFile>,
}

impl Shared {
    pub(super) fn new(extents: VecDeque<Extent>, lsn: Lsn) -> Shared {
        let state = State {
            pending: Vec::new(),
            pending_lsn: lsn,
            tickets: VecDeque::new(),
            in_flight: 0,
            extents,
            released: VecDeque::new(),
            poisoned: None,
            is_stopping: false,
        };
        Shared { state: Mutex::new(state), wake: Condvar::new(), synced: AtomicU64::new(lsn) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notify(&self) {
        self.wake.notify_one();
    }

    /// Blocks until there is something to write; `false` if there never will be again.
    pub(super) fn wait_for_work(&self) -> bool {
        let mut state = self.lock();
        while state.tickets.is_empty() && !state.is_stopping {
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !state.tickets.is_empty() && state.poisoned.is_none()
    }
}
