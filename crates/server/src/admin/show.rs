//! One room, for people.

use node::status::RoomStatus;

/// How it is replicated, and what is in it.
pub(super) fn text(room: &RoomStatus) -> String {
    let moving = if room.is_moving { ", on its way there" } else { "" };
    let mut lines = vec![
        ("replication", format!("{}{moving}", room.replication)),
        ("epoch", room.epoch.to_string()),
        ("before", before(room)),
        ("group", room.group.to_string()),
        ("home", room.home.to_string()),
        ("leader", leader(room)),
        ("replicas", room.replicas.join(" ")),
        ("in sync", room.in_sync.join(" ")),
        ("occupants", room.occupants.to_string()),
        ("topic", room.topic.clone()),
        ("messages", room.messages.map_or_else(String::new, |it| it.to_string())),
    ];
    lines.retain(|it| !it.1.is_empty());
    let lines = lines.into_iter().map(|(name, value)| format!("  {name:<11}  {value}\n"));
    format!("{}, as {} has it\n{}", room.name, room.node, lines.collect::<String>())
}

fn before(room: &RoomStatus) -> String {
    let eras: Vec<&str> = room.eras.iter().map(|it| &*it.replication).collect();
    eras.join(", then ")
}

fn leader(room: &RoomStatus) -> String {
    match (&room.leader, room.replication.as_str()) {
        (Some(name), _) => name.clone(),
        (None, "gossip") => "- (every replica writes)".to_owned(),
        (None, _) => "not known here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::status::EraStatus;

    #[test]
    fn people_see_what_there_is_to_see() {
        let room = RoomStatus {
            name: "#Ops".to_owned(),
            node: "n1".to_owned(),
            replication: "gossip".to_owned(),
            epoch: 1,
            eras: vec![EraStatus { replication: "raft".to_owned(), until_ms: 7 }],
            group: 33,
            home: 4,
            replicas: vec!["n1".to_owned(), "n2".to_owned()],
            occupants: 2,
            ..RoomStatus::default()
        };
        let expected = "\
#Ops, as n1 has it
  replication  gossip
  epoch        1
  before       raft
  group        33
  home         4
  leader       - (every replica writes)
  replicas     n1 n2
  occupants    2
";
        assert_eq!(text(&room), expected);
    }
}
