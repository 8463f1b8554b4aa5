//! Now and then: who is too slow to register, who has gone silent, what memory can be given back.

use super::Shard;
use crate::conn::Conn;
use irc_proto::LineWriter;
use std::time::Duration;

/// At most this long between two sweeps.
const SWEEP_MS: u64 = 1000;

enum Verdict {
    Fine,
    Ping,
    Close(&'static str),
}

impl Shard {
    pub(super) fn next_sweep_ms(&self) -> Option<u64> {
        (!self.conns.is_empty() || self.drain.is_some()).then_some(self.sweep_at_ms)
    }

    pub(super) fn sweep(&mut self) {
        self.retry_accept();
        if self.now_ms < self.sweep_at_ms {
            return;
        }
        let timings = self.context.timings;
        let shortest = timings.registration.min(timings.ping_after).min(timings.ping_timeout);
        self.sweep_at_ms = self.now_ms + (millis(shortest) / 4).clamp(1, SWEEP_MS);
        self.continue_drain();
        self.outs.trim();
        let mut verdicts = Vec::new();
        for (slot, conn) in &mut self.conns {
            if conn.pending.is_empty() && conn.pending.capacity() > 0 {
                conn.pending = Default::default();
            }
            match judge(conn, self.now_ms, &timings) {
                Verdict::Fine => {}
                verdict => verdicts.push((slot as u32, verdict)),
            }
        }
        for (slot, verdict) in verdicts {
            match verdict {
                Verdict::Close(reason) => self.close(slot, reason),
                Verdict::Ping | Verdict::Fine => self.ping(slot),
            }
        }
    }

    fn ping(&mut self, slot: u32) {
        self.conn_mut(slot).is_pinged = true;
        let server = self.context.info.name.clone();
        LineWriter::new(self.outs.buffer(slot)).verb("PING").trailing(&server).finish();
    }
}

fn judge(conn: &Conn, now_ms: u64, timings: &crate::Timings) -> Verdict {
    if conn.is_closing {
        return Verdict::Fine;
    }
    if !conn.is_registered() {
        // Whoever waits for the node's answer has done their part.
        let is_late = conn.since_ms + millis(timings.registration) < now_ms && !conn.is_held;
        return if is_late { Verdict::Close("Registration timed out") } else { Verdict::Fine };
    }
    let silent_ms = now_ms.saturating_sub(conn.heard_ms);
    if conn.is_readable || conn.is_queued {
        return Verdict::Fine; // It has spoken; it is we who have not listened yet.
    }
    if conn.is_pinged && silent_ms > millis(timings.ping_after + timings.ping_timeout) {
        return Verdict::Close("Ping timeout");
    }
    match !conn.is_pinged && silent_ms > millis(timings.ping_after) {
        true => Verdict::Ping,
        false => Verdict::Fine,
    }
}

fn millis(it: Duration) -> u64 {
    u64::try_from(it.as_millis()).unwrap_or(u64::MAX)
}
