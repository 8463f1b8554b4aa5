//! SETTLE: the replicas of a group have come to where a placement wanted them.

use crate::directory::state::Answer;
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};

pub(in crate::directory) fn settle(directory: &mut Directory, group: u32, epoch: u64) -> Answer {
    let Some(placement) = directory.placements.get(&group) else {
        return Err(DirectoryRefusal::UnknownGroup);
    };
    let settled = directory.orders.settled.entry(group).or_default();
    // An earlier place does not count any more; a later one nobody can have come to.
    if placement.epoch != epoch || *settled >= epoch {
        return Ok(Vec::new());
    }
    *settled = epoch;
    Ok(vec![DirectoryEvent::Settled(group)])
}

#[cfg(test)]
mod tests {
    use crate::NodeId;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::Scene;

    #[test]
    fn a_group_moves_from_its_placement_until_it_has_come_to_the_newest_one() {
        let place = |node| DirectoryCommand::Place { group: 3, replicas: vec![NodeId(node)] };
        let settle = |epoch| DirectoryCommand::Settle { group: 3, epoch };
        let mut scene = Scene::default();
        scene.sees(settle(1), &["refused UnknownGroup"]);
        assert!(!scene.directory.is_moving(3));
        scene.sees(place(1), &["group 3 placed"]);
        assert!(scene.directory.is_moving(3));
        scene.sees(settle(2), &[]);
        scene.sees(settle(1), &["group 3 settled"]);
        scene.sees(settle(1), &[]);
        assert!(!scene.directory.is_moving(3));
        scene.sees(place(2), &["group 3 placed"]);
        scene.sees(settle(1), &[]);
        assert!(scene.directory.is_moving(3));
        scene.sees(settle(2), &["group 3 settled"]);
        assert!(!scene.directory.is_moving(3));
    }
}
