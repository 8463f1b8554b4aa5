//! What can be done to a machine's disk, and who died at a fail point.

use super::{Cluster, name};
use crate::points::{self, Armed};
use node::points::ALL;
use rand::Rng;
use rand::seq::IndexedRandom;
use replica::store::Disk;
use std::time::Duration;

const EIO: i32 = 5;
/// Somebody who died at a fail point comes back after at most this.
const REST_MS: u64 = 4_000;
/// Deaths at a point that the command line chose, in one run: enough to see what comes of one.
const DEATHS_MAX: u32 = 3;

impl Cluster {
    /// The disk takes so many bytes more, until it is mended.
    pub(crate) fn fill_disk(&mut self, node: usize, room: u64) {
        self.story.note(format!("the disk of {} has room for {room} bytes", name(node)));
        self.machines[node].is_disk_bad.set(true);
        self.machines[node].disk.borrow().fill(room);
    }

    /// After so many good operations the disk fails one, or all.
    pub(crate) fn fail_disk(&mut self, node: usize, after: u64, for_ever: bool) {
        let how = if for_ever { "for ever" } else { "once" };
        self.story.note(format!("the disk of {} fails {how} after {after} writes", name(node)));
        self.machines[node].is_disk_bad.set(true);
        self.machines[node].disk.borrow().fail_after(after, EIO, for_ever);
    }

    /// Every sync of the log takes that much longer, until the disk is mended.
    pub(crate) fn slow_disk(&mut self, node: usize, delay: Duration) {
        self.story.note(format!("syncs of {} take {delay:?}", name(node)));
        self.is_troubled = true;
        self.machines[node].disk.borrow().slow(delay);
    }

    /// The disk is a good one again. What it did not take is not there.
    pub(crate) fn mend_disk(&mut self, node: usize) {
        self.story.note(format!("the disk of {} is mended", name(node)));
        self.machines[node].disk.borrow().heal();
    }

    /// Whether a node that stopped had to, because its disk did what a fault made it do.
    pub(super) fn has_bad_disk(&self, node: usize, why: &str) -> bool {
        let is_of_disk = ["os error 5", "os error 28", "damaged"].iter().any(|it| why.contains(it));
        self.machines[node].is_disk_bad.get() && is_of_disk
    }

    /// Flips bits in the log or the history of a node that is down. Not in the newest quarter of a
    /// file: the end of a log that was cut off looks the same as one that rotted, and of the last write
    /// the end may be missing.
    pub(crate) fn flip_bits(&mut self, node: usize) {
        let part = if self.random.random_bool(0.5) { "log" } else { "history" };
        let disk = self.machines[node].disk.borrow().sub(part);
        let names = disk.list().unwrap_or_default();
        let names =
            names.iter().filter(|it| it.starts_with("segment-") || it.starts_with("chunks-"));
        let Some(file) = names.collect::<Vec<_>>().choose(&mut self.random).copied().cloned()
        else {
            return;
        };
        let bytes = disk.read(&file).unwrap_or_default();
        let used = bytes.iter().rposition(|it| *it != 0).unwrap_or_default() / 4 * 3;
        if used == 0 {
            return;
        }
        let (at, bit) = (self.random.random_range(0..used), self.random.random_range(0..8));
        self.story.note(format!("bit {bit} of byte {at} of {part}/{file} of {} flips", name(node)));
        self.machines[node].is_disk_bad.set(true);
        self.has_moved = true; // It comes back as a new replica.
        disk.flip(&file, at as u64, 1 << bit);
    }

    /// Whoever gets to a fail point that is chosen now dies there.
    pub(crate) fn arm_point(&mut self) {
        let any = ALL.choose(&mut self.random).expect("there are some").name;
        let point = points::chosen().unwrap_or(any);
        let is_often = self.random.random_bool(0.3);
        let passes = if is_often { self.random.random_range(2..50) } else { 1 };
        let has_power = self.random.random_bool(0.5);
        let power_loss = (!has_power).then(|| self.random.random());
        self.story.note(format!("whoever passes {point} {passes} times dies"));
        points::arm(Armed { point, passes, power_loss });
    }

    /// Buries who died at a fail point, and starts who has been dead for long enough.
    pub(super) fn attend_to_the_dead(&mut self) {
        let now_ms = self.hosts.now_ms();
        while let Some((node, death)) = points::take_dead() {
            let how = if death.at.power_loss.is_some() { "by power loss" } else { "as by kill -9" };
            self.story.note(format!("{} died at {}, {how}", name(node), death.at.point));
            *self.machines[node].disk.borrow_mut() = death.disk;
            self.machines[node].ended.take();
            self.bury(node);
            let rest_ms = self.random.random_range(1..REST_MS);
            self.resting.insert(node, now_ms + rest_ms);
            self.deaths += 1;
        }
        while let Some(node) = self.resting.iter().find(|it| *it.1 <= now_ms).map(|it| *it.0) {
            self.resting.remove(&node);
            self.restart(node);
            if points::chosen().is_some() && !points::is_armed() && self.deaths < DEATHS_MAX {
                self.arm_point();
            }
        }
    }
}
