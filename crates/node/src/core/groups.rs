//! Which groups there are: the directory, for each strategy with one order as many as the ring has places,
//! one for all gossip, and, where names are kept by Fast Bully, one for sessions and their nicks.
//!
//! A room's name leads to a place on the ring. The group of that place that Raft keeps is the room's
//! home: its log says where the room lives. A gossip room lives at home, too, and only what is said in it
//! goes through the group of gossip. The numbers are the same on all nodes, for ever.

use super::DIRECTORY;
use crate::Names;
use chat::Replication;
use chat::directory::Part;
use replica::store::GroupId;
use replica::strategy::Kind;

/// The groups of a cluster with so many places on its ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Groups {
    places: u32,
    names: Names,
}

impl Groups {
    pub(crate) fn new(places: u32, names: Names) -> Groups {
        Groups { places, names }
    }

    /// Whose log decides on sessions and nicks.
    pub(crate) fn of_names(self) -> GroupId {
        match self.names {
            Names::Raft => DIRECTORY,
            Names::Bully => GroupId(self.talk().0 + 1),
        }
    }

    /// What of the directory a group's log decides on.
    pub(crate) fn part_of(self, group: GroupId) -> Part {
        match self.is_split() {
            false => Part::Whole,
            true if group == DIRECTORY => Part::Cluster,
            true => Part::Sessions,
        }
    }

    /// The directory has more than one log.
    pub(crate) fn is_split(self) -> bool {
        self.of_names() != DIRECTORY
    }

    /// Every one.
    pub(crate) fn all(self) -> impl Iterator<Item = u32> {
        let names = self.is_split().then_some(self.of_names().0);
        [DIRECTORY.0].into_iter().chain(self.of_rooms()).chain(names)
    }

    /// All in which there are rooms, or what is said in them.
    pub(crate) fn of_rooms(self) -> impl Iterator<Item = u32> {
        1..=self.talk().0
    }

    /// Those with the state of rooms that Raft or gossip replicates: one for each place.
    pub(crate) fn homes(self) -> impl Iterator<Item = u32> {
        1..=self.places
    }

    /// The one of all that is said in gossip rooms.
    pub(crate) fn talk(self) -> GroupId {
        GroupId(2 * self.places + 1)
    }

    /// Those whose views the directory decides on.
    pub(crate) fn with_views(self) -> impl Iterator<Item = u32> {
        self.places + 1..=2 * self.places
    }

    /// How a group is replicated.
    pub(crate) fn kind(self, group: GroupId) -> Kind {
        match group.0 {
            it if it > self.talk().0 => Kind::Bully,
            it if it == self.talk().0 => Kind::Gossip,
            it if it > self.places => Kind::PrimaryBackup,
            _ => Kind::Raft,
        }
    }

    /// The same for rooms.
    pub(crate) fn replication(self, group: GroupId) -> Replication {
        match self.kind(group) {
            Kind::Raft | Kind::Bully => Replication::Raft, // (No rooms are in the latter.)
            Kind::PrimaryBackup => Replication::PrimaryBackup,
            Kind::Gossip => Replication::Gossip,
        }
    }

    /// The group with the state of a home's rooms that are replicated so.
    pub(crate) fn group_for(self, home: GroupId, lives: Replication) -> GroupId {
        match lives {
            Replication::Raft | Replication::Gossip => home,
            Replication::PrimaryBackup => GroupId(home.0 + self.places),
        }
    }

    /// The home of a group's rooms.
    pub(crate) fn home_of(self, group: GroupId) -> GroupId {
        if group.0 > self.places { GroupId(group.0 - self.places) } else { group }
    }

    /// The groups that rooms of this home may live in, itself first.
    pub(crate) fn of_home(self, home: GroupId) -> impl Iterator<Item = GroupId> {
        [Replication::Raft, Replication::PrimaryBackup]
            .map(|it| self.group_for(home, it))
            .into_iter()
    }

    /// How many replicas keep a group for as many losses as `copies` of Raft's survive.
    pub(crate) fn copies(self, group: GroupId, copies: usize) -> usize {
        match self.kind(group) {
            Kind::Raft => copies,
            Kind::PrimaryBackup => copies / 2 + 1,
            Kind::Gossip | Kind::Bully => usize::MAX, // Everybody.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_one_group_of_each_strategy() {
        let groups = Groups::new(4, Names::Raft);
        let home = GroupId(3);
        let away = groups.group_for(home, Replication::PrimaryBackup);
        assert_eq!((groups.kind(home), groups.kind(away)), (Kind::Raft, Kind::PrimaryBackup));
        assert_eq!((groups.home_of(home), groups.home_of(away)), (home, home));
        assert_eq!(groups.group_for(home, Replication::Raft), home);
        assert_eq!(groups.group_for(home, Replication::Gossip), home);
        assert_eq!((groups.talk(), groups.kind(groups.talk())), (GroupId(9), Kind::Gossip));
        assert!(groups.of_home(home).eq([home, away]));
        assert_eq!(groups.of_rooms().count(), 9);
        assert!(groups.with_views().all(|it| groups.kind(GroupId(it)) == Kind::PrimaryBackup));
    }

    #[test]
    fn names_have_a_group_of_their_own_where_a_majority_is_not_asked() {
        let (raft, bully) = (Groups::new(4, Names::Raft), Groups::new(4, Names::Bully));
        assert_eq!((raft.of_names(), bully.of_names()), (DIRECTORY, GroupId(10)));
        assert_eq!(bully.kind(bully.of_names()), Kind::Bully);
        assert_eq!((bully.kind(bully.talk()), bully.kind(DIRECTORY)), (Kind::Gossip, Kind::Raft));
        assert_eq!((raft.all().count(), bully.all().count()), (10, 11));
    }

    #[test]
    fn one_copy_more_than_may_be_lost_is_enough_for_a_backup() {
        let groups = Groups::new(1, Names::Raft);
        let copies = |of| (groups.copies(GroupId(1), of), groups.copies(GroupId(2), of));
        assert_eq!([copies(1), copies(3), copies(5)], [(1, 1), (3, 2), (5, 3)]);
    }
}
