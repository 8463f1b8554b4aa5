//! The bytes of a link between nodes: frames and the greeting.
//!
//! Whatever whole frames come, they are the bytes that were sent, however these were cut; a greeting,
//! written and read again, is the same.
#![no_main]

use fuzz::peak_bytes_of;
use libfuzzer_sys::fuzz_target;
use replica::net::fuzzing::{frames, hello_again};

const FRAME_BYTES_MAX: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let [cut, stream @ ..] = bytes else { return };
    let pieces = stream.chunks(usize::from(*cut) + 1);
    let (read, peak) = peak_bytes_of(|| frames(pieces, FRAME_BYTES_MAX));
    assert!(peak <= 8 * stream.len() + 4096, "{peak} bytes for {} received", stream.len());
    assert!(stream.starts_with(&read.again));
    let whole = frames([stream], FRAME_BYTES_MAX);
    assert_eq!((&whole.again, whole.is_broken), (&read.again, read.is_broken));
    if !read.is_broken {
        assert_eq!(read.again.len() + read.held, stream.len());
    }
    if let Some(again) = hello_again(stream) {
        assert_eq!(hello_again(&again).as_ref(), Some(&again));
    }
});
