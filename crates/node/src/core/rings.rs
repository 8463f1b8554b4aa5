//! Where the ring, and what operators ordered, would have each group: computed when the members change,
//! asked on every duty.
//!
//! Promise: it follows from the directory's state alone, so whoever leads the directory comes to the same.

use super::groups::Groups;
use crate::Names;
use chat::NodeId;
use chat::directory::{Directory, Roles};
use replica::store::GroupId;
use replica::strategy::Kind;
use replica_proto::Ring;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Voters of the directory at most: two may fail, and a commit waits for three.
const DIRECTORY_VOTERS_MAX: usize = 5;
/// With fewer than so many that are not drained, drained ones go on voting: one of them may fail.
const DIRECTORY_VOTERS_MIN: usize = 3;

/// Nodes of all groups, the one that should lead first.
pub(super) type Layout = BTreeMap<u32, Vec<NodeId>>;

/// What was computed last, and of what.
#[derive(Default)]
pub(super) struct Rings {
    layout: Option<(Inputs, Arc<Layout>)>,
    voters: Option<(Vec<Standing>, Vec<u64>)>,
}

/// A node on the ring.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Standing {
    place: Arc<str>,
    id: NodeId,
    is_drained: bool,
}

/// All that the layout depends on.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Inputs {
    nodes: Vec<Standing>,
    copies: usize,
    pins: BTreeMap<u32, Vec<NodeId>>,
}

impl Rings {
    /// Where all groups but the directory shall live.
    pub(super) fn layout(
        &mut self,
        directory: &Directory,
        groups: Groups,
        copies: usize,
    ) -> Arc<Layout> {
        let nodes = standings(directory, |it| it.chat);
        let is_there = |id: &NodeId| nodes.iter().any(|it| it.id == *id);
        let pinned = groups.homes().filter_map(|it| {
            let nodes = directory.pin(it)?.iter().copied().filter(is_there);
            Some((it, nodes.collect::<Vec<_>>())).filter(|it| !it.1.is_empty())
        });
        let inputs = Inputs { copies, pins: pinned.collect(), nodes };
        match &self.layout {
            Some((of, layout)) if *of == inputs => layout.clone(),
            _ => {
                let layout = Arc::new(lay_out_by(&inputs, groups));
                self.layout = Some((inputs, layout.clone()));
                layout
            }
        }
    }

    /// Who shall vote in the directory, in the order of their ids.
    pub(super) fn voters(&mut self, directory: &Directory) -> Vec<u64> {
        let nodes = standings(directory, |it| it.directory);
        match &self.voters {
            Some((of, voters)) if *of == nodes => voters.clone(),
            _ => {
                let mut chosen = choose(&nodes, DIRECTORY_VOTERS_MAX, DIRECTORY_VOTERS_MIN);
                chosen.sort_unstable();
                let voters: Vec<u64> = chosen.iter().map(|it| it.0).collect();
                self.voters = Some((nodes, voters.clone()));
                voters
            }
        }
    }
}

/// Where all groups of a network with so many places on its ring should live, computed anew: what a node does when
/// members change, for whoever wants to measure it. The one that should lead is first.
#[must_use]
pub fn lay_out(directory: &Directory, places: u32, copies: usize) -> BTreeMap<u32, Vec<NodeId>> {
    let layout = Rings::default().layout(directory, Groups::new(places, Names::Raft), copies);
    Arc::unwrap_or_clone(layout)
}

fn lay_out_by(inputs: &Inputs, groups: Groups) -> Layout {
    let Inputs { nodes, copies, pins } = inputs;
    let keys: Vec<String> = groups.homes().map(|it| format!("group {it}")).collect();
    let mut homes: Layout = groups.homes().zip(place(nodes, &keys, *copies)).collect();
    homes.extend(pins.clone());
    let mut layout = Layout::new();
    for group in groups.of_rooms() {
        let replicas = match groups.kind(GroupId(group)) {
            Kind::Gossip => nodes.iter().map(|it| it.id).collect(),
            // A room moves between strategies on the nodes that it is on.
            _ => {
                let mut home = homes[&groups.home_of(GroupId(group)).0].clone();
                home.truncate(groups.copies(GroupId(group), (*copies).max(home.len())));
                home
            }
        };
        layout.insert(group, replicas);
    }
    layout
}

