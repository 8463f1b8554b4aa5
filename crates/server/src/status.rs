//! `starling status`: how a cluster is, as one of its nodes sees it.

mod watch;

use crate::config;
use anyhow::anyhow;
use node::status::{GroupStatus, MoveStatus, NodeStatus};
use node::{Contact, Status};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const ANSWER_MAX: Duration = Duration::from_secs(5);

/// For whoever gets no answer.
pub(crate) const HINT: &str = "\
Is the node running? It answers at the `cluster.address` of its configuration:
name the file with --config FILE, or the address with --node HOST:PORT.";

/// Which node to ask.
#[derive(clap::Args, Debug)]
pub(crate) struct Node {
    /// Ask the node that this configuration is of; without --config and --node: of the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask the node at this cluster address; with --config, too, under the certificate named there
    #[arg(long, value_name = "HOST:PORT")]
    node: Option<String>,
}

impl Node {
    /// Where it is asked, and how it is spoken to.
    pub(crate) fn contact(&self) -> anyhow::Result<Contact> {
        if let (Some(address), None) = (&self.node, &self.config) {
            return Ok(address.into());
        }
        let config = config::load(self.config.as_deref())?;
        let tls = config.cluster_tls().map_err(anyhow::Error::msg)?;
        let address = self.node.clone().unwrap_or(config.cluster.address);
        Ok(Contact { address, tls })
    }
}

/// How to ask.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 answered, 1 no answer, 2 the command line or the configuration cannot be used.

Examples:
  starling status --node 127.0.0.1:7100
  starling status --watch --node 127.0.0.1:7100
  starling status --config /etc/starling/n1.toml --json | jq '.groups[] | select(.leader == null)'")]
pub(crate) struct Args {
    #[command(flatten)]
    node: Node,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look again every second, until Ctrl-C; with --json: one line each time
    #[arg(long)]
    watch: bool,
}

