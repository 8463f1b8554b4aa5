//! PLACE: a group shall live on these nodes.

use crate::NodeId;
use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent};

pub(in crate::directory) fn place(
    directory: &mut Directory,
    group: u32,
    replicas: Vec<NodeId>,
) -> Answer {
    let placement = directory.placements.entry(group).or_default();
    if placement.epoch != 0 && placement.replicas == replicas {
        return Ok(Vec::new());
    }
    placement.replicas = replicas;
    placement.epoch = placement.epoch.saturating_add(1);
    Ok(vec![DirectoryEvent::Placed(group)])
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::Scene;

    #[test]
    fn each_change_of_place_is_an_epoch() {
        let place = |replicas: &[u64]| DirectoryCommand::Place {
            group: 3,
            replicas: replicas.iter().copied().map(NodeId).collect(),
        };
        let mut scene = Scene::default();
        assert_eq!(scene.directory.placement(3), None);
        scene.sees(place(&[]), &["group 3 placed"]); // Nowhere is a place too, the first time.
        scene.sees(place(&[]), &[]);
        scene.sees(place(&[1, 2]), &["group 3 placed"]);
        scene.sees(place(&[1, 2]), &[]);
        scene.sees(place(&[2, 1]), &["group 3 placed"]);
        let placement = scene.directory.placement(3).expect("it was placed");
        assert_eq!(placement.epoch, 3);
        assert_eq!(placement.replicas, [NodeId(2), NodeId(1)]);
    }
}