/// Nodes for each key: of those that are not drained and, where they are too few for so many copies, of
/// the others behind them. A copy on a node that is drained is better than none.
fn place(nodes: &[Standing], keys: &[String], copies: usize) -> Vec<Vec<NodeId>> {
    let mut placed = vec![Vec::new(); keys.len()];
    for is_drained in [false, true] {
        let ring = ring_of(nodes, is_drained);
        let missing = copies - placed.first().map_or(0, Vec::len);
        let found = ring.place(keys.iter().map(String::as_str), missing);
        for (nodes_of, found) in placed.iter_mut().zip(found) {
            nodes_of.extend(named(nodes, &found));
        }
    }
    placed
}

/// The directory's voters: those that are not drained, and others if they are fewer than `min`.
fn choose(nodes: &[Standing], max: usize, min: usize) -> Vec<NodeId> {
    let mut chosen = named(nodes, &ring_of(nodes, false).nodes_for("directory", max));
    let missing = min.saturating_sub(chosen.len());
    chosen.extend(named(nodes, &ring_of(nodes, true).nodes_for("directory", missing)));
    chosen
}

fn ring_of(nodes: &[Standing], is_drained: bool) -> Ring {
    Ring::new(nodes.iter().filter(|it| it.is_drained == is_drained).map(|it| &*it.place))
}

fn named(nodes: &[Standing], places: &[&str]) -> Vec<NodeId> {
    let id_of = |place: &&str| nodes.iter().find(|it| *it.place == **place).map(|it| it.id);
    places.iter().filter_map(id_of).collect()
}

