//! Wakes a shard; rings once however many call.

use mio::Waker;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct Alarm {
    waker: Waker,
    is_ringing: AtomicBool,
}

impl Alarm {
    pub(crate) fn new(waker: Waker) -> Alarm {
        Alarm { waker, is_ringing: AtomicBool::new(false) }
    }

    /// Called after something was put where the shard looks.
    pub(crate) fn ring(&self) {
        if !self.is_ringing.swap(true, Ordering::SeqCst)
            && let Err(error) = self.waker.wake()
        {
            self.is_ringing.store(false, Ordering::SeqCst); // The next caller tries again.
            tracing::error!(%error, "cannot wake an irc shard");
        }
    }

    /// Called by the shard before it looks.
    pub(crate) fn heard(&self) {
        self.is_ringing.store(false, Ordering::SeqCst);
    }
}
