//! Where each message of a `spread` run has come.
//!
//! Promise: a message counts as being everywhere once every client has it, and every message that some
//! client misses, gets twice or gets too late is counted.

use crate::bench::engine::Handler;
use crate::bench::failure::Failure;
use crate::bench::latency::Latency;
use crate::bench::ledger::{Fit, Ledger};
use crate::bench::message::{RunTag, Stamp};

pub(super) struct Presence {
    run: RunTag,
    clients: usize,
    /// By sender, and by number from 1 at 0: how many clients have it.
    messages: Vec<Vec<u32>>,
    pub(super) ledger: Ledger,
    /// Messages due earlier are counted, and not measured.
    pub(super) measure_from_ns: u64,
    /// Until the last client has it.
    pub(super) everywhere: Latency,
    /// Until each client has it.
    pub(super) anywhere: Latency,
    complete: u64,
    pub(super) refused: u64,
    stray: u64,
    pub(super) last_failure: String,
}

impl Presence {
    pub(super) fn new(run: RunTag, clients: usize) -> Presence {
        Presence {
            run,
            clients,
            messages: vec![Vec::new(); clients],
            ledger: Ledger::with_lanes(clients * clients),
            measure_from_ns: 0,
            everywhere: Latency::new(),
            anywhere: Latency::new(),
            complete: 0,
            refused: 0,
            stray: 0,
            last_failure: String::new(),
        }
    }

    /// The next message of a client.
    pub(super) fn send(&mut self, client: usize, due_ns: u64) -> Stamp {
        self.messages[client].push(0);
        let sequence = self.messages[client].len() as u32;
        Stamp { run: self.run, sender: client, sequence, sent_ns: due_ns }
    }

    pub(super) fn sent(&self) -> u64 {
        self.messages.iter().map(|it| it.len() as u64).sum()
    }

    /// Messages that all clients have.
    pub(super) fn complete(&self) -> u64 {
        self.complete
    }

    /// Deliveries that are still to come. (What was refused comes to nobody.)
    pub(super) fn outstanding(&self) -> u64 {
        let expected = (self.sent() - self.refused.min(self.sent())) * self.clients as u64;
        expected.saturating_sub(self.ledger.received)
    }

    /// Once nothing more comes, what is outstanding is lost.
    pub(super) fn faults(&self) -> u64 {
        self.outstanding() + self.ledger.duplicated + self.ledger.reordered + self.stray
    }
}

impl Handler for Presence {
    fn line(&mut self, client: usize, line: &[u8], now_ns: u64) {
        let Some(stamp) = Stamp::of_line(line) else {
            if Failure::of_line(line).is_some() {
                self.refused += 1;
                self.last_failure = String::from_utf8_lossy(line).into_owned();
            }
            return;
        };
        let messages = self.messages.get_mut(stamp.sender).filter(|_| stamp.run == self.run);
        let place = (stamp.sequence as usize).checked_sub(1);
        let Some(present) = messages.zip(place).and_then(|(all, place)| all.get_mut(place)) else {
            self.stray += 1;
            return;
        };
        let lane = client * self.clients + stamp.sender;
        if self.ledger.deliver(lane, stamp.sequence) == Fit::Double {
            return;
        }
        *present += 1;
        let is_everywhere = *present as usize == self.clients;
        self.complete += u64::from(is_everywhere);
        if stamp.sent_ns < self.measure_from_ns {
            return;
        }
        let took_ns = now_ns.saturating_sub(stamp.sent_ns);
        self.anywhere.record(took_ns);
        if is_everywhere {
            self.everywhere.record(took_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliver(presence: &mut Presence, client: usize, stamp: Stamp, now_ns: u64) {
        let mut line = b":n!u@h PRIVMSG #r :".to_vec();
        stamp.write(&mut line, 50);
        presence.line(client, &line, now_ns);
    }

    #[test]
    fn a_message_is_everywhere_when_the_last_has_it() {
        let mut presence = Presence::new(RunTag::from_seed(7), 3);
        let stamp = presence.send(1, 1_000_000);
        for (client, now_ns) in [(1, 2_000_000), (0, 3_000_000)] {
            deliver(&mut presence, client, stamp, now_ns);
        }
        assert_eq!((presence.complete(), presence.outstanding()), (0, 1));
        deliver(&mut presence, 2, stamp, 9_000_000);
        assert_eq!((presence.complete(), presence.outstanding(), presence.faults()), (1, 0, 0));
        let ms = presence.everywhere.quantile_ms(0.5);
        assert!((ms - 8.0).abs() < 0.1, "{ms}");
        deliver(&mut presence, 2, stamp, 9_000_000);
        assert_eq!(presence.faults(), 1);
    }

    #[test]
    fn what_was_refused_is_nowhere_and_not_lost() {
        let mut presence = Presence::new(RunTag::from_seed(7), 2);
        presence.send(0, 1);
        presence.line(0, b":s FAIL PRIVMSG MESSAGE_REFUSED #r :no", 2);
        assert_eq!((presence.sent(), presence.refused, presence.faults()), (1, 1, 0));
    }
}
