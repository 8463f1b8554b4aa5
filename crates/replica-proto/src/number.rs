//! Numbers of seven bits a byte (LEB128), as all strategies' messages have them.
//!
//! Promise: `take` gives back what `put` was given, and is `None` for bytes that end too early or mean
//! more than 64 bits.

use bytes::{Buf, BufMut};

pub(crate) fn put(mut number: u64, out: &mut impl BufMut) {
    while number >= 0x80 {
        out.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8(number as u8);
}

pub(crate) fn take(from: &mut impl Buf) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = from.try_get_u8().ok()?;
        let bits = u64::from(byte & 0x7F);
        if shift == 63 && bits > 1 {
            return None; // Beyond 64 bits.
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// What a message is of, and its numbers.
pub(crate) fn put_all(out: &mut impl BufMut, tag: u8, numbers: &[u64]) {
    out.put_u8(tag);
    numbers.iter().for_each(|it| put(*it, out));
}

/// So many in a row; `None` as soon as one of them is.
pub(crate) fn take_all<const N: usize>(from: &mut impl Buf) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for it in &mut numbers {
        *it = take(from)?;
    }
    Some(numbers)
}
