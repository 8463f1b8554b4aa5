//! Whether this node stood still: stopped, suspended, or starved of its processor.
//!
//! A node that did not run for so long may have been declared dead meanwhile. What its clients saw last is
//! as old as that, and nobody could tell them.

/// No tick for so long is no busy moment: others may have declared this node dead.
const STALL_MS: u64 = 1_200;
/// What the directory says within this time after a stall came of it: links come up, and what happened
/// meanwhile is applied.
const RECENT_MS: u64 = 15_000;

/// The machine.
#[derive(Debug, Default)]
pub(super) struct Stall {
    ticked_ms: Option<u64>,
    ended_ms: Option<u64>,
}

impl Stall {
    /// Every tick. Gives back for how long the node stood still, if it did.
    pub(super) fn tick(&mut self, now_ms: u64) -> Option<u64> {
        let stood_ms = now_ms.saturating_sub(self.ticked_ms.replace(now_ms)?);
        if stood_ms < STALL_MS {
            return None;
        }
        self.ended_ms = Some(now_ms);
        Some(stood_ms)
    }

    /// It stood still, and may still hear what came of that.
    pub(super) fn is_recent(&self, now_ms: u64) -> bool {
        self.ended_ms.is_some_and(|it| now_ms - it < RECENT_MS)
    }

    /// What came of it was heard.
    pub(super) fn forget(&mut self) {
        self.ended_ms = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_a_tick_that_is_missing_for_long_and_is_over_some_time_later() {
        let mut it = Stall::default();
        assert_eq!(it.tick(50_000), None, "the first tick of all is late for nothing");
        assert_eq!(it.tick(50_900), None);
        assert!(!it.is_recent(50_900));
        assert_eq!(it.tick(60_900), Some(10_000));
        assert!(it.is_recent(75_899));
        assert!(!it.is_recent(75_900));
        assert_eq!(it.tick(80_900), Some(20_000));
        it.forget();
        assert!(!it.is_recent(80_900));
    }
}
