//! The end of a connection, from either side.

use super::Shard;
use irc_proto::LineWriter;
use node::{Ask, Request};

impl Shard {
    /// Closes a connection with ERROR; its session ends with the same words.
    pub(crate) fn close(&mut self, slot: u32, reason: &str) {
        self.close_with(slot, reason, reason);
    }

    /// Closes a connection; `quit` is what others see.
    pub(crate) fn close_with(&mut self, slot: u32, reason: &str, quit: &str) {
        if self.conn(slot).is_closing {
            return;
        }
        let text = format!("Closing Link: {} ({reason})", self.conn(slot).host());
        let out = self.outs.buffer(slot);
        LineWriter::new(out).verb("ERROR").trailing(&text).finish();
        self.forget(slot, quit);
    }

    /// The other side is gone.
    pub(super) fn lose(&mut self, slot: u32, quit: &str) {
        if !self.conn(slot).is_closing {
            self.outs.touch(slot);
            self.forget(slot, quit);
        }
    }

    /// The node has ended the session itself.
    pub(super) fn close_ended(&mut self, slot: u32, reason: &str) {
        self.conn_mut(slot).is_known = false;
        self.close(slot, reason);
    }

    /// Nothing points to the connection any more; it is removed by the next flush.
    fn forget(&mut self, slot: u32, quit: &str) {
        let conn = &mut self.conns[slot as usize];
        conn.is_closing = true;
        if conn.is_known {
            let ask = Ask::Gone { reason: quit.into() };
            self.requests.push(Request { conn: conn.id, tag: 0, number: 0, ask });
        }
        if let Some(session) = conn.session() {
            self.sessions.remove(&session.id);
        }
        for room in std::mem::take(&mut conn.rooms) {
            if let Some(local) = self.rooms.get_mut(&room) {
                local.members.retain(|it| it.slot != slot);
                if local.members.is_empty() {
                    self.rooms.remove(&room);
                }
            }
        }
        for nick in conn.extra.take().map(|it| it.monitored).unwrap_or_default() {
            self.unwatch(slot, &nick);
        }
    }

    /// Takes a connection off the list of those who watch a nick.
    pub(crate) fn unwatch(&mut self, slot: u32, nick: &str) {
        if let Some(watchers) = self.monitors.get_mut(nick) {
            watchers.retain(|it| *it != slot);
            if watchers.is_empty() {
                self.monitors.remove(nick);
            }
        }
    }

    pub(super) fn close_all(&mut self, reason: &str) {
        self.listening.close();
        let slots: Vec<u32> = self.conns.iter().map(|(slot, _)| slot as u32).collect();
        for slot in slots {
            self.close(slot, reason);
        }
    }
}
