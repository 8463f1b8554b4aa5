//! Lines cut out of a stream: the same whatever pieces it comes in, in the memory of one line.
//!
//! The first byte sets the limit of a line, the second how the rest is cut.
#![no_main]

use irc_proto::LineBuffer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [limit, cut, stream @ ..] = bytes else { return };
    let limit = usize::from(*limit);
    let expected = by_definition(stream, limit);

    let mut buffer = LineBuffer::new(limit);
    let mut lines = Vec::new();
    let mut rest = stream;
    let mut step = usize::from(*cut);
    while !rest.is_empty() {
        step = (step * 7 + 3) % 61;
        let (mut chunk, after) = rest.split_at((step + 1).min(rest.len()));
        rest = after;
        // Now and then a connection has to wait its turn with a chunk half read.
        let is_throttled = step % 5 == 0;
        while let Some(line) = buffer.next_line(&mut chunk) {
            lines.push(line.ok().map(<[u8]>::to_vec));
            if is_throttled {
                break;
            }
        }
        if !chunk.is_empty() {
            buffer.hold(chunk);
            while let Some(line) = buffer.next_line(&mut &b""[..]) {
                lines.push(line.ok().map(<[u8]>::to_vec));
            }
        }
        assert!(buffer.held_bytes() <= limit + 1);
        assert!(buffer.capacity() <= 4 * (limit + 64), "{} of capacity", buffer.capacity());
    }
    assert_eq!(lines, expected);
    let ends_between = stream.last().is_none_or(|it| *it == b'\n');
    assert_eq!(buffer.is_between_lines(), ends_between);
});

/// `None`: a line too long.
fn by_definition(stream: &[u8], limit: usize) -> Vec<Option<Vec<u8>>> {
    let mut pieces: Vec<&[u8]> = stream.split(|it| *it == b'\n').collect();
    pieces.pop(); // What follows the last LF is no line yet.
    let lines = pieces.into_iter().map(|it| it.strip_suffix(b"\r").unwrap_or(it));
    lines.map(|it| (it.len() <= limit).then(|| it.to_vec())).collect()
}
