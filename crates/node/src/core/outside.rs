//! The way back to the directory: whom to ask who is a member now, and what becomes of the answer.
//!
//! Promise: a node that can reach any member that knows of the directory comes to know of it too, without
//! being started anew; what it is told counts only as long as its own directory is not newer.

use super::admit::json;
use super::standing::Standing;
use super::{Core, DIRECTORY};
use rand::Rng;
use rand::seq::SliceRandom;
use replica::net::Responder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Asked at once: some of them live, and a large network is not asked as a whole.
const ASKED_MAX: usize = 16;

/// Who is a member, as one member knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MembersAnswer {
    /// Id of the cluster.
    pub(crate) cluster: u64,
    /// How far the directory's log was applied there: the higher, the newer.
    pub(crate) applied: u64,
    /// Members: identity, address.
    pub(crate) members: Vec<(u64, String)>,
    /// Those of them that should hold the directory.
    pub(crate) directory: Vec<u64>,
}

impl Core {
    /// On every duty.
    pub(super) fn tend_footing(&mut self) {
        let has_way = self.engine.is_in_touch(DIRECTORY);
        let chance = if has_way { 0.0 } else { self.random.random_range(0.0..=1.0) };
        let before = self.footing.standing();
        if self.footing.tick(self.now_ms, has_way, chance) {
            self.inquire();
        }
        let now = self.footing.standing();
        if now != before {
            tracing::info!(?now, ?before, "the way to the directory");
        }
        let is_overtaken = |it: &MembersAnswer| it.applied <= self.engine.applied(DIRECTORY);
        if self.told_of.as_ref().is_some_and(is_overtaken) {
            self.told_of = None;
            self.members_changed = true;
        }
    }

    fn inquire(&mut self) {
        let known = self.identity.peers.iter().filter(|it| it.0 != self.me.0).map(|it| &it.1);
        let known: BTreeSet<&String> = known.chain(&self.config.join).collect();
        let others = known.into_iter().filter(|it| **it != self.config.address);
        let mut addresses: Vec<String> = others.cloned().collect();
        addresses.shuffle(&mut self.random);
        addresses.truncate(ASKED_MAX);
        if !addresses.is_empty() {
            self.inquiry = Some(addresses);
        }
    }

    /// Where to ask who is a member now, if this node wants to know.
    pub(crate) fn take_inquiry(&mut self) -> Option<Vec<String>> {
        self.inquiry.take()
    }

    /// Somebody asks; any member answers, and says how much it knows.
    pub(super) fn answer_members(&self, responder: Responder) {
        let members = self.directory.members().map(|it| (it.id.0, it.address.to_string()));
        responder.answer(json(&MembersAnswer {
            cluster: self.identity.cluster,
            applied: self.engine.applied(DIRECTORY),
            members: members.collect(),
            directory: self.directory_voters(),
        }));
    }

    /// Those who were asked have answered, or will not: the newest answer counts, if it is news here.
    pub(crate) fn told_of_members(&mut self, answers: Vec<MembersAnswer>) {
        let is_ours = |it: &MembersAnswer| it.cluster == self.identity.cluster;
        let Some(newest) = answers.into_iter().filter(is_ours).max_by_key(|it| it.applied) else {
            return;
        };
        let known = self.told_of.as_ref().map_or(0, |it| it.applied);
        let is_news = newest.applied > self.engine.applied(DIRECTORY).max(known);
        if self.footing.standing() == Standing::Member || newest.members.is_empty() {
            return;
        }
        // If our own directory, which is older, has us in it. Whoever has just been taken in may ask somebody who has
        // not heard of it yet.
        let was_in = self.directory.member(self.me).is_some();
        if is_news && was_in && !newest.members.iter().any(|it| it.0 == self.me.0) {
            return self.was_removed();
        }
        self.footing.answered(self.now_ms);
        if is_news {
            tracing::info!(members = newest.members.len(), "told who is a member now");
            self.members_changed = true;
            self.told_of = Some(newest);
        }
        self.follow_directory();
    }

    /// Those who should hold the directory: as told, while that is newer than what is known here.
    pub(super) fn directory_holders(&self) -> Vec<u64> {
        match &self.told_of {
            Some(told) => told.directory.clone(),
            None => self.directory_voters(),
        }
    }
}
