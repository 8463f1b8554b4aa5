//! A drained node sends its clients away, and takes people in again when it is drained no longer.

use super::Core;
use crate::door::Delivery;
use std::sync::Arc;
use std::time::Duration;

/// Clients that are sent away in a second: others can take so many in without anybody noticing.
const A_SECOND: u32 = 50;
/// However few they are, and however many: a burst is spread, and an operator does not wait for hours.
const OVER: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(120));

const REASON: &str = "This server is drained for maintenance; please reconnect to another one";

impl Core {
    /// On every duty: doors do what the directory has decided of this node.
    pub(super) fn follow_drain(&mut self) {
        let is_drained = self.is_fresh && self.directory.is_drained(self.me);
        if is_drained == self.is_sending_away || self.is_leaving {
            return;
        }
        self.is_sending_away = is_drained;
        if !is_drained {
            return self.deliver_each(None, |_| Delivery::TakeIn);
        }
        let clients = u32::try_from(self.conn_of.len()).unwrap_or(u32::MAX);
        let over = (Duration::from_secs(1) * clients / A_SECOND).clamp(OVER.0, OVER.1);
        let reason: Arc<str> = REASON.into();
        tracing::info!(clients, ?over, "drained: sending clients away");
        self.deliver_each(None, |_| Delivery::SendAway { reason: reason.clone(), over });
    }
}
