//! One of the others, by chance.

use super::{ALL, Fault};
use crate::cluster::{Cluster, Stuck};
use rand::seq::IndexedRandom;

pub(crate) const FAULT: Fault = Fault { name: "any", run: any };

fn any(cluster: &mut Cluster) -> Result<(), Stuck> {
    let fault = ALL.choose(&mut cluster.random).expect("there are some");
    cluster.story.note(format!("fault: {}", fault.name));
    (fault.run)(cluster)
}
