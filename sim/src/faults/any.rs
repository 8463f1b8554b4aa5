//! One of the others, by chance.

use super::{ALL, Fault};
use crate::cluster::{Cluster, Stuck};
use rand::Rng;

pub(crate) const FAULT: Fault = Fault { name: "any", run: any };

fn any(cluster: &mut Cluster) -> Result<(), Stuck> {
    let fault = ALL[cluster.random.random_range(0..ALL.len())];
    cluster.story.note(format!("fault: {}", fault.name));
    (fault.run)(cluster)
}