/// The members of a role, each with a place of its own.
fn standings(directory: &Directory, has_role: impl Fn(&Roles) -> bool) -> Vec<Standing> {
    let mut nodes: Vec<Standing> = Vec::new();
    for member in directory.members().filter(|it| has_role(&it.roles)) {
        let mut place = directory.place_of(member).clone();
        if nodes.iter().any(|it| it.place == place) {
            // Somebody replaced a dead node, and another one came under the dead one's name.
            place = format!("{place} {:016x}", member.id.0).into();
        }
        let is_drained = directory.is_drained(member.id);
        nodes.push(Standing { place, id: member.id, is_drained });
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat::Stamp;
    use chat::directory::{DirectoryCommand, MemberState};

    const GROUPS: u32 = 16;

    fn directory(nodes: u64) -> Directory {
        let mut directory = Directory::new();
        for id in 1..=nodes {
            apply(&mut directory, add(id, &format!("n{id}")));
        }
        directory
    }

    fn apply(directory: &mut Directory, command: DirectoryCommand) {
        let outcome = directory.apply(Stamp::default(), command);
        assert_eq!(outcome.refused, None);
    }

    fn add(id: u64, name: &str) -> DirectoryCommand {
        DirectoryCommand::AddMember {
            id: NodeId(id),
            name: name.into(),
            address: name.into(),
            roles: Roles { directory: true, chat: true },
            replaces: None,
        }
    }

    fn drain(id: u64) -> DirectoryCommand {
        DirectoryCommand::Drain { id: NodeId(id), is_drained: true }
    }

    fn layout(directory: &Directory) -> Arc<Layout> {
        Rings::default().layout(directory, Groups::new(GROUPS, Names::Raft), 3)
    }

    /// How many replicas each node of so many holds, and how many groups it is first for, of Raft's.
    fn counts(layout: &Layout, nodes: u64) -> Vec<(usize, usize)> {
        let raft = || layout.range(1..=GROUPS).map(|it| it.1);
        let of = |id| {
            let held = raft().filter(|it| it.contains(&id)).count();
            (held, raft().filter(|it| it[0] == id).count())
        };
        (1..=nodes).map(NodeId).map(of).collect()
    }

    #[test]
    fn replicas_and_leaderships_come_out_even_and_a_backups_nodes_are_its_homes_first_ones() {
        for nodes in 3..=12 {
            let layout = layout(&directory(nodes));
            let (held, led): (Vec<_>, Vec<_>) = counts(&layout, nodes).into_iter().unzip();
            let (held_max, led_max) = (48_u64.div_ceil(nodes), 16_u64.div_ceil(nodes));
            assert!(held.iter().all(|it| *it as u64 <= held_max + 2), "{nodes} nodes: {held:?}");
            assert!(led.iter().all(|it| *it as u64 <= led_max + 1), "{nodes} nodes: {led:?}");
            for home in 1..=GROUPS {
                assert_eq!(layout[&(home + GROUPS)], layout[&home][..2]);
            }
            assert_eq!(layout[&(2 * GROUPS + 1)].len() as u64, nodes, "gossip is everybody's");
        }
    }

    #[test]
    fn nothing_but_gossip_stays_on_a_drained_node_unless_too_few_others_are_there() {
        let mut of_five = directory(5);
        apply(&mut of_five, drain(2));
        assert_eq!(counts(&layout(&of_five), 5)[1], (0, 0));

        let mut of_three = directory(3);
        apply(&mut of_three, drain(2));
        assert_eq!(counts(&layout(&of_three), 3)[1], (16, 0), "a third copy, and no leadership");
        assert_eq!(Rings::default().voters(&of_three), [1, 2, 3]);
        assert_eq!(Rings::default().voters(&of_five), [1, 3, 4, 5]);
    }

    #[test]
    fn a_replacement_takes_the_places_of_the_dead_node_and_nothing_else_moves() {
        let mut it = directory(5);
        let before = layout(&it);
        apply(&mut it, DirectoryCommand::MarkMember { id: NodeId(2), state: MemberState::Down });
        apply(&mut it, add(9, "fresh"));
        apply(&mut it, DirectoryCommand::Replace { dead: NodeId(2), by: NodeId(9) });
        let after = layout(&it);
        let replaced = |it: &NodeId| if *it == NodeId(2) { NodeId(9) } else { *it };
        for group in 1..=2 * GROUPS {
            let expected: Vec<NodeId> = before[&group].iter().map(replaced).collect();
            assert_eq!(after[&group], expected);
        }
        // Somebody comes under the dead one's name: it gets places of its own.
        apply(&mut it, add(10, "n2"));
        assert!(counts(&layout(&it), 10)[9].0 > 0);
    }

    #[test]
    fn a_pinned_group_lives_where_it_was_pinned_to_and_its_backup_with_it() {
        let mut it = directory(5);
        let pins = vec![NodeId(5), NodeId(1)];
        apply(&mut it, DirectoryCommand::Place { group: 3, replicas: vec![NodeId(1)] });
        apply(&mut it, DirectoryCommand::Pin { group: 3, replicas: pins.clone() });
        let layout = layout(&it);
        assert_eq!((&layout[&3], &layout[&(3 + GROUPS)]), (&pins, &pins));
    }

    #[test]
    fn it_is_computed_again_only_when_something_has_changed() {
        let (mut it, mut rings) = (directory(3), Rings::default());
        let first = rings.layout(&it, Groups::new(GROUPS, Names::Raft), 3);
        apply(&mut it, DirectoryCommand::MarkMember { id: NodeId(1), state: MemberState::Down });
        assert!(Arc::ptr_eq(&first, &rings.layout(&it, Groups::new(GROUPS, Names::Raft), 3)));
        assert_eq!(rings.voters(&it), [1, 2, 3]);
        apply(&mut it, add(4, "n4"));
        assert!(!Arc::ptr_eq(&first, &rings.layout(&it, Groups::new(GROUPS, Names::Raft), 3)));
        assert_eq!(rings.voters(&it), [1, 2, 3, 4]);
    }
}
