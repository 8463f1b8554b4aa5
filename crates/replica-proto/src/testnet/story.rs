//! What happened, for whoever has to understand a failed run.

use std::collections::VecDeque;

/// Lines kept of a run.
const LINES_MAX: usize = 20_000;

#[derive(Default)]
pub(crate) struct Story {
    is_told: bool,
    lines: VecDeque<String>,
}

impl Story {
    pub(super) fn new(is_told: bool) -> Story {
        Story { is_told, lines: VecDeque::new() }
    }

    /// One more line; it is made only if somebody wants the story.
    pub(crate) fn tell(&mut self, us: u64, line: impl FnOnce() -> String) {
        if !self.is_told {
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>6}.{:03} {}", us / 1000, us % 1000, line()));
    }

    pub(super) fn last(&self, count: usize) -> String {
        let skipped = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(skipped).map(|it| format!("{it}\n")).collect()
    }
}
