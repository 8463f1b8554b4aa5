use super::*;
use proptest::prelude::*;

type Got = Result<Vec<u8>, TooLong>;

const LIMIT: usize = 6; // Tiny, so that the edges come early.

fn drain(lines: &mut LineBuffer, mut chunk: &[u8], got: &mut Vec<Got>) {
    while let Some(line) = lines.next_line(&mut chunk) {
        got.push(line.map(<[u8]>::to_vec));
    }
    assert!(chunk.is_empty());
}

fn framed(chunks: &[&[u8]]) -> Vec<Got> {
    let (mut lines, mut got) = (LineBuffer::new(LIMIT), Vec::new());
    for chunk in chunks {
        drain(&mut lines, chunk, &mut got);
    }
    got
}

fn naive(stream: &[u8]) -> Vec<Got> {
    let mut lines: Vec<&[u8]> = stream.split(|it| *it == b'\n').collect();
    lines.pop(); // What follows the last LF is no line yet.
    let lines = lines.into_iter().map(|it| it.strip_suffix(b"\r").unwrap_or(it));
    lines.map(|it| if it.len() <= LIMIT { Ok(it.to_vec()) } else { Err(TooLong) }).collect()
}

#[test]
fn lf_and_crlf_both_end_a_line() {
    let line = |it: &[u8]| Ok(it.to_vec());
    assert_eq!(framed(&[b"a\r\nb\n\nc"]), [line(b"a"), line(b"b"), line(b"")]);
    assert_eq!(framed(&[b"a\r", b"\nb"]), [line(b"a")]);
}

#[test]
fn a_line_at_its_limit_passes_and_one_byte_more_does_not() {
    assert_eq!(framed(&[b"123456\r\n"]), [Ok(b"123456".to_vec())]);
    assert_eq!(framed(&[b"123456", b"\r", b"\n"]), [Ok(b"123456".to_vec())]);
    assert_eq!(framed(&[b"1234567\n1\n"]), [Err(TooLong), Ok(b"1".to_vec())]);
    assert_eq!(framed(&[b"1234567", b"\n1\n"]), [Err(TooLong), Ok(b"1".to_vec())]);
}

#[test]
fn an_endless_line_is_reported_once_and_costs_nothing() {
    let (mut lines, mut got) = (LineBuffer::new(LIMIT), Vec::new());
    for _ in 0..1000 {
        drain(&mut lines, &[b'x'; 1000], &mut got);
        assert_eq!((got.len(), lines.capacity()), (0, 0));
        assert!(!lines.is_between_lines());
    }
    drain(&mut lines, b"\nok\n", &mut got);
    assert_eq!(got, [Err(TooLong), Ok(b"ok".to_vec())]);
    assert!(lines.is_between_lines());
}

#[test]
fn between_lines_no_memory_is_kept() {
    let (mut lines, mut got) = (LineBuffer::new(LIMIT), Vec::new());
    drain(&mut lines, b"12", &mut got);
    assert!(lines.capacity() > 0);
    drain(&mut lines, b"34\r\n", &mut got);
    assert_eq!((got.len(), lines.capacity(), lines.held_bytes()), (1, 0, 0));
}

#[test]
fn a_line_inside_one_chunk_is_not_copied() {
    let mut lines = LineBuffer::new(LIMIT);
    let stream = b"ab\r\n".as_slice();
    let mut chunk = stream;
    let line = lines.next_line(&mut chunk).unwrap().unwrap();
    assert!(std::ptr::eq(line.as_ptr(), stream.as_ptr()));
}

#[test]
fn a_long_line_that_ends_in_a_held_chunk_is_reported() {
    let (mut lines, mut got) = (LineBuffer::new(LIMIT), Vec::new());
    drain(&mut lines, b"12345678", &mut got);
    lines.hold(b"9\nok\n");
    drain(&mut lines, b"", &mut got);
    assert_eq!(got, [Err(TooLong), Ok(b"ok".to_vec())]);
    assert_eq!(lines.capacity(), 0);
}

proptest! {
    #[test]
    fn any_chunking_gives_the_lines_of_a_naive_split(
        chunks in prop::collection::vec(("[ab\r\n]{0,12}", prop::option::of(0..3_usize)), 0..12)
    ) {
        let (mut lines, mut got) = (LineBuffer::new(LIMIT), Vec::new());
        let mut stream = Vec::new();
        for (chunk, held_after) in &chunks {
            stream.extend_from_slice(chunk.as_bytes());
            let mut rest = chunk.as_bytes();
            if let Some(lines_first) = held_after {
                for _ in 0..*lines_first {
                    got.extend(lines.next_line(&mut rest).map(|it| it.map(<[u8]>::to_vec)));
                }
                lines.hold(rest);
                prop_assert!(lines.held_bytes() <= LIMIT + 2 + 1 + 12);
                rest = b"";
            }
            drain(&mut lines, rest, &mut got);
            prop_assert!(lines.held_bytes() <= LIMIT + 1);
        }
        prop_assert_eq!(got, naive(&stream));
    }

    #[test]
    fn the_end_of_a_line_is_found_at_any_place(place in 0..200_usize, after in 0..100_usize) {
        let mut bytes = vec![b'x'; place + 1 + after];
        prop_assert_eq!(find_lf(&bytes), None);
        bytes[place] = b'\n';
        prop_assert_eq!(find_lf(&bytes), Some(place));
    }
}
