//! Writing: every connection that has something to read gets it in one go.

use super::Shard;

/// However short the time, no more waits for a client than so many times what usually may.
const SENDQS_AT_ONCE: usize = 16;

impl Shard {
    pub(super) fn flush(&mut self) {
        let list = self.outs.begin_flush();
        for slot in &list {
            self.flush_one(*slot);
        }
        self.outs.end_flush(list);
    }

    fn flush_one(&mut self, slot: u32) {
        let Some(conn) = self.conns.get_mut(slot as usize) else {
            return;
        };
        let out = self.outs.get_mut(slot);
        if !out.is_blocked {
            let before = out.waiting();
            match conn.stream.write(&mut out.buf, &mut out.sent) {
                Ok(true) => {
                    self.measures.bytes_out += before as u64;
                    self.outs.emptied(slot);
                    self.resume(slot); // Input that waited for this.
                }
                Ok(false) => {
                    self.measures.bytes_out += (before - out.waiting()) as u64;
                    // In a handshake it is the other side that must go on.
                    out.is_blocked = !conn.stream.is_in_handshake();
                }
                Err(error) => {
                    tracing::debug!(%error, "write failed");
                    self.lose(slot, "Write error");
                }
            }
        }
        if self.conn(slot).is_closing {
            self.remove(slot);
            return;
        }
        if self.is_too_far_behind(slot) {
            self.measures.slow_readers.increment(1);
            let out = self.outs.get_mut(slot);
            out.buf.clear(); // Nobody reads it; what matters is that the room goes on.
            out.sent = 0;
            self.close(slot, "SendQ exceeded");
        }
    }

    /// So much waits for it that it cannot be meant to read it.
    fn is_too_far_behind(&mut self, slot: u32) -> bool {
        let (now_ms, max) = (self.now_ms, self.context.config.sendq_bytes);
        let behind_ms = self.context.timings.behind.as_millis() as u64;
        let waiting = self.outs.get(slot).waiting() + self.conn(slot).stream.waiting();
        let conn = self.conn_mut(slot);
        if waiting <= max {
            conn.behind_since_ms = None;
            return false;
        }
        let since_ms = *conn.behind_since_ms.get_or_insert(now_ms);
        now_ms - since_ms >= behind_ms || waiting > max.saturating_mul(SENDQS_AT_ONCE)
    }

    fn remove(&mut self, slot: u32) {
        let mut conn = self.conns.remove(slot as usize);
        let _ = self.poll.registry().deregister(&mut conn.stream.socket);
        conn.stream.close();
        self.context.per_address.leave(conn.address);
        self.outs.close(slot);
        if self.conns.is_empty() {
            self.conns.shrink_to_fit();
        }
    }
}
