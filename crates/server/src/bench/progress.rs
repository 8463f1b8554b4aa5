//! What people see while a run lasts: one line on stderr, and nothing where nobody looks.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Silent if asked to be, or if stderr is no terminal.
    pub(super) fn new(is_silent: bool) -> Progress {
        if is_silent || !stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let style =
            ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {pos}/{len} {elapsed}")
                .expect("the template is a constant");
        let bar = ProgressBar::new(0).with_style(style.progress_chars("=> "));
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress(bar)
    }

    pub(super) fn phase(&self, name: impl Into<String>, total: usize) {
        self.0.reset_elapsed();
        self.0.set_message(name.into());
        self.0.set_length(total as u64);
        self.0.set_position(0);
    }

    pub(super) fn at(&self, done: usize) {
        self.0.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
