//! Commands on their way into a log: from this node's lane to the leader, from the leader's intake into an entry.
//!
//! Promise: what gets nowhere is said to its sender, as refused if it was never offered, else as unknown.

use super::group::Role;
use super::wire::Envelope;
use super::{Engine, Event};
use crate::lane::{Intake, Taken};
use crate::planted;
use crate::store::GroupId;
use crate::strategy::{PeerId, Route};
use bytes::Bytes;
use fail::fail_point;

/// A command without a route waits this long for one before its sender hears of it. Longer than an
/// election, shorter than the second within which a minority has to say so.
pub(super) const GIVE_UP_MS: u64 = 850;
/// With a route, but without progress: the disks are too slow, or a peer does not answer.
pub(super) const GIVE_UP_ROUTED_MS: u64 = 8_000;
/// Of what was taken earlier some is in no entry, and it is not known what.
pub(super) const SOME_SECTION: (u64, u64) = (0, 0);
/// After this long without progress what was offered is offered again; repeats change nothing.
pub(super) const OFFER_AGAIN_MS: u64 = 1_500;

impl Engine {
    /// A new leadership, or none: nothing offered before counts, and those who offered it hear so.
    pub(super) fn notice_route(&mut self, id: GroupId) {
        let me = self.me;
        let Some(group) = self.groups.get_mut(&id) else { return };
        let now = (group.route(), group.term());
        if now == (group.route_was, group.term_was) {
            return;
        }
        (group.route_was, group.term_was) = now;
        group.outbox.rewind();
        let origins: Vec<_> = group.intake.origins().filter(|it| it.0 != me).collect();
        group.intake.reset();
        let can_commit = !group.is_cut_off();
        for (origin, generation) in origins {
            self.not_taken(id, (origin, generation), can_commit, SOME_SECTION);
        }
    }

    /// Moves this node's commands towards the leader, and the leader's intake into its log.
    pub(super) fn pump(&mut self, id: GroupId, wall_ms: u64) {
        self.notice_route(id);
        let Some(group) = self.groups.get_mut(&id) else { return };
        let route = group.route();
        let may_offer = !group.is_held && !group.waits_for_state();
        if may_offer && route != Route::Nowhere {
            while let Some(section) = group.outbox.next_section() {
                match route {
                    Route::At(leader) => {
                        fail_point!("lane.before-propose");
                        self.sends.push((leader, Envelope::Propose(id, section)));
                    }
                    _ => {
                        let (first, end) = Intake::span_of(&section).unwrap_or(SOME_SECTION);
                        if group.intake.take(section, &group.seen) == Taken::No {
                            group.outbox.not_taken(first, end);
                            group.outbox.rewind();
                            group.is_held = true;
                            break;
                        }
                    }
                }
            }
        }
        let Role::Replica(strategy) = &mut group.role else {
            return;
        };
        while route == Route::Here && strategy.room() > 0 {
            let (clock, mut drawn) = (&mut self.clock, 0);
            let stamp = |commands| {
                drawn = match planted!("clock-runs-back") {
                    true => wall_ms << 16,
                    false => clock.stamp_row(wall_ms, commands),
                };
                drawn
            };
            let Some(entry) = group.intake.next_entry(stamp) else {
                break;
            };
            fail_point!("engine.before-offer");
            if !strategy.offer(entry, drawn) {
                // It is in nobody's log: what was taken has to be offered again.
                let origins: Vec<_> = group.intake.origins().collect();
                group.intake.reset();
                for (origin, generation) in origins {
                    self.not_taken(id, (origin, generation), true, SOME_SECTION);
                }
                break;
            }
        }
    }

    /// A section for us as the leader, or to be passed on to it.
    pub(super) fn take(&mut self, id: GroupId, section: Bytes) {
        let (lane, span) = (Intake::lane_of(&section), Intake::span_of(&section));
        let (Some((origin, generation)), Some(span)) = (lane, span) else { return };
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        fail_point!("lane.before-take");
        match group.route() {
            Route::Here => {
                self.notice_route(id);
                let group = self.groups.get_mut(&id).expect("it was there");
                if group.intake.take(section, &group.seen) == Taken::No {
                    self.not_taken(id, (origin, generation), true, span);
                }
                self.touched.insert(id);
            }
            Route::At(leader) if origin != self.me && leader != origin => {
                self.sends.push((leader, Envelope::Propose(id, section)));
            }
            _ => {
                let can_commit = !group.is_cut_off();
                self.not_taken(id, (origin, generation), can_commit, span);
            }
        }
    }

    pub(super) fn not_taken(
        &mut self,
        id: GroupId,
        (origin, generation): (PeerId, u64),
        can_commit: bool,
        section: (u64, u64),
    ) {
        if origin != self.me {
            fail_point!("lane.before-not-taken");
            let envelope = Envelope::NotTaken { group: id, generation, can_commit, section };
            self.sends.push((origin, envelope));
        } else if let Some(group) = self.groups.get_mut(&id) {
            group.outbox.rewind();
            group.is_held = true;
        }
    }

    /// Tells senders whose commands get nowhere.
    pub(super) fn tick_lane(&mut self, id: GroupId) {
        let group = self.groups.get_mut(&id).expect("the caller has it from the map");
        let Some(age) = group.outbox.oldest_age_ms(self.now_ms) else {
            return;
        };
        let is_stuck = group.route() == Route::Nowhere
            || group.cut_off_at.is_some_and(|at| self.now_ms - at < GIVE_UP_MS);
        let limit = if is_stuck { GIVE_UP_MS } else { GIVE_UP_ROUTED_MS };
        if age >= limit {
            fail_point!("lane.before-give-up");
            let gone = group.outbox.give_up(self.now_ms, limit);
            group.cut_off_at = None;
            self.events.extend(gone.refused.into_iter().map(|token| Event::Refused { token }));
            self.events.extend(gone.unknown.into_iter().map(|token| Event::Unknown { token }));
        } else if age >= OFFER_AGAIN_MS && self.now_ms - group.offered_again_ms >= OFFER_AGAIN_MS {
            group.offered_again_ms = self.now_ms;
            group.outbox.rewind();
        }
    }
}
