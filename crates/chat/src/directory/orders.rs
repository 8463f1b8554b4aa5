//! What operators have ordered about nodes and groups, and how far the groups have come with it.
//!
//! Promise: nothing in it outlives the member it is about; a node that lost its disk comes back under the
//! orders of the one it replaces.

use crate::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that is neither liveness nor placement, but decides on placement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Orders {
    /// Members that groups, leaderships and clients shall leave.
    pub(super) drained: BTreeSet<NodeId>,
    /// Groups that live where an operator said, not where the ring says.
    pub(super) pins: BTreeMap<u32, Vec<NodeId>>,
    /// Members that stand on the ring under the name of a dead one whose places they took.
    pub(super) places: BTreeMap<NodeId, Arc<str>>,
    /// By group: the epoch of the newest placement that its replicas have come to.
    pub(super) settled: BTreeMap<u32, u64>,
    /// Priorities of members, where not 0. (In snapshots they stand apart: those of before have none.)
    #[serde(skip)]
    pub(super) priorities: BTreeMap<NodeId, i32>,
}

impl Orders {
    /// The member is gone, and what was ordered of it with it.
    pub(super) fn forget(&mut self, id: NodeId) {
        self.drained.remove(&id);
        self.places.remove(&id);
        self.priorities.remove(&id);
        self.pins.retain(|_, nodes| {
            nodes.retain(|it| *it != id);
            !nodes.is_empty()
        });
    }

    /// What was ordered of one identity is ordered of another from now on.
    pub(super) fn hand_over(&mut self, from: NodeId, to: NodeId) {
        if self.drained.remove(&from) {
            self.drained.insert(to);
        }
        if let Some(place) = self.places.remove(&from) {
            self.places.insert(to, place);
        }
        if let Some(priority) = self.priorities.remove(&from) {
            self.priorities.insert(to, priority);
        }
        for nodes in self.pins.values_mut() {
            if nodes.contains(&to) {
                nodes.retain(|it| *it != from);
            }
            nodes.iter_mut().filter(|it| **it == from).for_each(|it| *it = to);
        }
    }
}
