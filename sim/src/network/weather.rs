//! What a wire does to what it carries, drawn packet by packet.

use rand::Rng;
use rand::rngs::SmallRng;

/// TCP sends again what got no answer in this time, and doubles it each time.
const RETRANSMIT_MS: u64 = 200;
/// Losses of one packet in a row, at most.
const LOSSES_MAX: u32 = 4;

/// One direction between two machines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Each packet takes as long as chance says, between these.
    pub(crate) delay_ms: (u64, u64),
    /// How likely a packet takes [`Weather::spike_ms`] on top.
    pub(crate) spikes: f64,
    pub(crate) spike_ms: (u64, u64),
    /// How likely a packet is lost.
    pub(crate) loss: f64,
    /// How likely a datagram arrives twice.
    pub(crate) duplicates: f64,
}

impl Weather {
    /// A network on which nothing happens.
    pub(crate) const CALM: Weather =
        Weather { delay_ms: (1, 10), spikes: 0.0, spike_ms: (0, 0), loss: 0.0, duplicates: 0.0 };

    /// How long one packet is on its way.
    pub(super) fn delay_ms(&self, random: &mut SmallRng) -> u64 {
        let delay_ms = random.random_range(self.delay_ms.0..=self.delay_ms.1);
        match self.spikes > 0.0 && random.random_bool(self.spikes) {
            true => delay_ms + random.random_range(self.spike_ms.0..=self.spike_ms.1),
            false => delay_ms,
        }
    }

    /// How long bytes of a stream are on their way: what is lost is sent again.
    pub(super) fn stream_delay_ms(&self, random: &mut SmallRng) -> u64 {
        let (mut waited_ms, mut losses) = (0, 0);
        while losses < LOSSES_MAX && self.loses(random) {
            waited_ms += RETRANSMIT_MS << losses;
            losses += 1;
        }
        waited_ms + self.delay_ms(random)
    }

    pub(super) fn loses(&self, random: &mut SmallRng) -> bool {
        self.loss > 0.0 && random.random_bool(self.loss)
    }

    pub(super) fn doubles(&self, random: &mut SmallRng) -> bool {
        self.duplicates > 0.0 && random.random_bool(self.duplicates)
    }
}

/// When TCP tries again, the first time from now on, to send what it has sent in vain since then.
pub(super) fn retransmission_ms(since_ms: u64, now_ms: u64) -> u64 {
    let (mut at_ms, mut wait_ms) = (since_ms, RETRANSMIT_MS);
    while at_ms < now_ms {
        at_ms += wait_ms;
        wait_ms *= 2;
    }
    at_ms
}
