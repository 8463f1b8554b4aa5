//! The nodes' own names in the zone.

use crate::Zone;
use hickory_proto::rr::Name;
use node::lookup::{Host, Member, Members};
use std::collections::BTreeMap;

/// RFC 1035.
const LABEL_BYTES_MAX: usize = 63;

/// A name for each member, in the order of the list they were made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    version: u64,
    of_nodes: Vec<Name>,
}

impl Names {
    /// The names for a list; those that are there are kept as long as nothing but load has changed.
    pub(crate) fn refresh(&mut self, zone: &Zone, members: &Members) {
        if self.version != members.version || self.of_nodes.len() != members.nodes.len() {
            *self = Names { version: members.version, of_nodes: names(zone, members) };
        }
    }

    /// Of the node at this place of the list.
    pub(crate) fn of(&self, place: usize) -> &Name {
        &self.of_nodes[place]
    }

    /// The place of the node that has the name.
    pub(crate) fn find(&self, name: &Name) -> Option<usize> {
        self.of_nodes.iter().position(|it| it == name)
    }

    /// The name under which clients find a host: that of the node, or the one it was told to advertise.
    pub(crate) fn target(&self, place: usize, host: &Host) -> Option<Name> {
        match host {
            Host::Ip(_) => Some(self.of(place).clone()),
            Host::Name(name) => {
                let mut name = Name::from_ascii(name).ok()?;
                name.set_fqdn(true);
                Some(name)
            }
        }
    }
}

fn names(zone: &Zone, members: &Members) -> Vec<Name> {
    let labels: Vec<String> = members.nodes.iter().map(|it| label(zone, it)).collect();
    let mut times = BTreeMap::<&str, usize>::new();
    labels.iter().for_each(|it| *times.entry(it).or_default() += 1);
    let unique = labels.iter().zip(&members.nodes).map(|(label, member)| match times[&**label] {
        1 => zone.name_of(label),
        _ => zone.name_of(&with_id(label, member)),
    });
    unique.map(|it| it.unwrap_or_else(|| zone.apex().clone())).collect()
}

/// `n1` of `n1.chat.example`; of a name elsewhere all of it, with hyphens for what a label cannot have.
fn label(zone: &Zone, member: &Member) -> String {
    let name = member.name.to_ascii_lowercase();
    let own = name.strip_suffix(&zone.to_string()).and_then(|it| it.strip_suffix('.'));
    let text = own.filter(|it| !it.is_empty()).unwrap_or(&name);
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let label: String = text.chars().map(clean).take(LABEL_BYTES_MAX).collect();
    label.trim_matches('-').to_owned()
}

/// Two names that make the same label are told apart by what never changes.
fn with_id(label: &str, member: &Member) -> String {
    let id = format!("-{:016x}", member.id.0);
    format!("{}{id}", &label[..label.len().min(LABEL_BYTES_MAX - id.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene;

    fn of(nodes: &[&str]) -> Vec<String> {
        let zone = Zone::parse("chat.example").expect("a zone");
        let mut names = Names::default();
        names.refresh(&zone, &scene::members(nodes));
        (0..nodes.len()).map(|it| names.of(it).to_ascii()).collect()
    }

    #[test]
    fn a_node_in_the_zone_keeps_its_name_and_others_get_one() {
        let names = of(&["n1.chat.example", "N2.Chat.Example", "x_1.other.example", "n3"]);
        let expected = ["n1", "n2", "x-1-other-example", "n3"];
        assert_eq!(names, expected.map(|it| format!("{it}.chat.example.")));
    }

    #[test]
    fn two_names_that_look_alike_in_dns_are_told_apart() {
        let names = of(&["a.b", "a-b", "n1"]);
        let expected = ["a-b-0000000000000001", "a-b-0000000000000002", "n1"];
        assert_eq!(names, expected.map(|it| format!("{it}.chat.example.")));
    }

    #[test]
    fn the_longest_name_of_a_node_fits() {
        let long = format!("{}.{}", "a".repeat(31), "b".repeat(31));
        assert_eq!(of(&[&long])[0].len(), 63 + ".chat.example.".len());
        assert_eq!(of(&[&long, &long.replace('.', "-")])[0].len(), 63 + ".chat.example.".len());
    }
}
