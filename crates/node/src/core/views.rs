//! Views of the groups that the directory decides on.
//!
//! Every node tells its replicas what the directory here knows; whoever leads the directory replaces the
//! views whose primary is gone, or whose replicas shall be elsewhere. Doing any of it twice changes nothing.

use super::Core;
use chat::NodeId;
use chat::directory::{self, DirectoryCommand};
use replica::store::GroupId;
use replica::strategy::{Propose, View, successor};

/// The last one in sync may go on alone.
const MIN_IN_SYNC: usize = 1;
/// A proposal without an outcome is made again after this long: longer than a commit takes.
const AGAIN_MS: u64 = 300;

impl Core {
    /// On every tick, and whenever a link breaks: a primary is missed by everybody who writes.
    pub(super) fn settle_views(&mut self) {
        for number in self.groups.with_views() {
            let group = GroupId(number);
            let Some(view) = self.directory.view(number) else {
                self.found_view(group);
                continue;
            };
            let view = known(view);
            self.engine.view(group, &view);
            if self.engine.is_serving(super::DIRECTORY) {
                self.succeed(group, &view);
            }
        }
    }

    /// Whether a replica here has a part in the group, by its view. `None`: the group has none.
    pub(super) fn has_part(&self, group: GroupId) -> Option<bool> {
        let view = self.directory.view(group.0)?;
        Some(view.in_sync.contains(&self.me) || view.replicas.contains(&self.me))
    }

    /// The first view of a group is its founder's, who alone has a replica with a beginning.
    fn found_view(&mut self, group: GroupId) {
        let is_founded = self.directory.placement(group.0).is_some();
        let is_founder = self.engine.holds(group) == Some(true) && self.engine.applied(group) > 0;
        if is_founded && is_founder {
            let me = self.me.0;
            let view = View { epoch: 1, primary: me, in_sync: vec![me], replicas: vec![me] };
            self.propose_view(group, Propose { on_epoch: 0, view }, me);
        }
    }

    /// Links tell sooner than gossip does. A primary that only the directory's leader cannot reach is
    /// replaced too: a copy was in sync, so nothing is lost by it.
    fn succeed(&mut self, group: GroupId, view: &View) {
        let Some(placement) = self.directory.placement(group.0) else { return };
        let replicas: Vec<u64> = placement.replicas.iter().map(|it| it.0).collect();
        let is_live = |it: u64| it == self.me.0 || self.up.contains(&it);
        if let Some(next) = successor(view, &replicas, MIN_IN_SYNC, is_live) {
            self.propose_view(group, Propose { on_epoch: view.epoch, view: next }, self.me.0);
        }
    }

    /// Asks the directory to decide on a view. What is on its way is not asked for again at once.
    pub(super) fn propose_view(&mut self, group: GroupId, propose: Propose, by: u64) {
        let Propose { on_epoch, view } = propose;
        let asked = (on_epoch, self.now_ms);
        let is_asked = |it: &(u64, u64)| it.0 == on_epoch && self.now_ms - it.1 < AGAIN_MS;
        if self.views_asked.get(&group).is_some_and(is_asked) {
            return;
        }
        self.views_asked.insert(group, asked);
        let nodes = |of: Vec<u64>| of.into_iter().map(NodeId).collect();
        let view = directory::View {
            epoch: view.epoch,
            primary: NodeId(view.primary),
            in_sync: nodes(view.in_sync),
            replicas: nodes(view.replicas),
        };
        let by = NodeId(by);
        self.propose(&DirectoryCommand::SetView { group: group.0, on_epoch, view, by });
    }
}

fn known(view: &directory::View) -> View {
    let ids = |of: &[NodeId]| of.iter().map(|it| it.0).collect();
    View {
        epoch: view.epoch,
        primary: view.primary.0,
        in_sync: ids(&view.in_sync),
        replicas: ids(&view.replicas),
    }
}
