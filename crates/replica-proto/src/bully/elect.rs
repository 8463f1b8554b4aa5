//! The coordinator is missed: asking the higher ones, and naming the highest that answers.

use super::{Bully, Message, PeerId, Role, Sends};
use std::collections::BTreeSet;

impl Bully {
    /// Begins an election. With one candidate there is nothing to ask.
    pub(super) fn ask(&mut self, sends: &mut Sends) {
        let higher = self.higher_up();
        if higher.len() == 1 {
            self.nominate(higher, sends);
        } else {
            self.ask_all(higher, sends);
        }
    }

    pub(super) fn on_election(&mut self, from: PeerId, sends: &mut Sends) {
        if self.is_above_me(from) {
            return; // It does not know the ranks as we do, yet.
        }
        match self.role {
            Role::Coordinating(_) => self.announce_to(from, sends),
            Role::Following(_) => self.tell_view(from, sends), // We do not miss it.
            _ if self.higher_up().is_empty() => self.coordinate(sends),
            _ => {
                sends.push((from, Message::Answer { round: self.round, position: self.position }));
                if let Role::Waiting { .. } = self.role {
                    let until_ms = self.now_ms + self.options.nomination_ms;
                    self.role = Role::Expecting { until_ms };
                }
            }
        }
    }

    pub(super) fn on_nomination(&mut self, from: PeerId, sends: &mut Sends) {
        match self.role {
            Role::Coordinating(_) => self.announce_to(from, sends),
            Role::Following(_) => self.tell_view(from, sends),
            _ if self.is_above_me(from) => {}
            _ => self.coordinate(sends),
        }
    }

    /// Of a higher one, to our question.
    pub(super) fn on_candidate(&mut self, from: PeerId, sends: &mut Sends) {
        let Role::Asking { silent, answered, .. } = &mut self.role else { return };
        if silent.remove(&from) {
            answered.insert(from);
            if silent.is_empty() {
                self.nominate_highest(sends);
            }
        }
    }

    /// All have answered, or their time is over.
    pub(super) fn nominate_highest(&mut self, sends: &mut Sends) {
        let Role::Asking { answered, .. } = &mut self.role else { return };
        let answered = std::mem::take(answered);
        self.nominate(answered, sends);
    }

    /// Who was named does not say that it coordinates: the next one, or all over again.
    pub(super) fn nominate_next(&mut self, sends: &mut Sends) {
        let Role::Nominating { others, .. } = &mut self.role else { return };
        let others = std::mem::take(others);
        if others.is_empty() {
            let higher = self.higher_up();
            self.ask_all(higher, sends);
        } else {
            self.nominate(others, sends);
        }
    }

    fn ask_all(&mut self, higher: BTreeSet<PeerId>, sends: &mut Sends) {
        if higher.is_empty() {
            self.coordinate(sends);
            return;
        }
        sends.extend(higher.iter().map(|it| (*it, Message::Election { round: self.round })));
        let until_ms = self.now_ms + self.options.answer_ms;
        self.role = Role::Asking { until_ms, silent: higher, answered: BTreeSet::new() };
    }

    /// Names the highest of these; without any it is for us to coordinate.
    fn nominate(&mut self, mut candidates: BTreeSet<PeerId>, sends: &mut Sends) {
        let Some(whom) = self.highest(&candidates) else {
            self.coordinate(sends);
            return;
        };
        candidates.remove(&whom);
        sends.push((whom, Message::Nomination { round: self.round }));
        let until_ms = self.now_ms + self.options.coordinator_ms;
        self.role = Role::Nominating { until_ms, whom, others: candidates };
    }
}
