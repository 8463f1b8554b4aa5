//! What an acknowledgement is worth.

use crate::cluster::Cluster;
use crate::each;
use replica::PeerId;

#[test]
fn what_is_acknowledged_is_on_as_many_disks_as_promised() {
    each(|row| {
        let mut cluster = Cluster::new(row, 1);
        for round in 0..20 {
            let by = cluster.any();
            let token = cluster.say(by, "a", 10 + 400 * round);
            cluster.until_acked(1_000, &[token]);
            let disks = cluster.disks_with(token);
            assert!(disks.len() >= row.copies, "{disks:?}");
        }
        cluster.settle();
    });
}

#[test]
fn nothing_is_acknowledged_while_too_few_disks_have_it() {
    each(|row| {
        for first in 0..row.replicas as usize {
            let mut cluster = Cluster::new(row, 2);
            let mut slow: Vec<PeerId> = cluster.ids();
            slow.rotate_left(first);
            slow.drain(..row.copies - 1);
            slow.iter().for_each(|id| cluster.node(*id).sync_ms = None);
            let tokens: Vec<usize> =
                cluster.ids().iter().map(|id| cluster.say(*id, "a", 100)).collect();
            cluster.run(100);
            assert!(tokens.iter().all(|it| cluster.answer(*it).is_none()), "slow: {slow:?}");
            slow.iter().for_each(|id| cluster.node(*id).sync_ms = Some(1));
            cluster.until_acked(1_000, &tokens);
            cluster.settle();
        }
    });
}

#[test]
fn commands_of_all_nodes_are_acknowledged_and_stand_on_all() {
    each(|row| {
        let mut cluster = Cluster::new(row, 3);
        let mut tokens = Vec::new();
        for id in cluster.ids() {
            tokens.extend(cluster.say_many(id, 500, 200));
        }
        cluster.until_acked(2_000, &tokens);
        cluster.settle();
    });
}
