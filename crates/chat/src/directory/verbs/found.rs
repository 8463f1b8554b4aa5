//! FOUND: the cluster begins, once.

use crate::directory::state::{Answer, Founded};
use crate::directory::{Directory, DirectoryEvent, DirectoryRefusal};
use std::sync::Arc;

pub(in crate::directory) fn found(
    directory: &mut Directory,
    cluster: u64,
    network: Arc<str>,
    groups: u32,
) -> Answer {
    if directory.founded.is_some() {
        return Err(DirectoryRefusal::AlreadyFounded);
    }
    directory.founded = Some(Founded { cluster, network, groups });
    Ok(vec![DirectoryEvent::Founded])
}

#[cfg(test)]
mod tests {
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::Scene;

    #[test]
    fn a_cluster_is_founded_once() {
        let found =
            |cluster| DirectoryCommand::Found { cluster, network: "Starling".into(), groups: 16 };
        let mut scene = Scene::default();
        scene.sees(found(7), &["founded"]);
        scene.sees(found(8), &["refused AlreadyFounded"]);
        let (cluster, network, groups) = scene.directory.founded().expect("it is founded");
        assert_eq!((cluster, &**network, groups), (7, "Starling", 16));
    }
}
