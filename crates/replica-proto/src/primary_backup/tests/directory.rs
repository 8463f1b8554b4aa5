//! The register that decides on views: one node, reached over the same bad network.

use super::super::{PeerId, Propose, View, is_allowed, successor};
use super::disk::{TestDisk, TestWrite};
use super::{Envelope, Event, Setup};
use std::collections::BTreeMap;

/// Who is silent this long is taken for dead.
const SILENCE_MS: u64 = 400;

pub(super) struct Directory {
    /// On disk, so others may know it.
    pub(super) told: Option<View>,
    pub(super) events: Vec<Event>,
    decided: Option<View>,
    decided_at: u64,
    placement: Vec<PeerId>,
    heard: BTreeMap<PeerId, u64>,
    started: Option<u64>,
    setup: Setup,
}

type Sends = Vec<(PeerId, Envelope)>;

impl Directory {
    pub(super) fn start(disk: &TestDisk, setup: &Setup) -> Directory {
        Directory {
            told: disk.view.clone(),
            events: disk.view.iter().cloned().map(Event::Decided).collect(),
            decided: disk.view.clone(),
            decided_at: 0,
            placement: disk.placement.clone(),
            heard: BTreeMap::new(),
            started: None,
            setup: setup.clone(),
        }
    }

    pub(super) fn step(
        &mut self,
        ms: u64,
        input: crate::testnet::Input<Envelope, super::Ask>,
        ticket: u64,
        sends: &mut Sends,
    ) -> Vec<TestWrite> {
        use crate::testnet::Input;
        let started = *self.started.get_or_insert(ms);
        match input {
            Input::Receive(from, Envelope::Hello(epoch)) => {
                self.heard.insert(from, ms);
                if let Some(view) = self.told.as_ref().filter(|it| it.epoch >= epoch) {
                    sends.push((from, Envelope::View(view.clone())));
                }
            }
            Input::Receive(from, Envelope::Propose(Propose { on_epoch, view })) => {
                self.heard.insert(from, ms);
                let now = self.decided.as_ref().expect("it was founded");
                if self.told == self.decided && is_allowed(now, from, on_epoch, &view) {
                    return self.decide(ticket, view);
                }
            }
            Input::Ask(super::Ask::Place(placement)) => {
                self.placement = placement.clone();
                return vec![TestWrite::Placement(placement)];
            }
            Input::Link(id, false) => {
                self.heard.remove(&id); // A broken connection is a hint to act at once.
            }
            Input::Synced(upto) if upto >= self.decided_at => self.tell(sends),
            Input::Tick if ms - started > SILENCE_MS => return self.look_after(ms, ticket),
            _ => {}
        }
        Vec::new()
    }

    fn look_after(&mut self, ms: u64, ticket: u64) -> Vec<TestWrite> {
        let is_settled = self.told == self.decided; // One after the other, so the watch sees each.
        let Some(view) = self.decided.as_ref().filter(|_| is_settled) else { return Vec::new() };
        let is_live = |id| self.heard.get(&id).is_some_and(|it| ms - it < SILENCE_MS);
        let next = successor(view, &self.placement, self.setup.options.min_in_sync, is_live);
        next.map(|it| self.decide(ticket, it)).unwrap_or_default()
    }

    fn decide(&mut self, ticket: u64, view: View) -> Vec<TestWrite> {
        self.decided = Some(view.clone());
        self.decided_at = ticket;
        vec![TestWrite::View(view)]
    }

    fn tell(&mut self, sends: &mut Sends) {
        if self.told == self.decided {
            return;
        }
        self.told = self.decided.clone();
        let view = self.told.clone().expect("something was decided");
        let everybody = view.replicas.iter().chain(&view.in_sync).chain(self.heard.keys());
        let everybody: std::collections::BTreeSet<PeerId> = everybody.copied().collect();
        sends.extend(everybody.into_iter().map(|it| (it, Envelope::View(view.clone()))));
        self.events.push(Event::Decided(view));
    }
}
