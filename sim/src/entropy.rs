//! The process's entropy: a stream from one seed instead of the kernel's.
//!
//! Promise: in a process that called [`seed`] before it started a thread for the simulation, that
//! thread's `HashMap`s, its `rand::rng()` and Tokio's choices in `select!` are the same at each run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static IS_SEEDED: AtomicBool = AtomicBool::new(false);
static STATE: AtomicU64 = AtomicU64::new(0);

/// From now on, all entropy follows from this number.
pub(crate) fn seed(seed: u64) {
    STATE.store(seed, Ordering::SeqCst);
    IS_SEEDED.store(true, Ordering::SeqCst);
}

/// Steele, Lea, Flood: SplitMix64.
fn next() -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut it = STATE.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

/// Takes the place of libc's function of this name, through which the standard library (keys of
/// `HashMap`s) and getrandom 0.3 (seeds of rand 0.9's thread rng) ask for entropy.
///
/// Before [`seed`] it gives zeros: nothing in this program is a secret.
///
/// # Safety
/// As getrandom(2): `into` points to `len` writable bytes.
#[allow(unsafe_code)] // An exported symbol, and C's pointer and length; nothing else works here.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getrandom(into: *mut u8, len: usize, _flags: u32) -> isize {
    if len == 0 {
        return 0; // Asked whether the call exists; the pointer may be dangling.
    }
    // SAFETY: the caller promises it.
    let into = unsafe { std::slice::from_raw_parts_mut(into, len) };
    into.fill(0);
    if IS_SEEDED.load(Ordering::SeqCst) {
        for part in into.chunks_mut(8) {
            part.copy_from_slice(&next().to_le_bytes()[..part.len()]);
        }
    }
    len as isize
}
