//! Answers of the node go to what asked for them.

use super::Shard;
use crate::pending::{Asked, Pending};
use crate::verbs::{oper, ping};
use chat::directory::Change;
use node::{Answer, Ask, ConnId};
use std::sync::Arc;

impl Shard {
    pub(super) fn on_answer(&mut self, id: ConnId, tag: u64, answer: Answer) {
        let Some(slot) = self.slot_of(id) else {
            return; // Nobody is there any more.
        };
        let Some(pending) = self.take_pending(slot, tag) else {
            return;
        };
        if pending.asked.holds() {
            self.conn_mut(slot).is_held = false;
        }
        self.run_under_label(slot, pending.label, true, |turn| {
            crate::replies::answer(turn, pending.asked, answer);
        });
        self.answer_pings(slot);
        self.resume(slot);
    }

    /// PINGs before which nothing waits any more.
    fn answer_pings(&mut self, slot: u32) {
        while let Some(Pending { asked: Asked::Ping { .. }, .. }) = self.conn(slot).pending.front()
            && let Some(Pending { label, asked: Asked::Ping { token }, .. }) =
                self.conn_mut(slot).pending.pop_front()
        {
            self.run_under_label(slot, label, true, |turn| ping::pong(turn, &token));
        }
    }

    fn take_pending(&mut self, slot: u32, tag: u64) -> Option<Pending> {
        let pending = &mut self.conn_mut(slot).pending;
        if pending.front()?.tag == tag {
            return pending.pop_front(); // Nearly always: answers come in order but for look-ups.
        }
        let place = pending.iter().position(|it| it.tag == tag)?;
        pending.remove(place)
    }

    /// The label under which a request was made.
    pub(super) fn label_of_request(&self, slot: u32, tag: u64) -> Option<u32> {
        self.conn(slot).pending.iter().find(|it| it.tag == tag)?.label
    }
}

impl Shard {
    /// The password of OPER was checked.
    pub(super) fn on_verified(
        &mut self,
        id: ConnId,
        name: Arc<str>,
        is_right: bool,
        label: Option<u32>,
    ) {
        let Some(slot) = self.slot_of(id) else {
            return;
        };
        self.conn_mut(slot).is_held = false;
        self.run_under_label(slot, label, true, |turn| match is_right {
            true => turn.ask(Ask::Alter(Change::Operator(Some(name))), Asked::Operator),
            false => oper::wrong(turn),
        });
        self.resume(slot);
    }
}
