//! How a member is, from what is heard of it: up, suspect, dead, gone.
//!
//! ```text
//! up --(a beat missed)--> suspect --(so many missed, and gossip lost it)--> dead --(the grace is over)--> gone
//! any --(it is heard of again)--> up
//! ```
//!
//! Promise: nobody is dead whom this node or, by gossip, any other one hears; and no beat counts as missed
//! that came while this node itself did not run.

/// Beats missed in a row, on the link, after which a member that gossip has lost too is dead. Gossip alone
/// takes longer; this keeps a moment's loss of both from being a death.
const DEAD_MISSED: u32 = 4;
/// A beat that comes so late says that this node stood still.
const STALL_MS: u64 = 1_000;

/// What a member is taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Health {
    /// It is heard of on its link.
    Up,
    /// It is not; others may hear it, or it may be dead soon.
    Suspect,
    /// Nobody hears it.
    Dead,
    /// It has been dead for longer than its sessions live on.
    Gone,
}

/// One member, watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    health: Health,
    missed: u32,
    beat_ms: u64,
    dead_ms: u64,
}

impl Watch {
    /// Somebody of whom nothing is known yet is no worse than suspect.
    pub(super) fn new(now_ms: u64) -> Watch {
        Watch { health: Health::Suspect, missed: 0, beat_ms: now_ms, dead_ms: 0 }
    }

    pub(super) fn health(&self) -> Health {
        self.health
    }

    /// One beat: is it heard on its link, and does gossip have it alive?
    pub(super) fn beat(&mut self, now_ms: u64, is_linked: bool, is_live: bool, grace_ms: u64) {
        let is_stalled = now_ms.saturating_sub(self.beat_ms) > STALL_MS;
        self.beat_ms = now_ms;
        if is_linked {
            (self.health, self.missed) = (Health::Up, 0);
            return;
        }
        if is_stalled {
            return;
        }
        self.missed = self.missed.saturating_add(1);
        self.health = match self.health {
            _ if is_live || self.missed < DEAD_MISSED => Health::Suspect,
            Health::Up | Health::Suspect => {
                self.dead_ms = now_ms;
                Health::Dead
            }
            Health::Dead if now_ms - self.dead_ms >= grace_ms => Health::Gone,
            Health::Dead | Health::Gone => self.health,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Health::{Dead, Gone, Suspect, Up};

    const GRACE_MS: u64 = 5_000;
    const BEAT_MS: u64 = 250;

    struct Watched {
        watch: Watch,
        now_ms: u64,
    }

    impl Watched {
        fn up() -> Watched {
            let mut it = Watched { watch: Watch::new(0), now_ms: 0 };
            assert_eq!(it.beats(1, true, true), Up);
            it
        }

        fn beats(&mut self, beats: u64, is_linked: bool, is_live: bool) -> Health {
            for _ in 0..beats {
                self.now_ms += BEAT_MS;
                self.watch.beat(self.now_ms, is_linked, is_live, GRACE_MS);
            }
            self.watch.health()
        }
    }

    #[test]
    fn who_falls_silent_is_suspect_then_dead_then_gone() {
        let mut it = Watched::up();
        assert_eq!(it.beats(3, false, false), Suspect);
        assert_eq!(it.beats(1, false, false), Dead);
        assert_eq!(it.beats(GRACE_MS / BEAT_MS - 1, false, false), Dead);
        assert_eq!(it.beats(1, false, false), Gone);
        assert_eq!(it.beats(100, false, false), Gone);
    }

    #[test]
    fn who_is_heard_of_again_is_up_whatever_it_was_taken_for() {
        for silent in [1, 4, 100] {
            let mut it = Watched::up();
            it.beats(silent, false, false);
            assert_eq!(it.beats(1, true, false), Up);
            assert_eq!(it.beats(3, false, false), Suspect, "beats are counted anew");
        }
    }

    #[test]
    fn whom_only_others_hear_is_suspect_and_never_dead() {
        let mut it = Watched::up();
        assert_eq!(it.beats(1_000, false, true), Suspect);
        assert_eq!(it.beats(1, false, false), Dead);
        assert_eq!(it.beats(1, false, true), Suspect, "gossip had lost it for a moment");
    }

    #[test]
    fn a_node_that_stood_still_holds_that_against_nobody() {
        let mut it = Watched::up();
        it.now_ms += 60_000;
        assert_eq!(it.beats(1, false, false), Up, "its link has yet to come up again");
        assert_eq!(it.beats(3, false, false), Suspect);
        assert_eq!(it.beats(1, false, false), Dead);
    }
}
