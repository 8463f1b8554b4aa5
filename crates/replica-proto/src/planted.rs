//! Bugs that the simulation plants, to prove that it would find them.
//!
//! Promise: without the feature `failpoints` the switch is the constant `false`. In this crate's own
//! tests it belongs to the thread, so that a test with a bug planted disturbs no other. The crates above
//! use the same switch, and need the crate `fail` for it.

/// Whether the bug of this name is planted. `sim/src/plants` has a row for each.
#[cfg(not(test))]
#[macro_export]
macro_rules! planted {
    ($name:literal) => {{
        #[inline(always)]
        fn is_planted() -> bool {
            fail::fail_point!($name, |_| true);
            false
        }
        is_planted()
    }};
}
#[cfg(test)]
macro_rules! planted {
    ($name:literal) => {
        $crate::planted::is_sown($name)
    };
}
pub(crate) use planted;

#[cfg(test)]
thread_local! {
    static SOWN: std::cell::Cell<Option<&'static str>> = const { std::cell::Cell::new(None) };
}

#[cfg(test)]
pub(crate) fn is_sown(name: &str) -> bool {
    SOWN.get() == Some(name)
}

/// Runs with the bug of this name on this thread.
#[cfg(test)]
pub(crate) fn with_planted<T>(name: &'static str, run: impl FnOnce() -> T) -> T {
    SOWN.set(Some(name));
    let result = run();
    SOWN.set(None);
    result
}
