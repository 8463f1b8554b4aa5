//! A connection between two machines: two pipes of bytes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::task::Waker;

/// Which end of a connection; 0 is who connected.
pub(super) type Side = usize;

/// Bytes of one pipe that are sent and not read, at most: both machines' buffers.
const WINDOW_BYTES: usize = 256 << 10;

/// What travels in a pipe.
pub(super) enum Segment {
    Bytes(Vec<u8>),
    End,
}

pub(super) struct Connection {
    /// The machines, by side.
    pub(super) hosts: [usize; 2],
    pub(super) to: SocketAddr,
    pub(super) is_established: bool,
    /// The process holds its end.
    pub(super) is_open: [bool; 2],
    /// The machine has been told that the other one knows nothing of this connection.
    pub(super) is_reset: [bool; 2],
    /// By the side that writes.
    pub(super) pipes: [Pipe; 2],
    pub(super) connecting: Option<Waker>,
}

#[derive(Default)]
pub(super) struct Pipe {
    /// Arrived, to be read.
    pub(super) arrived: VecDeque<u8>,
    /// After those nothing comes.
    pub(super) has_ended: bool,
    /// The writer said that nothing comes.
    pub(super) is_shut: bool,
    /// Bytes that the writer does not know to be read.
    pub(super) unacknowledged: usize,
    /// Of those: read, but the word of it does not get through.
    pub(super) held_acks: usize,
    /// When the last segment arrives: none overtakes another.
    pub(super) last_ms: u64,
    /// Came to where the wire is cut, since when.
    pub(super) held: VecDeque<Segment>,
    pub(super) held_since_ms: u64,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

impl Connection {
    pub(super) fn new(hosts: [usize; 2], to: SocketAddr) -> Connection {
        Connection {
            hosts,
            to,
            is_established: false,
            is_open: [true, false],
            is_reset: [false; 2],
            pipes: [Pipe::default(), Pipe::default()],
            connecting: None,
        }
    }

    /// The wire from a side to the other.
    pub(super) fn wire(&self, from: Side) -> (usize, usize) {
        (self.hosts[from], self.hosts[1 - from])
    }

    /// From now on this side can write nothing, and read only what it has.
    pub(super) fn reset(&mut self, side: Side, woken: &mut Vec<Waker>) {
        self.is_reset[side] = true;
        woken.extend(self.connecting.take_if(|_| side == 0));
        woken.extend(self.pipes[side].writer.take());
        woken.extend(self.pipes[1 - side].reader.take());
    }
}

impl Pipe {
    /// Bytes that may be written now.
    pub(super) fn room(&self) -> usize {
        WINDOW_BYTES - self.unacknowledged
    }

    /// Bytes reach the machine that reads.
    pub(super) fn arrive(&mut self, segment: Segment, woken: &mut Vec<Waker>) {
        match segment {
            Segment::Bytes(bytes) => self.arrived.extend(bytes),
            Segment::End => self.has_ended = true,
        }
        woken.extend(self.reader.take());
    }

    /// The writer hears that bytes were read.
    pub(super) fn acknowledge(&mut self, bytes: usize, woken: &mut Vec<Waker>) {
        self.unacknowledged -= bytes;
        if bytes > 0 {
            woken.extend(self.writer.take());
        }
    }
}
