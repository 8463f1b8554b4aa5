//! Answers to what peers ask for.
//!
//! Promise: an answer holds no more data than asked for and than a message may, but one entry at least if
//! there is one; what is only in the state is said to be there.

use super::limits::RANGES_PER_ASK_MAX;
use super::{Ask, Log, Machine, Origin, Part};

impl Machine {
    pub(super) fn answer(&mut self, from: Origin, ask: &Ask, log: &impl Log) {
        let bytes_max = usize::try_from(ask.bytes_max).unwrap_or(usize::MAX);
        let mut left = bytes_max.min(self.limits.part_bytes_max);
        let mut entries = Vec::new();
        let mut is_purged = false;
        for range in ask.ranges.iter().take(RANGES_PER_ASK_MAX) {
            let Some(branch) = self.branches.get(&range.origin) else { continue };
            if range.after < branch.floor && range.upto > range.after {
                is_purged = true;
                continue;
            }
            if ask.is_graft {
                self.graft(range.origin, from);
            }
            if left > 0 && range.after < range.upto {
                let before = entries.len();
                self.read(range.origin, range.after, range.upto, left, log, &mut entries);
                let bytes: usize = entries[before..].iter().map(|it| it.data.len()).sum();
                left = left.saturating_sub(bytes.max(1));
            }
        }
        for range in &ask.ranges {
            self.hear(from, range.origin, range.after);
        }
        self.counters.bodies_answered += entries.len() as u64;
        self.to(from).parts.push(Part { id: ask.id, entries });
        if is_purged {
            self.tell(from, None);
        }
    }
}
