//! Cuts a stream of bytes into lines, whatever pieces it arrives in.
//!
//! Promise: a line that lies whole in what was just read is handed out from there, uncopied; kept
//! between reads is only the beginning of one line, never more than its limit, and between whole
//! lines nothing at all, not even capacity: ten thousand idle connections cost no buffer.

/// What is kept of a connection's input between two reads.
///
/// ```
/// let mut lines = irc_proto::LineBuffer::new(irc_proto::limits::CLIENT_LINE_BYTES_MAX);
/// let mut chunk: &[u8] = b"PING a\r\nPING b\r\nPI";
/// let mut count = 0;
/// while let Some(line) = lines.next_line(&mut chunk) {
///     assert!(line.unwrap().starts_with(b"PING"));
///     count += 1;
/// }
/// assert_eq!((count, lines.held_bytes()), (2, 2));
/// ```
#[derive(Debug)]
pub struct LineBuffer {
    held: Vec<u8>,
    /// The part of `held` already handed out.
    taken: usize,
    /// The part of `held` known to hold no LF beyond `taken`.
    searched: usize,
    line_bytes_max: usize,
    /// Inside a line past its limit: everything up to its end is dropped.
    skipping: bool,
}

/// A line passed its limit and was dropped; `417 ERR_INPUTTOOLONG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line too long")]
pub struct TooLong;

impl LineBuffer {
    /// For lines of at most so many bytes, CR LF not counted.
    pub fn new(line_bytes_max: usize) -> LineBuffer {
        LineBuffer { held: Vec::new(), taken: 0, searched: 0, line_bytes_max, skipping: false }
    }

    /// Takes the next line from what is held and then from `chunk`, which shrinks by what was used.
    /// The line comes without its LF or CR LF. `None`: `chunk` is used up, more has to be read.
    ///
    /// A line past the limit is reported once, when its end has arrived.
    pub fn next_line<'b, 'c: 'b>(
        &'b mut self,
        chunk: &mut &'c [u8],
    ) -> Option<Result<&'b [u8], TooLong>> {
        self.forget_taken();
        if let Some(end) = find_lf(&self.held[self.searched..]) {
            let (start, end) = (self.taken, self.searched + end);
            self.taken = end + 1;
            self.searched = end + 1;
            return Some(checked(&self.held[start..end], self.line_bytes_max));
        }
        self.compact();

        let Some(end) = find_lf(chunk) else {
            self.keep(chunk);
            *chunk = &[];
            return None;
        };
        let (piece, rest) = (&chunk[..end], &chunk[end + 1..]);
        *chunk = rest;
        if std::mem::take(&mut self.skipping) {
            return Some(Err(TooLong));
        }
        if self.held.is_empty() {
            return Some(checked(piece, self.line_bytes_max));
        }
        self.keep(piece);
        if std::mem::take(&mut self.skipping) {
            return Some(Err(TooLong));
        }
        self.taken = self.held.len();
        self.searched = self.held.len();
        Some(checked(&self.held, self.line_bytes_max))
    }

    /// Sets aside the unread rest of a chunk, for a connection that has to wait its turn. Whole
    /// lines stay in it until [`LineBuffer::next_line`] is called with an empty chunk, so read no
    /// more from such a connection: the bound is one line and one chunk.
    pub fn hold(&mut self, chunk: &[u8]) {
        self.forget_taken();
        if !self.skipping {
            self.held.extend_from_slice(chunk);
            return;
        }
        if let Some(end) = find_lf(chunk) {
            // The end of the skipped line is still to be reported: a line too long stands for it.
            self.skipping = false;
            self.held.resize(self.line_bytes_max + 2, b'x');
            self.searched = self.held.len();
            self.held.extend_from_slice(&chunk[end..]);
        }
    }

    /// Bytes received and not yet handed out.
    pub fn held_bytes(&self) -> usize {
        self.held.len() - self.taken
    }

    /// Bytes of memory this buffer occupies beside itself.
    pub fn capacity(&self) -> usize {
        self.held.capacity()
    }

    /// Whether the stream may end here without cutting a line in two.
    pub fn is_between_lines(&self) -> bool {
        self.held_bytes() == 0 && !self.skipping
    }

    fn forget_taken(&mut self) {
        if self.taken > 0 && self.taken == self.held.len() {
            self.held = Vec::new();
            (self.taken, self.searched) = (0, 0);
        }
    }

    /// What is held has no LF: moves it to the front and gives back what it does not need.
    fn compact(&mut self) {
        if self.taken > 0 {
            self.held.drain(..self.taken);
            self.held.shrink_to_fit();
            self.taken = 0;
        }
        self.searched = self.held.len();
        self.skip_if_too_long(0);
    }

    /// Adds a piece without LF to the line that is held.
    fn keep(&mut self, piece: &[u8]) {
        if self.skip_if_too_long(piece.len()) {
            return;
        }
        self.held.extend_from_slice(piece);
        self.searched = self.held.len();
    }

    fn skip_if_too_long(&mut self, more: usize) -> bool {
        // The byte past the limit may turn out to be the CR of the end.
        if self.line_bytes_max + 1 < self.held.len() + more {
            self.held = Vec::new();
            self.searched = 0;
            self.skipping = true;
        }
        self.skipping
    }
}

fn checked(line: &[u8], line_bytes_max: usize) -> Result<&[u8], TooLong> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= line_bytes_max { Ok(line) } else { Err(TooLong) }
}

/// The place of the first LF. A block without one is passed in a few vector instructions.
fn find_lf(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 32;
    let mut searched = 0;
    for block in bytes.chunks_exact(BLOCK) {
        if block.iter().fold(false, |found, it| found | (*it == b'\n')) {
            break;
        }
        searched += BLOCK;
    }
    let end = bytes[searched..].iter().position(|it| *it == b'\n')?;
    Some(searched + end)
}

#[cfg(test)]
mod tests;
