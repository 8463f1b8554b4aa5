//! Messages between occupants: who sends, who acknowledges, and the account of all of it.
//!
//! Promise: every delivery at every receiver is checked; the counts are exact.

use super::engine::{Engine, Handler};
use super::failure::Failure;
use super::latency::Latency;
use super::ledger::{Fit, Ledger};
use super::message::{RunTag, Stamp, after_space};

/// One stream of numbered messages: from one client into one room.
pub(super) struct Sender {
    pub(super) client: usize,
    pub(super) room: usize,
    /// Who acknowledges: another occupant, or the sender itself by its echo.
    pub(super) observer: usize,
    /// Messages it may have under way in a closed loop.
    pub(super) window: u32,
    pub(super) in_flight: u32,
    pub(super) sent: u32,
    acked: u32,
    lane: usize,
    is_due: bool,
}

/// Which rooms each client is in, and who sends what.
pub(super) struct Plan {
    /// By client. The order of the rooms does not matter.
    pub(super) rooms_of: Vec<Vec<usize>>,
    /// Client, room, observer.
    pub(super) senders: Vec<(usize, usize, usize)>,
    pub(super) room_names: Vec<String>,
    pub(super) text_bytes: usize,
    /// Senders hear their own messages.
    pub(super) is_echoed: bool,
}

/// Counts since the window of measurement opened.
pub(super) struct Window {
    pub(super) acked: u64,
    pub(super) deliveries: u64,
    pub(super) latency: Latency,
}

impl Window {
    pub(super) fn new() -> Window {
        Window { acked: 0, deliveries: 0, latency: Latency::new() }
    }
}

/// Whose times the latency figures are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Timed {
    Deliveries,
    Acks,
}

pub(super) struct Traffic {
    run: RunTag,
    timed: Timed,
    pub(super) senders: Vec<Sender>,
    heads: Vec<Vec<u8>>,
    text_bytes: usize,
    /// By client: the rooms it is in, and the first lane of each.
    lanes: Vec<Vec<(usize, usize)>>,
    /// By room: those who receive a message there.
    receivers: Vec<u64>,
    pub(super) ledger: Ledger,
    /// Open while figures are taken.
    pub(super) window: Option<Window>,
    /// Senders with room in their window.
    due: Vec<usize>,
    expected: u64,
    pub(super) stray: u64,
    pub(super) refused: u64,
    pub(super) unknown: u64,
    /// Deliveries that refused and unknown messages may never make.
    excused: u64,
    pub(super) last_failure: String,
}

impl Traffic {
    pub(super) fn new(run: RunTag, plan: &Plan, timed: Timed) -> Traffic {
        let rooms = plan.room_names.len();
        let mut senders_of = vec![0; rooms];
        let senders = plan.senders.iter().map(|(client, room, observer)| {
            senders_of[*room] += 1;
            let lane = senders_of[*room] - 1;
            Sender {
                client: *client,
                room: *room,
                observer: *observer,
                window: 0,
                in_flight: 0,
                sent: 0,
                acked: 0,
                lane,
                is_due: false,
            }
        });
        let senders: Vec<Sender> = senders.collect();
        let mut lanes_used = 0;
        let mut receivers = vec![0; rooms];
        let lanes = plan.rooms_of.iter().map(|rooms| {
            let lane_of = |room: &usize| {
                receivers[*room] += 1;
                lanes_used += senders_of[*room];
                (*room, lanes_used - senders_of[*room])
            };
            rooms.iter().map(lane_of).collect()
        });
        let lanes: Vec<Vec<(usize, usize)>> = lanes.collect();
        if !plan.is_echoed {
            receivers.iter_mut().for_each(|count| *count -= 1);
        }
        let head =
            |sender: &Sender| format!("PRIVMSG {} :", plan.room_names[sender.room]).into_bytes();
        Traffic {
            run,
            timed,
            heads: senders.iter().map(head).collect(),
            senders,
            text_bytes: plan.text_bytes,
            lanes,
            receivers,
            ledger: Ledger::with_lanes(lanes_used),
            window: None,
            due: Vec::new(),
            expected: 0,
            stray: 0,
            refused: 0,
            unknown: 0,
            excused: 0,
            last_failure: String::new(),
        }
    }

