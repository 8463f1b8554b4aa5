//! The machine above the engine: a room that remembers all that was said in it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What was said, in the order in which it was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) said: Vec<Bytes>,
    /// Place in time of the last.
    sort: u64,
    /// Stamp of the last, and whether one was ever before that of the one before it.
    stamp: u64,
    pub(crate) ran_back: bool,
}

impl Room {
    /// Applies one command; its place in time.
    pub(crate) fn apply(&mut self, stamp: u64, command: Bytes) -> u64 {
        self.ran_back |= stamp < self.stamp;
        self.stamp = stamp;
        self.sort = stamp.max(self.sort + 1);
        self.said.push(command);
        self.sort
    }

    pub(crate) fn snapshot(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("writing to memory cannot fail")
    }

    pub(crate) fn restore(bytes: &[u8]) -> Room {
        match bytes {
            [] => Room::default(),
            _ => postcard::from_bytes(bytes).expect("a replica gives what it can read"),
        }
    }
}

/// A command: who says it, which of theirs it is, and something to fill it up to `bytes`.
pub(crate) fn command(sender: &str, number: u64, bytes: usize) -> Bytes {
    let mut text = format!("{sender} {number} ");
    while text.len() < bytes {
        text.push((b'a' + (text.len() % 26) as u8) as char);
    }
    text.into()
}

/// Who said it, and which of theirs it is.
pub(crate) fn said_by(command: &[u8]) -> (&str, u64) {
    let text = std::str::from_utf8(command).expect("the clients write text");
    let mut words = text.split(' ');
    let sender = words.next().expect("a command begins with its sender");
    (sender, words.next().and_then(|it| it.parse().ok()).expect("then its number"))
}
