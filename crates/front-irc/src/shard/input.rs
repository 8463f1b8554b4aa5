//! From readable sockets to verbs.
//!
//! Promise: however much a client sends, it gets a bounded share of each turn, and what is kept of
//! its input is at most one read and one line; the rest stays in the kernel.

use super::Shard;
use crate::stream::Input;
use crate::turn::Turn;
use irc_proto::line::salvage;
use irc_proto::numeric::*;
use irc_proto::{Line, LineBuffer, LineError, limits};

/// Lines of one connection in one turn.
const LINES_PER_TURN: usize = 64;
/// A throttled connection is looked at this often.
const THROTTLE_TICK_MS: u64 = 100;

enum Progress {
    /// All lines there are have been run.
    Drained,
    /// Not before something was answered.
    Waits,
    /// In a while.
    Throttled,
    /// In the next turn.
    Budget,
    Closed,
}

impl Shard {
    pub(super) fn on_ready(
        &mut self,
        slot: usize,
        is_readable: bool,
        is_ended: bool,
        is_writable: bool,
    ) {
        let Some(conn) = self.conns.get_mut(slot) else {
            return; // Of a connection that ended in this very turn.
        };
        if is_readable || is_ended {
            conn.is_readable = true;
            conn.is_ended |= is_ended;
            self.enqueue(slot as u32);
        }
        if is_writable && self.outs.get(slot as u32).is_blocked {
            self.outs.get_mut(slot as u32).is_blocked = false;
            self.outs.touch(slot as u32);
        }
    }

    /// Gives a connection its share of a coming turn.
    pub(super) fn enqueue(&mut self, slot: u32) {
        let conn = &mut self.conns[slot as usize];
        if !conn.is_queued {
            conn.is_queued = true;
            self.queue.push_back(slot);
        }
    }

    /// Something was answered: input that waited for it may go on.
    pub(super) fn resume(&mut self, slot: u32) {
        let conn = &self.conns[slot as usize];
        if !conn.is_closing && (conn.is_readable || conn.input.held_bytes() > 0) {
            self.enqueue(slot);
        }
    }

    pub(super) fn run_queue(&mut self) {
        if !self.throttled.is_empty() && self.throttled_until_ms <= self.now_ms {
            self.queue.extend(self.throttled.drain(..));
        }
        for _ in 0..self.queue.len() {
            let Some(slot) = self.queue.pop_front() else {
                break;
            };
            // The slot may belong to another by now; then it gets its first turn early.
            if let Some(conn) = self.conns.get_mut(slot as usize) {
                conn.is_queued = false;
                self.run_connection(slot);
            }
        }
    }

    fn run_connection(&mut self, slot: u32) {
        let empty = LineBuffer::new(limits::CLIENT_LINE_BYTES_MAX);
        let mut input = std::mem::replace(&mut self.conn_mut(slot).input, empty);
        let mut space = self.space.take().expect("one connection runs at a time");
        let mut budget = LINES_PER_TURN;

        let mut progress = self.run_lines(slot, &mut input, &mut &[][..], &mut budget);
        while let Progress::Drained = progress {
            let conn = self.conn_mut(slot);
            if !conn.is_readable || conn.is_closing {
                break;
            }
            let read = conn.stream.read(&mut space);
            if conn.stream.wants_write() {
                self.outs.touch(slot);
            }
            let conn = &mut self.conns[slot as usize];
            let mut chunk = match read {
                Input::Bytes { bytes, is_all } => {
                    // The end is reported together with the last bytes, and only once.
                    conn.is_readable = !is_all || conn.is_ended;
                    conn.heard_ms = self.now_ms;
                    conn.is_pinged = false;
                    bytes
                }
                Input::Blocked => {
                    conn.is_readable = false;
                    break;
                }
                Input::End(why) => {
                    self.lose(slot, why.unwrap_or("Connection closed"));
                    break;
                }
            };
            progress = self.run_lines(slot, &mut input, &mut chunk, &mut budget);
            input.hold(chunk);
        }
        self.space = Some(space);
        self.measures.lines_in += (LINES_PER_TURN - budget) as u64;
        let conn = self.conn_mut(slot);
        conn.input = input;
        match progress {
            Progress::Drained => conn.flood.pause(),
            Progress::Budget => self.enqueue(slot),
            Progress::Throttled => self.throttle(slot),
            Progress::Waits | Progress::Closed => {}
        }
    }

    fn run_lines(
        &mut self,
        slot: u32,
        input: &mut LineBuffer,
        chunk: &mut &[u8],
        budget: &mut usize,
    ) -> Progress {
        loop {
            let pending_max = self.context.pending_max();
            let conn = &mut self.conns[slot as usize];
            if conn.is_closing {
                return Progress::Closed;
            }
            // Who does not read is not read: otherwise their own answers would fill their queue.
            let is_blocked = self.outs.get(slot).is_blocked;
            if conn.is_held || is_blocked || conn.pending.len() >= pending_max {
                return Progress::Waits;
            }
            if *budget == 0 {
                return Progress::Budget;
            }
            if self.context.config.flood_protection && !conn.flood.may_take(self.now_ms) {
                return Progress::Throttled;
            }
            let Some(line) = input.next_line(chunk) else {
                return Progress::Drained;
            };
            conn.flood.take();
            *budget -= 1;
            match line {
                Ok(line) => self.run_line(slot, line),
                Err(_too_long) => self.too_long(slot),
            }
        }
    }

    fn throttle(&mut self, slot: u32) {
        let limit_ms = self.context.timings.flood.as_millis() as u64;
        let conn = &mut self.conns[slot as usize];
        let since_ms = conn.flood.throttled_since_ms.unwrap_or(self.now_ms);
        if since_ms + limit_ms < self.now_ms {
            self.close(slot, "Excess Flood");
            return;
        }
        if !conn.is_queued {
            conn.is_queued = true; // In this list instead of the queue.
            if self.throttled.is_empty() {
                self.throttled_until_ms = self.now_ms + THROTTLE_TICK_MS;
            }
            self.throttled.push(slot);
        }
    }

    fn too_long(&mut self, slot: u32) {
        let mut turn = Turn { shard: self, slot };
        turn.reply(ERR_INPUTTOOLONG).trailing("Input line was too long").finish();
    }

    fn run_line(&mut self, slot: u32, bytes: &[u8]) {
        match Line::parse(bytes) {
            Ok(line) => {
                let label = self.label_of(slot, line.tags);
                self.run_labelled(slot, label, |turn| crate::verbs::run(turn, &line));
            }
            Err(LineError::Empty) => {}
            Err(LineError::TagsTooLong | LineError::TooLong) => self.too_long(slot),
            Err(LineError::NotUtf8) => {
                let text =
                    "Your message was not UTF-8 and was not sent; this network speaks UTF-8 only";
                self.refuse_line(slot, bytes, "INVALID_UTF8", text);
            }
            Err(LineError::Nul) => {
                let text = "A line must not contain NUL or a carriage return";
                self.refuse_line(slot, bytes, "INVALID_LINE", text);
            }
            Err(LineError::Malformed) => {
                self.refuse_line(slot, bytes, "INVALID_LINE", "There is no command in this line");
            }
        }
    }

    /// Answers a line that could not be parsed, under its verb and its label if they can be found.
    fn refuse_line(&mut self, slot: u32, bytes: &[u8], code: &str, text: &str) {
        let (tags, verb) = salvage(bytes);
        let label = self.label_of(slot, tags);
        let verb = verb.unwrap_or("*").to_ascii_uppercase();
        self.run_labelled(slot, label, |turn| turn.fail(&verb, code, &[], text));
    }
}