    /// Queues one message; the caller flushes.
    pub(super) fn send(&mut self, engine: &mut Engine, number: usize, sent_ns: u64) {
        let sender = &mut self.senders[number];
        sender.sent += 1;
        sender.in_flight += 1;
        self.expected += self.receivers[sender.room];
        let (_, out) = engine.client(sender.client);
        out.extend_from_slice(&self.heads[number]);
        let stamp = Stamp { run: self.run, sender: number, sequence: sender.sent, sent_ns };
        stamp.write(out, self.text_bytes);
        out.extend_from_slice(b"\r\n");
    }

    /// Fills the sender's window.
    pub(super) fn fill(&mut self, engine: &mut Engine, number: usize, now_ns: u64) {
        while self.senders[number].in_flight < self.senders[number].window {
            self.send(engine, number, now_ns);
        }
        engine.flush(self.senders[number].client);
    }

    /// Senders whose window has opened since the last call.
    pub(super) fn take_due(&mut self) -> Vec<usize> {
        let due = std::mem::take(&mut self.due);
        due.iter().for_each(|number| self.senders[*number].is_due = false);
        due
    }

    /// Deliveries that are still to come.
    pub(super) fn outstanding(&self) -> u64 {
        self.expected.saturating_sub(self.excused).saturating_sub(self.ledger.received)
    }

    /// Once nothing more comes, what is outstanding is lost.
    pub(super) fn faults(&self) -> u64 {
        self.outstanding() + self.ledger.duplicated + self.ledger.reordered + self.stray
    }

    fn answered(&mut self, number: usize) {
        let sender = &mut self.senders[number];
        sender.in_flight = sender.in_flight.saturating_sub(1);
        if !sender.is_due {
            sender.is_due = true;
            self.due.push(number);
        }
    }

    fn failed(&mut self, client: usize, failure: Failure, line: &[u8]) {
        match failure {
            Failure::Refused => self.refused += 1,
            Failure::Unknown => self.unknown += 1,
        }
        self.last_failure = String::from_utf8_lossy(line).into_owned();
        // The answer names the room at best, never the message: any that waits there will do.
        let room_of =
            |head: &[u8]| after_space(head).map_or(Vec::new(), |it| it[..it.len() - 2].to_vec());
        let is_waiting = |number: &usize| {
            self.senders[*number].client == client && self.senders[*number].in_flight > 0
        };
        let waiting: Vec<usize> = (0..self.senders.len()).filter(is_waiting).collect();
        let is_named = |number: &&usize| {
            let room = room_of(&self.heads[**number]);
            line.split(|byte| *byte == b' ').any(|word| word == room)
        };
        if let Some(number) = waiting.iter().find(is_named).or(waiting.first()).copied() {
            self.excused += self.receivers[self.senders[number].room];
            self.answered(number);
        }
    }
}

impl Handler for Traffic {
    fn line(&mut self, client: usize, line: &[u8], now_ns: u64) {
        let Some(stamp) = Stamp::of_line(line) else {
            if let Some(failure) = Failure::of_line(line) {
                self.failed(client, failure, line);
            }
            return;
        };
        let room = self.senders.get(stamp.sender).map(|it| it.room);
        let lanes = self.lanes[client].iter().find(|(it, _)| Some(*it) == room);
        let (Some((_, first)), true) = (lanes, stamp.run == self.run) else {
            self.stray += 1; // Another room's, or another run's.
            return;
        };
        let sender = &mut self.senders[stamp.sender];
        let fit = self.ledger.deliver(first + sender.lane, stamp.sequence);
        let is_ack = client == sender.observer && fit != Fit::Double;
        if let Some(window) = &mut self.window {
            window.deliveries += 1;
            window.acked += u64::from(is_ack);
            if self.timed == Timed::Deliveries || is_ack {
                window.latency.record(now_ns.saturating_sub(stamp.sent_ns));
            }
        }
        if is_ack {
            sender.acked += 1;
            self.answered(stamp.sender);
        }
    }
}

#[cfg(test)]
mod tests;