/// Asks and prints.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let contact = args.node.contact()?;
    if args.watch {
        return watch::run(&contact, args.json);
    }
    let status = node::ask_status(contact, ANSWER_MAX).map_err(|why| anyhow!("{why}\n{HINT}"))?;
    let mut out = std::io::stdout().lock();
    match args.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&status)?)?,
        false => out.write_all(text(&status).as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// For people.
pub(crate) fn text(status: &Status) -> String {
    let mut out = format!(
        "{} has {}, {}, {}{}. {} ({}) says so, up {}.\n{}.\n\n",
        status.network,
        count(status.nodes.len(), "node"),
        count(status.sessions, "session"),
        count(status.rooms, "room"),
        by_strategy(status),
        status.node,
        status.version,
        age(status.uptime_s),
        coordinator(status),
    );
    let nodes: Vec<_> = status.nodes.iter().map(node_row).collect();
    let head = ["NODE", "ROLES", "HEALTH", "LINK", "SESSIONS", "ADDRESS", "ID"];
    out += &table(head, &nodes);
    out.push('\n');
    let groups: Vec<_> = status.groups.iter().map(group_row).collect();
    let head =
        ["GROUP", "STRATEGY", "LEADER", "REPLICAS", "ROOMS", "APPLIED", "LAG", "TERM", "HERE"];
    out += &table(head, &groups);
    if !status.moves.is_empty() {
        let moves: Vec<_> = status.moves.iter().map(move_row).collect();
        out.push('\n');
        out += &table(["MOVES", "STATE", "TO"], &moves);
    }
    out
}

/// Who coordinates the network.
fn coordinator(status: &Status) -> String {
    let mut said = match &status.coordinator {
        Some(name) => format!("{name} leads the directory"),
        None => "Nobody is known to lead the directory".to_owned(),
    };
    if let Some(names) = status.groups.iter().find(|it| it.strategy == "bully") {
        said += &match &names.coordinator {
            Some(name) => format!(", and {name} coordinates the names"),
            None => ", and nobody is known to coordinate the names".to_owned(),
        };
    }
    said
}

fn move_row(it: &MoveStatus) -> [String; 3] {
    let state = match it.is_pinned {
        true => format!("{} (by an operator)", it.state),
        false => it.state.clone(),
    };
    [format!("group {}", it.group), state, it.to.join(" ")]
}

/// The circuit breaker of the node that answers towards another one; closed goes without saying.
fn link(node: &NodeStatus) -> String {
    match node.breaker.as_str() {
        "" | "closed" => "-".to_owned(),
        other => other.to_owned(),
    }
}

/// Every member is up, and every group has a leader.
pub(crate) fn is_well(status: &Status) -> bool {
    let all_up = status.nodes.iter().all(|it| it.health == "up");
    all_up && !status.groups.is_empty() && status.groups.iter().all(|it| it.is_led())
}

fn node_row(node: &NodeStatus) -> [String; 7] {
    [
        node.name.clone(),
        node.roles.join(" "),
        node.health.clone(),
        link(node),
        node.sessions.to_string(),
        node.address.clone(),
        node.id.clone(),
    ]
}

/// How many rooms are replicated in which way, where that needs saying.
fn by_strategy(status: &Status) -> String {
    if status.rooms_by_strategy.keys().all(|it| it == "raft") {
        return String::new();
    }
    let counts: Vec<String> =
        status.rooms_by_strategy.iter().map(|(how, count)| format!("{count} {how}")).collect();
    format!(" ({})", counts.join(", "))
}

/// Who holds a replica; of a primary-backup group also who of them lacks something.
fn replicas(group: &GroupStatus) -> String {
    let all = group.replicas.join(" ");
    let is_behind = |it: &&String| !group.in_sync.contains(it);
    let behind: Vec<&str> = group.replicas.iter().filter(is_behind).map(String::as_str).collect();
    match group.in_sync.is_empty() || behind.is_empty() {
        true => all,
        false => format!("{all} (not in sync: {})", behind.join(" ")),
    }
}

fn group_row(group: &GroupStatus) -> [String; 9] {
    let id = match group.id {
        0 => "directory".to_owned(),
        id => id.to_string(),
    };
    [
        id,
        group.strategy.clone(),
        match &group.leader {
            Some(name) => name.clone(),
            None if group.strategy == "gossip" => "-".to_owned(), // It needs none.
            None if group.is_led() => "elsewhere".to_owned(), // Who observes does not know where.
            None => "none".to_owned(),
        },
        replicas(group),
        group.rooms.to_string(),
        group.applied_index.to_string(),
        group.lag.to_string(),
        group.term.to_string(),
        group.role.clone(),
    ]
}

fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let lines = || std::iter::once(&head).chain(rows);
    let mut widths = [0; N];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for line in lines() {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let joined = cells.collect::<Vec<_>>().join("  ");
        out += joined.trim_end();
        out.push('\n');
    }
    out
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn age(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn status() -> Status {
        let node = |name: &str, health: &str| NodeStatus {
            name: name.to_owned(),
            id: format!("{name}-id"),
            address: "127.0.0.1:7100".to_owned(),
            roles: vec!["directory".to_owned(), "chat".to_owned()],
            health: health.to_owned(),
            breaker: if health == "down" { "open" } else { "closed" }.to_owned(),
            sessions: 7,
        };
        let group = |id, leader: Option<&str>| GroupStatus {
            id,
            strategy: "raft".to_owned(),
            leader: leader.map(str::to_owned),
            replicas: vec!["n1".to_owned(), "n2".to_owned()],
            applied_index: 1234,
            lag: 0,
            term: 2,
            role: "voter".to_owned(),
            ..GroupStatus::default()
        };
        Status {
            is_ready: true,
            cluster: String::new(),
            network: "Example".to_owned(),
            node: "n1".to_owned(),
            version: "0.1.0".to_owned(),
            uptime_s: 3_725,
            started_ms: 0,
            sessions: 7,
            rooms: 1,
            rooms_by_strategy: BTreeMap::from([("raft".to_owned(), 1)]),
            coordinator: Some("n1".to_owned()),
            moves: Vec::new(),
            nodes: vec![node("n1", "up"), node("n2", "down")],
            groups: vec![group(0, Some("n1")), group(1, None)],
        }
    }

    #[test]
    fn people_get_tables() {
        let expected = "\
Example has 2 nodes, 7 sessions, 1 room. n1 (0.1.0) says so, up 1h 2m.
n1 leads the directory.

NODE  ROLES           HEALTH  LINK  SESSIONS  ADDRESS         ID
n1    directory chat  up      -     7         127.0.0.1:7100  n1-id
n2    directory chat  down    open  7         127.0.0.1:7100  n2-id

GROUP      STRATEGY  LEADER  REPLICAS  ROOMS  APPLIED  LAG  TERM  HERE
directory  raft      n1      n1 n2     0      1234     0    2     voter
1          raft      none    n1 n2     0      1234     0    2     voter
";
        assert_eq!(text(&status()), expected);
    }

    #[test]
    fn other_strategies_say_what_is_theirs() {
        let mut status = status();
        status.rooms = 6;
        let counts = [("raft", 1), ("gossip", 2), ("primary-backup", 3)];
        status.rooms_by_strategy = counts.map(|(how, count)| (how.to_owned(), count)).into();
        status.groups[0].rooms = 3;
        status.groups[0].strategy = "primary-backup".to_owned();
        status.groups[0].in_sync = vec!["n1".to_owned()];
        status.groups[1].rooms = 2;
        status.groups[1].strategy = "gossip".to_owned();
        status.groups[1].role = "peer".to_owned();
        let text = text(&status);
        assert!(text.contains("6 rooms (2 gossip, 3 primary-backup, 1 raft)"), "{text}");
        let rows = "\
directory  primary-backup  n1      n1 n2 (not in sync: n2)  3      1234     0    2     voter
1          gossip          -       n1 n2                    2      1234     0    2     peer
";
        assert!(text.ends_with(rows), "{text}");
        assert!(status.groups[1].is_led());
    }

    #[test]
    fn where_names_are_kept_by_whoever_is_left_it_is_said_who_coordinates_them() {
        let mut status = status();
        status.groups[1].strategy = "bully".to_owned();
        status.groups[1].coordinator = Some("n2".to_owned());
        assert!(text(&status).contains("n1 leads the directory, and n2 coordinates the names.\n"));
        status.groups[1].coordinator = None;
        let shown = text(&status);
        assert!(
            shown.contains("n1 leads the directory, and nobody is known to coordinate"),
            "{shown}"
        );
    }

    #[test]
    fn groups_that_move_and_those_that_wait_are_shown_with_where_they_go() {
        let mut status = status();
        let move_of = |group, state: &str, is_pinned| MoveStatus {
            group,
            state: state.to_owned(),
            to: vec!["n1".to_owned(), "n3".to_owned()],
            is_pinned,
        };
        status.moves = vec![move_of(3, "moving", true), move_of(12, "waiting", false)];
        status.coordinator = None;
        let text = text(&status);
        assert!(text.contains("Nobody is known to lead the directory.\n"), "{text}");
        let rows = "\
MOVES     STATE                    TO
group 3   moving (by an operator)  n1 n3
group 12  waiting                  n1 n3
";
        assert!(text.ends_with(rows), "{text}");
    }

    #[test]
    fn a_cluster_is_well_when_all_are_up_and_every_group_is_led() {
        let mut status = status();
        assert!(!is_well(&status));
        status.nodes[1].health = "up".to_owned();
        assert!(!is_well(&status));
        status.groups[1].leader = Some("n2".to_owned());
        assert!(is_well(&status));
        status.groups[1].leader = None;
        status.groups[1].role = "observer".to_owned();
        assert!(!is_well(&status));
        status.groups[1].has_route = true; // Who observes only knows that somebody leads.
        assert!(is_well(&status));
        status.groups.clear();
        assert!(!is_well(&status));
    }
}
