//! Waiting for something to become true.

use std::thread;
use std::time::{Duration, Instant};

/// Looks again and again until `look` finds something; an error with `what` when the time is over.
pub(crate) fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            anyhow::bail!("waited {limit:?} in vain for {what}");
        }
        thread::sleep(Duration::from_millis(50));
    }
}
