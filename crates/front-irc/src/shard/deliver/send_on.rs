//! Other nodes have fewer clients: one of ours should be there.
//!
//! `:SERVER MOVE KIND :HOST:PORT` asks who has `starling/members`: it finishes what it has under way, quits, and
//! connects there. It is not closed, so it loses nothing if it stays, or cannot get there.

use super::members::kind_of;
use crate::shard::Shard;
use irc_proto::{Cap, LineWriter};
use node::lookup::{DoorAddress, DoorKind, Member, Wanted};
use rand::seq::IteratorRandom;

/// Who was asked and stays is asked again after so long.
const AGAIN_MS: u64 = 60_000;

impl Shard {
    pub(super) fn send_on(&mut self, to: &Member, may_close: bool) {
        if self.drain.is_some() {
            return; // All go anyhow.
        }
        let slots = || self.conns.iter().map(|it| it.0 as u32);
        let mut random = rand::rng();
        let asked =
            slots().filter(|it| self.moves_by_itself(*it)).filter(|it| self.may_be_sent(*it));
        let asked = asked.filter_map(|it| Some((it, self.door_for(it, to)?))).choose(&mut random);
        if let Some((slot, (kind, address))) = asked {
            self.conn_mut(slot).extra().sent_on_ms = Some(self.now_ms);
            LineWriter::new(self.outs.buffer(slot))
                .source(&self.context.info.name)
                .verb("MOVE")
                .param(kind.as_str())
                .trailing(&address.to_string())
                .finish();
            self.measures.sent_on[0].increment(1);
            return;
        }
        let others = slots().filter(|it| may_close && !self.moves_by_itself(*it));
        let others = others.filter(|it| self.may_be_sent(*it));
        let closed = others.filter_map(|it| Some((it, self.door_for(it, to)?))).choose(&mut random);
        if let Some((slot, (_, address))) = closed {
            let advice = format!("Other servers have fewer users; please reconnect to {address}");
            self.close(slot, &advice);
            self.measures.sent_on[1].increment(1);
        }
    }

    fn moves_by_itself(&self, slot: u32) -> bool {
        self.outs.caps(slot).has(Cap::Members)
    }

    fn may_be_sent(&self, slot: u32) -> bool {
        let conn = self.conn(slot);
        let asked_ms = conn.extra.as_ref().and_then(|it| it.sent_on_ms);
        let is_asked = asked_ms.is_some_and(|it| self.now_ms.saturating_sub(it) < AGAIN_MS);
        conn.is_registered() && !conn.is_closing && !is_asked
    }

    /// The door of that node that is like the one this connection came by.
    fn door_for(&self, slot: u32, to: &Member) -> Option<(DoorKind, DoorAddress)> {
        let listener = usize::from(self.conn(slot).listener);
        let kind = kind_of(&self.context.config.listeners[listener]);
        Some((kind, to.open_door(Wanted::Door(kind))?.clone()))
    }
}
