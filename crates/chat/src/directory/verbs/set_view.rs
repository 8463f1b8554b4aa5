//! SET VIEW: another primary, or another in-sync set, of a primary-backup group.
//!
//! Promise: an epoch has one view, and whoever leads in the next was in sync in this one, so that it has
//! all that was acknowledged. Who has caught up only the primary knows: nobody else adds to the in-sync
//! set. (Who should lead when the primary is gone is computed by others; here it is only allowed.)

use crate::NodeId;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal, View};
use crate::planted::planted;
use std::collections::BTreeSet;

pub(in crate::directory) fn set_view(
    directory: &mut Directory,
    group: u32,
    on_epoch: u64,
    view: View,
    by: NodeId,
) -> Answer {
    let before = directory.view(group);
    let epoch = before.map_or(0, |it| it.epoch);
    if epoch != on_epoch {
        return Err(DirectoryRefusal::ViewIsAt { epoch });
    }
    if Some(view.epoch) != on_epoch.checked_add(1) || !is_sound(&view) {
        return Err(DirectoryRefusal::ViewUnsound);
    }
    // Who was in sync and is no replica any more is about to leave; nobody else is in sync without being one.
    let may_stay = |it: &NodeId| {
        view.replicas.contains(it) || before.is_some_and(|before| before.in_sync.contains(it))
    };
    if !view.in_sync.iter().all(may_stay) {
        return Err(DirectoryRefusal::ViewUnsound);
    }
    if view.replicas.iter().any(|it| directory.member(*it).is_none()) {
        return Err(DirectoryRefusal::UnknownMember);
    }
    if let Some(before) = before
        && !planted!("promote-outside-in-sync")
    {
        let is_new = |it: &&NodeId| !before.in_sync.contains(it);
        if is_new(&&view.primary) {
            return Err(DirectoryRefusal::NotInSync(view.primary));
        }
        let added = view.in_sync.iter().find(is_new);
        if let Some(added) = added.filter(|_| by != before.primary) {
            return Err(DirectoryRefusal::NotInSync(*added));
        }
    }
    directory.views.insert(group, view);
    Ok(vec![DirectoryEvent::ViewSet(group)])
}

/// The primary is in sync, and nobody is named twice.
fn is_sound(view: &View) -> bool {
    let replicas: BTreeSet<&NodeId> = view.replicas.iter().collect();
    let in_sync: BTreeSet<&NodeId> = view.in_sync.iter().collect();
    replicas.len() == view.replicas.len()
        && in_sync.len() == view.in_sync.len()
        && in_sync.contains(&view.primary)
}

#[cfg(test)]
mod tests {
    use super::View;
    use crate::NodeId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, add};

    const SET: &[&str] = &["group 3 has another view"];

    /// `view(2, 1, "12", "123")`: epoch 2, primary 1, of 1, 2 and 3 the first two in sync.
    fn view(epoch: u64, primary: u64, in_sync: &str, replicas: &str) -> View {
        let nodes = |raw: &str| raw.bytes().map(|it| NodeId(u64::from(it - b'0'))).collect();
        let (in_sync, replicas) = (nodes(in_sync), nodes(replicas));
        View { epoch, primary: NodeId(primary), in_sync, replicas }
    }

    fn set(on_epoch: u64, by: u64, view: View) -> DirectoryCommand {
        DirectoryCommand::SetView { group: 3, on_epoch, view, by: NodeId(by) }
    }

    fn scene() -> Scene {
        let mut scene = Scene::default();
        for (id, name) in [(1, "a"), (2, "b"), (3, "c")] {
            scene.apply(add(id, name));
        }
        scene
    }

    #[test]
    fn of_two_who_propose_the_next_view_the_first_is_heard() {
        let mut scene = scene();
        assert_eq!(scene.directory.view(3), None);
        scene.sees(set(1, 1, view(2, 1, "1", "1")), &["refused ViewIsAt { epoch: 0 }"]);
        scene.sees(set(0, 1, view(1, 1, "12", "12")), SET);
        scene.sees(set(0, 2, view(1, 2, "12", "12")), &["refused ViewIsAt { epoch: 1 }"]);
        scene.sees(set(1, 2, view(2, 2, "2", "12")), SET);
        scene.sees(set(1, 1, view(2, 1, "1", "12")), &["refused ViewIsAt { epoch: 2 }"]);
        assert_eq!(scene.directory.view(3), Some(&view(2, 2, "2", "12")));
        assert_eq!(scene.directory.view(4), None);
    }

    #[test]
    fn who_may_lack_something_never_leads() {
        let mut scene = scene();
        scene.sees(set(0, 3, view(1, 1, "12", "123")), SET);
        let refused = &["refused NotInSync(NodeId(3))"];
        scene.sees(set(1, 3, view(2, 3, "123", "123")), refused);
        scene.sees(set(1, 1, view(2, 3, "123", "123")), refused); // Not even by the primary's word.
        scene.sees(set(1, 3, view(2, 2, "2", "123")), SET);
    }

    #[test]
    fn only_the_primary_adds_to_those_in_sync_and_anybody_takes_out() {
        let mut scene = scene();
        scene.sees(set(0, 1, view(1, 1, "12", "12")), SET);
        let refused = &["refused NotInSync(NodeId(3))"];
        scene.sees(set(1, 2, view(2, 1, "123", "123")), refused);
        scene.sees(set(1, 3, view(2, 1, "1", "123")), SET);
        scene.sees(set(2, 1, view(3, 1, "13", "123")), SET);
        scene.sees(set(3, 1, view(4, 3, "123", "123")), SET); // It hands over.
        scene.sees(set(4, 3, view(5, 3, "123", "23")), SET); // 1 is about to leave.
    }

    #[test]
    fn a_view_that_contradicts_itself_is_none() {
        let mut scene = scene();
        for unsound in [
            view(2, 1, "1", "1"),
            view(0, 1, "1", "1"),
            view(1, 1, "2", "12"),
            view(1, 1, "", "12"),
            view(1, 1, "12", "1"),
            view(1, 1, "11", "12"),
            view(1, 1, "1", "122"),
        ] {
            scene.sees(set(0, 1, unsound), &["refused ViewUnsound"]);
        }
        scene.sees(set(0, 1, view(1, 1, "1", "14")), &["refused UnknownMember"]);
        assert_eq!(scene.directory.view(3), None);
    }

    #[test]
    fn a_view_outlives_its_members_until_the_next() {
        let mut scene = scene();
        scene.sees(set(0, 1, view(1, 1, "12", "12")), SET);
        scene.apply(DirectoryCommand::RemoveMember { id: NodeId(1) });
        assert_eq!(scene.directory.view(3), Some(&view(1, 1, "12", "12")));
        scene.sees(set(1, 2, view(2, 2, "12", "12")), &["refused UnknownMember"]);
        scene.sees(set(1, 2, view(2, 2, "2", "2")), SET);
    }
}
