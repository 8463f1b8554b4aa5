//! The ring of groups: where a room's name leads.
//!
//! Promise: it never changes. A room's messages are in the group that its name led to when it was made.

use xxhash_rust::xxh3::xxh3_64;

/// Points of each group on the ring: enough that shares differ by some percent, not by half.
const POINTS: u32 = 128;

/// The ring on which rooms find their group. Groups are numbered from 1.
#[derive(Clone, Debug, Default)]
pub struct GroupRing {
    points: Vec<(u64, u32)>,
    /// By the first bits of a place: the first point at or behind the places that begin so.
    starts: Vec<u32>,
}

/// First bits that are looked up, not searched for: with 16 groups some four points share them.
const START_BITS: u32 = 9;

impl GroupRing {
    /// A ring of the groups `1..=groups`.
    #[must_use]
    pub fn new(groups: u32) -> GroupRing {
        let mut points: Vec<(u64, u32)> = (1..=groups)
            .flat_map(|group| {
                (0..POINTS)
                    .map(move |point| (xxh3_64(format!("group {group}/{point}").as_bytes()), group))
            })
            .collect();
        points.sort_unstable();
        let start =
            |bits: u64| points.partition_point(|it| it.0 < bits << (64 - START_BITS)) as u32;
        let starts = (0..1 << START_BITS).map(start).collect();
        GroupRing { points, starts }
    }

    /// The group a room or conversation belongs to; 0 only if there are no groups.
    #[must_use]
    pub fn group_of(&self, key: &str) -> u32 {
        let place = xxh3_64(key.as_bytes());
        let bits = (place >> (64 - START_BITS)) as usize;
        let start = self.starts.get(bits).map_or(0, |it| *it as usize);
        let end = self.starts.get(bits + 1).map_or(self.points.len(), |it| *it as usize);
        let between = self.points.get(start..end).unwrap_or_default();
        let next = start + between.partition_point(|(point, _)| *point < place);
        self.points.get(next).or(self.points.first()).map_or(0, |(_, group)| *group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_spread_over_all_groups_and_one_more_group_moves_few() {
        let (before, after) = (GroupRing::new(16), GroupRing::new(17));
        let mut counts = [0; 17];
        let mut moved = 0;
        for room in 0..16_000 {
            let key = format!("#room{room}");
            counts[before.group_of(&key) as usize] += 1;
            moved += usize::from(before.group_of(&key) != after.group_of(&key));
        }
        assert_eq!(counts[0], 0);
        assert!(counts[1..].iter().all(|n| (500..1800).contains(n)), "{counts:?}");
        assert!((300..2000).contains(&moved), "{moved} of 16000 moved, 941 expected");
    }

    #[test]
    fn a_key_whose_place_is_a_point_belongs_to_that_point() {
        let ring = GroupRing::new(16);
        for group in 1..=16 {
            for point in 0..POINTS {
                assert_eq!(ring.group_of(&format!("group {group}/{point}")), group);
            }
        }
    }

    #[test]
    fn a_rooms_group_is_the_one_it_was_in_all_earlier_versions() {
        let ring = GroupRing::new(16);
        let groups = ["#starling", "#rust", "#a", "#ops", "a:alice"].map(|it| ring.group_of(it));
        assert_eq!(groups, [15, 14, 16, 14, 2]);
    }
}
