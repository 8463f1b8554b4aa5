//! Bugs that the simulation plants, to prove that it would find them.
//!
//! Promise: without the feature `failpoints` the switch is the constant `false`.

/// Whether the bug of this name is planted. `sim/src/plants` has a row for each.
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
