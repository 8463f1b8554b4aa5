//! One simulated election: the members, what is under way between them, and when each notices.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use anyhow::{Result, bail};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use replica_proto::bully::classic::{self, Classic};
use replica_proto::bully::{self, Bully, Input, PeerId, Reign, Standing};

/// Within so many microseconds each of the others has noticed the death.
const NOTICE_US: u64 = 5_000;
/// A message is under way between so many and so many microseconds: loopback, or one data centre.
const LATENCY_US: (u64, u64) = (100, 1_000);
/// A node looks at its clock this often.
const TICK_US: u64 = 25_000;
/// Long enough that every patience ends several times.
const END_US: u64 = 5_000_000;
/// Longer than the run: heartbeats are no part of an election, and nobody is missed for want of them.
const NEVER_MS: u64 = END_US;

/// A member of either kind.
pub(super) trait Elector {
    /// What members say to each other.
    type Message: Debug;

    /// A member among 1 to `nodes` that can reach all others but the highest, which it takes for the
    /// coordinator: what breaks that link is [`Elector::lose`].
    fn settled(me: PeerId, nodes: PeerId) -> Self;

    fn lose(&mut self, now_ms: u64, peer: PeerId) -> Vec<(PeerId, Self::Message)>;
    fn hear(
        &mut self,
        now_ms: u64,
        from: PeerId,
        message: Self::Message,
    ) -> Vec<(PeerId, Self::Message)>;
    fn tick(&mut self, now_ms: u64) -> Vec<(PeerId, Self::Message)>;
    fn coordinator(&self) -> Option<PeerId>;
}

/// What an election has cost.
#[derive(Debug)]
pub(super) struct Outcome {
    /// All that were sent because of it.
    pub(super) messages: u64,
    /// From the death until the last of the others had its new coordinator, in microseconds.
    pub(super) settled_us: u64,
}

enum Event<M> {
    Lose,
    Tick,
    Hear(PeerId, M),
}

/// Lets the highest of `nodes` die, and sees the others agree.
///
/// # Errors
/// They do not agree on the highest that is left.
pub(super) fn hold<E: Elector>(nodes: PeerId, seed: u64) -> Result<Outcome> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut members: BTreeMap<PeerId, E> =
        (1..nodes).map(|it| (it, E::settled(it, nodes))).collect();
    let mut events = BTreeMap::new();
    let mut number = 0_u64;
    for me in members.keys() {
        events.insert((random.random_range(0..NOTICE_US), number), (*me, Event::Lose));
        events.insert((random.random_range(0..TICK_US), number + 1), (*me, Event::Tick));
        number += 2;
    }
    let heir = nodes - 1;
    let mut unsettled: BTreeSet<PeerId> = members.keys().copied().collect();
    let mut outcome = Outcome { messages: 0, settled_us: 0 };
    while let Some(((us, _), (to, event))) = events.pop_first() {
        let Some(member) = members.get_mut(&to) else { continue }; // To the dead.
        let now_ms = us / 1_000;
        let sends = match event {
            Event::Lose => member.lose(now_ms, nodes),
            Event::Hear(from, message) => member.hear(now_ms, from, message),
            Event::Tick => {
                if us + TICK_US < END_US {
                    number += 1;
                    events.insert((us + TICK_US, number), (to, Event::Tick));
                }
                member.tick(now_ms)
            }
        };
        if member.coordinator() != Some(heir) {
            unsettled.insert(to);
        } else if unsettled.remove(&to) && unsettled.is_empty() {
            outcome.settled_us = us;
        }
        for (peer, message) in sends {
            outcome.messages += 1;
            number += 1;
            let at = us + random.random_range(LATENCY_US.0..=LATENCY_US.1);
            events.insert((at, number), (peer, Event::Hear(to, message)));
        }
    }
    if !unsettled.is_empty() {
        bail!("{unsettled:?} do not follow {heir}");
    }
    Ok(outcome)
}

impl Elector for Bully {
    type Message = bully::Message;

    fn settled(me: PeerId, nodes: PeerId) -> Bully {
        let options = bully::Options {
            heartbeat_ms: NEVER_MS,
            silence_ms: NEVER_MS,
            ..bully::Options::default()
        };
        let mut member = Bully::new(me, 1, options);
        let mut sends = bully::Sends::new();
        member.step(0, Input::Members((1..=nodes).collect()), &mut sends);
        for peer in (1..=nodes).filter(|it| *it != me) {
            member.step(0, Input::Link(peer, true), &mut sends);
        }
        let reign = Reign { round: 1, coordinator: nodes, life: 1 };
        let word = bully::Message::Coordinator { reign };
        member.step(0, Input::Receive(nodes, word), &mut sends);
        member
    }

    fn lose(&mut self, now_ms: u64, peer: PeerId) -> bully::Sends {
        fed(self, now_ms, Input::Link(peer, false))
    }

    fn hear(&mut self, now_ms: u64, from: PeerId, message: bully::Message) -> bully::Sends {
        fed(self, now_ms, Input::Receive(from, message))
    }

    fn tick(&mut self, now_ms: u64) -> bully::Sends {
        fed(self, now_ms, Input::Tick)
    }

    fn coordinator(&self) -> Option<PeerId> {
        match self.standing() {
            Standing::Follows(reign) | Standing::Coordinates { reign, .. } => {
                Some(reign.coordinator)
            }
            Standing::Outside | Standing::Electing => None,
        }
    }
}

fn fed(member: &mut Bully, now_ms: u64, input: Input) -> bully::Sends {
    let mut sends = bully::Sends::new();
    member.step(now_ms, input, &mut sends);
    sends
}

impl Elector for Classic {
    type Message = classic::Message;

    fn settled(me: PeerId, nodes: PeerId) -> Classic {
        let others = (1..=nodes).filter(|it| *it != me).collect();
        Classic::new(me, bully::Options::default(), others, nodes)
    }

    fn lose(&mut self, now_ms: u64, peer: PeerId) -> classic::Sends {
        let mut sends = classic::Sends::new();
        Classic::lose(self, now_ms, peer, &mut sends);
        sends
    }

    fn hear(&mut self, now_ms: u64, from: PeerId, message: classic::Message) -> classic::Sends {
        let mut sends = classic::Sends::new();
        self.receive(now_ms, from, message, &mut sends);
        sends
    }

    fn tick(&mut self, now_ms: u64) -> classic::Sends {
        let mut sends = classic::Sends::new();
        Classic::tick(self, now_ms, &mut sends);
        sends
    }

    fn coordinator(&self) -> Option<PeerId> {
        Classic::coordinator(self)
    }
}
