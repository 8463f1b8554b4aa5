//! Leaving: clients are told, then closed one after the other, so that they do not all arrive
//! elsewhere at once.

use super::Shard;
use rand::seq::SliceRandom;
use std::time::Duration;

pub(super) struct Drain {
    reason: Box<str>,
    /// Connections still to close, in random order, and when the last one goes.
    left: Vec<u32>,
    total: usize,
    began_ms: u64,
    over_ms: u64,
}

impl Shard {
    /// For good: nobody is taken in any more.
    pub(super) fn begin_drain(&mut self, reason: &str, over: Duration) {
        self.listening.close();
        if let Some(drain) = &mut self.drain {
            // An operator's may take longer than this one has.
            let passed_ms = self.now_ms - drain.began_ms;
            drain.over_ms = drain.over_ms.min(passed_ms + millis(over));
            self.sweep_at_ms = self.now_ms;
            return;
        }
        self.send_away(reason, over);
    }

    /// Why whoever comes now is closed at once, if so.
    pub(super) fn turns_away(&self) -> Option<Box<str>> {
        self.drain.as_ref().map(|it| it.reason.clone())
    }

    /// Tells everybody and closes them one after the other; who comes meanwhile is turned away.
    pub(super) fn send_away(&mut self, reason: &str, over: Duration) {
        if self.drain.is_some() {
            return;
        }
        let mut left: Vec<u32> = self.conns.iter().map(|(slot, _)| slot as u32).collect();
        left.shuffle(&mut rand::rng());
        let server = self.context.info.name.clone();
        // Some reasons say what to do themselves.
        let advice = match reason.contains("; please ") {
            true => "",
            false => "; please connect to another server of the network",
        };
        for slot in &left {
            let nick = self.conn(*slot).nick().to_owned();
            irc_proto::LineWriter::new(self.outs.buffer(*slot))
                .source(&server)
                .verb("NOTICE")
                .param(&nick)
                .trailing(&format!("*** {reason}{advice}"))
                .finish();
        }
        let over_ms = millis(over);
        let total = left.len();
        self.drain =
            Some(Drain { reason: reason.into(), left, total, began_ms: self.now_ms, over_ms });
        self.sweep_at_ms = self.now_ms;
        self.continue_drain();
    }

    pub(super) fn continue_drain(&mut self) {
        let Some(mut drain) = self.drain.take() else {
            return;
        };
        let passed = self.now_ms - drain.began_ms;
        let keep = match passed < drain.over_ms {
            true => drain.total - (drain.total as u64 * passed / drain.over_ms) as usize,
            false => 0,
        };
        while drain.left.len() > keep {
            let slot = drain.left.pop().expect("its length is above zero");
            if self.conns.contains(slot as usize) {
                self.close(slot, &drain.reason);
            }
        }
        if !drain.left.is_empty() {
            self.sweep_at_ms = self.sweep_at_ms.min(self.now_ms + 50);
        }
        self.drain = Some(drain);
    }
}

fn millis(it: Duration) -> u64 {
    u64::try_from(it.as_millis()).unwrap_or(u64::MAX)
}
