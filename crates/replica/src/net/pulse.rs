//! One timer for all links: says that we live, and notices who does not.
//!
//! Promise: a peer hears from us every `heartbeat`, and one we hear nothing from for `silence` is
//! hung up on. Time in which we ourselves did not run is never held against a peer: after a stall
//! what the sockets hold is read first.

use std::rc::Rc;

use tokio::time::{Duration, Instant, sleep_until};

use super::frame;
use super::peers::{Peer, Shared};

/// How often the way to a peer and back is measured.
const PING_EVERY: Duration = Duration::from_secs(1);
/// A direction that stands alone for so many silences is a leftover: the other end forgot it.
const ALONE_SILENCES: u32 = 5;

/// Beats until aborted.
pub(super) async fn run(shared: Rc<Shared>) {
    let limits = shared.me.limits;
    let mut next_beat = Instant::now() + limits.heartbeat;
    let mut next_ping = next_beat;
    let mut judge_from = next_beat;
    let mut was_stalled = false;
    loop {
        let due =
            earliest_silence(&shared).map_or(next_beat, |it| it.max(judge_from).min(next_beat));
        sleep_until(due).await;
        let now = Instant::now();
        // After a stall the readers come first. Not twice in a row: a busy loop is late each time,
        // and between two beats they have had their turn.
        was_stalled = !was_stalled && now.duration_since(due) > limits.heartbeat / 2;
        if was_stalled {
            judge_from = now + limits.heartbeat / 2;
        } else if judge_from <= now {
            hang_up_on_the_silent(&shared, now);
        }
        if now < next_beat {
            continue;
        }
        next_beat = now + limits.heartbeat;
        let is_ping_due = next_ping <= now;
        if is_ping_due {
            next_ping = now + PING_EVERY;
        }
        shared.members.borrow().values().for_each(|peer| beat(peer, now, is_ping_due));
    }
}

fn beat(peer: &Peer, now: Instant, is_ping_due: bool) {
    let outgoing = peer.outgoing.borrow();
    let Some(outgoing) = outgoing.as_ref() else {
        return;
    };
    if outgoing.link.waiting() > 0 {
        return; // Frames are on their way and say as much.
    }
    outgoing.link.append(|buffer| {
        if !is_ping_due {
            return frame::append_heartbeat(buffer);
        }
        let counter = peer.ping.get().0.wrapping_add(1);
        peer.ping.set((counter, now));
        frame::append_ping(buffer, counter);
    });
}

fn earliest_silence(shared: &Shared) -> Option<Instant> {
    shared.members.borrow().values().filter_map(|peer| silent_at(shared, peer)).min()
}

/// When the peer counts as silent if nothing more arrives.
fn silent_at(shared: &Shared, peer: &Peer) -> Option<Instant> {
    let silence = shared.me.limits.silence;
    if let Some(incoming) = peer.incoming.borrow().as_ref() {
        let is_judged = !incoming.link.is_held.get();
        return is_judged.then(|| incoming.link.last_received.get() + silence);
    }
    let outgoing = peer.outgoing.borrow();
    Some(outgoing.as_ref()?.link.since + silence * ALONE_SILENCES)
}

fn hang_up_on_the_silent(shared: &Shared, now: Instant) {
    for peer in shared.all() {
        if silent_at(shared, &peer).is_some_and(|it| it <= now) {
            tracing::info!(peer = peer.id, "peer is silent");
            shared.hang_up(&peer);
        }
    }
}
