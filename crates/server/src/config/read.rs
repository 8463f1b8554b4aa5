//! The sections: which keys there are, what they take, and what they are when nobody says.

use super::check;
use super::section::{Section, nearest};
use super::tree::{LISTS, PREFIX, Place, Problem, Raw, Table, Value};
use super::{
    Accounts, Cluster, ClusterTls, Config, DoorKind, Gossip, History, Limits, Listen, Lookup, Node,
    Operator, Role, Rooms,
};
use chat::Replication;
use front_dns::Zone;
use node::lookup::{DoorAddress, Policy};
use node::{Names, Rebalance};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SECTIONS: [&str; 10] = [
    "node", "cluster", "rooms", "gossip", "lookup", "listen", "operator", "accounts", "limits",
    "history",
];

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 6667);
const DEFAULT_CLUSTER_ADDRESS: &str = "127.0.0.1:7100";

/// Ranks are few; negative ones are for nodes that shall decide last.
const PRIORITIES: std::ops::RangeInclusive<i64> = -1_000_000..=1_000_000;
const DAY: Duration = Duration::from_secs(86_400);
const AGE_MAX: Duration = Duration::from_secs(36_500 * 86_400); // A century is as good as for ever.

/// Reads the whole. What is wrong goes to `problems`; the result is then not to be used.
pub(crate) fn config(mut tree: Table, dir: &Path, problems: &mut Vec<Problem>) -> Config {
    let mut warnings = Vec::new();
    let node = with(&mut tree, "node", problems, |it| node(it, dir));
    let config = Config {
        cluster: with(&mut tree, "cluster", problems, |it| cluster(it, &node, dir)),
        rooms: with(&mut tree, "rooms", problems, rooms),
        gossip: with(&mut tree, "gossip", problems, |it| Gossip {
            fanout: it.number("fanout", 1..=16).unwrap_or(3),
        }),
        lookup: with(&mut tree, "lookup", problems, lookup),
        accounts: with(&mut tree, "accounts", problems, accounts),
        limits: with(&mut tree, "limits", problems, limits),
        history: with(&mut tree, "history", problems, history),
        listen: listens(&mut tree, dir, &node, problems),
        operator: operators(&mut tree, &mut warnings, problems),
        warnings,
        node,
    };
    unknown_sections(&tree, problems);
    config
}

fn node(it: &mut Section<'_>, dir: &Path) -> Node {
    let name = "a name of at most 63 letters, digits, `.`, `-`, `_`";
    let roles = r#"a list of "directory" and "chat""#;
    Node {
        name: it.text("name", name, check::node_name).unwrap_or_else(name_of_this_machine),
        data_dir: path(it, "data_dir", dir).unwrap_or_else(|| dir.join("starling-data")),
        roles: it
            .list("roles", roles, |role| match role {
                "directory" => Some(Role::Directory),
                "chat" => Some(Role::Chat),
                _ => None,
            })
            .unwrap_or_else(|| vec![Role::Directory, Role::Chat]),
        motd: it.list("motd", "a list of lines", check::line).unwrap_or_default(),
    }
}

fn cluster(it: &mut Section<'_>, node: &Node, dir: &Path) -> Cluster {
    let address = r#"HOST:PORT as peers reach it, for example "10.0.0.1:7100""#;
    let join = r#"a list of HOST:PORT, for example ["10.0.0.2:7100"]"#;
    let cluster = Cluster {
        network: it
            .text("network", "a name without spaces, at most 63 bytes", check::network_name)
            .unwrap_or_else(|| "Starling".to_owned()),
        address: it
            .text("address", address, check::peer_address)
            .unwrap_or_else(|| DEFAULT_CLUSTER_ADDRESS.to_owned()),
        join: it.list("join", join, check::peer_address).unwrap_or_default(),
        directory: it
            .choice("directory", &[("raft", Names::Raft), ("bully", Names::Bully)], &[])
            .unwrap_or_default(),
        groups: it.number("groups", 1..=1024).unwrap_or(16),
        priority: it
            .integer("priority", PRIORITIES)
            .and_then(|it| i32::try_from(it).ok())
            .unwrap_or_default(),
        tls: cluster_tls(it, dir),
    };
    check::roles_and_join(it, node, &cluster);
    cluster
}

fn cluster_tls(it: &mut Section<'_>, dir: &Path) -> Option<ClusterTls> {
    let keys = ["tls_cert", "tls_key", "tls_ca"];
    let lacking: Vec<&str> = keys.into_iter().filter(|key| !it.has(key)).collect();
    let [cert, key, authority] = keys.map(|key| path(it, key, dir));
    let has = keys.into_iter().find(|key| !lacking.contains(key));
    if let (Some(has), Some(lacks)) = (has, lacking.first()) {
        it.problem(has, format!("`cluster.{has}` needs `cluster.{lacks}` beside it"));
    }
    Some(ClusterTls { cert: cert?, key: key?, authority: authority? })
}

fn rooms(it: &mut Section<'_>) -> Rooms {
    let replications = Replication::ALL.map(|it| (it.as_str(), it));
    Rooms {
        replication: it.choice("replication", &replications, &[]).unwrap_or(Replication::Raft),
        copies: it.number("copies", 1..=9).unwrap_or(3),
    }
}

fn lookup(it: &mut Section<'_>) -> Lookup {
    let policies = Policy::ALL.map(|it| (it.as_str(), it));
    let policy = it.choice("policy", &policies, &[]).unwrap_or_default();
    let all = Rebalance::ALL.map(|it| (it.as_str(), it));
    // Who is sent by address shall be where that leads, however many are there.
    let usual = match policy {
        Policy::LeastConnections | Policy::RoundRobin => Rebalance::Members,
        Policy::IpHash | Policy::Nearest => Rebalance::Off,
    };
    Lookup {
        policy,
        rebalance: it.choice("rebalance", &all, &[]).unwrap_or(usual),
        rebalance_slack: it.number("rebalance_slack", 5..=100).unwrap_or(20),
        // A name server asks once a second for each name; a network of them some dozen times.
        dns_answers_per_prefix: it.number("dns_answers_per_prefix", 0..=1_000_000).unwrap_or(100),
    }
}

fn accounts(it: &mut Section<'_>) -> Accounts {
    let email_required = it.boolean("email_required").unwrap_or(false);
    if email_required {
        let text = "this version sends no mail, so nobody could prove that an address is theirs; leave `accounts.email_required` away";
        it.problem("email_required", text.to_owned());
    }
    Accounts {
        registration: it.boolean("registration").unwrap_or(true),
        before_connect: it.boolean("before_connect").unwrap_or(true),
        email_required,
    }
}

fn limits(it: &mut Section<'_>) -> Limits {
    let nick_max = i64::try_from(chat::NICK_BYTES_MAX).expect("a small constant");
    Limits {
        nick_length: it.number("nick_length", 1..=nick_max).unwrap_or(32),
        connections_per_ip: it.number("connections_per_ip", 1..=1_000_000).unwrap_or(64),
        flood_protection: it.boolean("flood_protection").unwrap_or(true),
        // At least a few of the longest lines (8191 bytes of tags and 512 more).
        sendq_bytes: it.number("sendq_bytes", 65_536..=1 << 30).unwrap_or(1 << 20),
        session_grace: it
            .duration("session_grace", Duration::ZERO..=DAY)
            .unwrap_or(Duration::from_secs(60)),
    }
}

fn history(it: &mut Section<'_>) -> History {
    let ages = Duration::from_secs(60)..=AGE_MAX;
    History {
        max_messages_per_query: it.number("max_messages_per_query", 1..=10_000).unwrap_or(100),
        retention: it.duration_or_forever("retention", ages.clone()).unwrap_or(None),
        empty_room_ttl: it.duration_or_forever("empty_room_ttl", ages).unwrap_or(Some(30 * DAY)),
    }
}

/// With no `[[listen]]` at all, a node that serves clients listens on the loopback.
fn listens(tree: &mut Table, dir: &Path, node: &Node, problems: &mut Vec<Problem>) -> Vec<Listen> {
    let serves_clients = node.roles.contains(&Role::Chat);
    let Some(value) = tree.remove("listen") else {
        let default = Listen {
            door: DoorKind::Irc,
            address: DEFAULT_LISTEN,
            advertise: None,
            zone: None,
            tls_cert: None,
            tls_key: None,
            password: None,
        };
        return serves_clients.then_some(default).into_iter().collect();
    };
    let mut listens: Vec<Listen> = Vec::new();
    each("listen", value, problems, |it| {
        let listen = listen(it, dir);
        if let Some(listen) = listen {
            check::listen(it, &listen, &listens, serves_clients);
            listens.push(listen);
        }
    });
    listens
}

fn listen(it: &mut Section<'_>, dir: &Path) -> Option<Listen> {
    let doors = [
        ("irc", DoorKind::Irc),
        ("websocket", DoorKind::WebSocket),
        ("dns", DoorKind::Dns),
        ("web", DoorKind::Web),
        ("grpc", DoorKind::Grpc),
        ("metrics", DoorKind::Metrics),
    ];
    let is_door_written = it.has("door");
    let door = it.choice("door", &doors, &[]);
    let address = r#"IP:PORT, for example "0.0.0.0:6697" or "[::]:6697""#;
    let address = check::required(it, "address", |it, key| {
        it.text(key, address, |text| text.parse::<SocketAddr>().ok())
    });
    let advertise = r#"HOST:PORT as clients reach this door, for example "n1.chat.example:6697""#;
    let advertise = it.text("advertise", advertise, DoorAddress::parse);
    let zone = it.text("zone", r#"the name of a zone, for example "chat.example""#, Zone::parse);
    let tls_cert = path(it, "tls_cert", dir);
    let tls_key = path(it, "tls_key", dir);
    let password = it.text("password", "text, not empty, without spaces", check::word);
    if door.is_none() && is_door_written {
        return None;
    }
    Some(Listen {
        door: door.unwrap_or(DoorKind::Irc),
        address: address?,
        advertise,
        zone,
        tls_cert,
        tls_key,
        password,
    })
}

fn operators(
    tree: &mut Table,
    warnings: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Vec<Operator> {
    let mut operators: Vec<Operator> = Vec::new();
    let Some(value) = tree.remove("operator") else {
        return operators;
    };
    let hash = "an argon2 hash in PHC form ($argon2id$…) or plain text without spaces";
    each("operator", value, problems, |it| {
        let name = check::required(it, "name", |it, key| {
            it.text(key, "a name without spaces", check::word)
        });
        let password =
            check::required(it, "password", |it, key| it.text(key, hash, check::password));
        let (Some(name), Some(password)) = (name, password) else {
            return;
        };
        if operators.iter().any(|it| it.name == name) {
            it.problem("name", format!("there are two operators called {name:?}"));
        }
        if !password.starts_with('$') {
            warnings.push(format!(
                "the password of operator {name:?} is plain text; put an argon2 hash into the configuration"
            ));
        }
        operators.push(Operator { name, password });
    });
    operators
}

/// Reads a `[name]`, or the defaults of one that is not there.
fn with<T>(
    tree: &mut Table,
    name: &str,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(&mut Section<'_>) -> T,
) -> T {
    let value =
        tree.remove(name).unwrap_or(Value { raw: Raw::Table(Table::new()), place: Place::Whole });
    let mut section = Section::open(name, None, value, problems);
    let read = read(&mut section);
    section.close();
    read
}

/// Reads every `[[name]]`.
fn each(
    name: &str,
    value: Value,
    problems: &mut Vec<Problem>,
    mut read: impl FnMut(&mut Section<'_>),
) {
    let all = match value.raw {
        Raw::List(all) => all,
        _ => {
            let text = format!("`{name}` is a list; write it as [[{name}]]");
            problems.push(Problem { place: value.place, text });
            return;
        }
    };
    for (number, value) in all.into_iter().enumerate() {
        let mut section = Section::open(name, Some(number), value, problems);
        read(&mut section);
        section.close();
    }
}

/// A path; relative ones begin where they were written: at the file's directory, or for a variable
/// at the working directory.
fn path(it: &mut Section<'_>, key: &'static str, dir: &Path) -> Option<PathBuf> {
    let text = it.text(key, "a path", |text| (!text.is_empty()).then(|| text.to_owned()))?;
    Some(match it.place(key) {
        Place::Variable(_) => PathBuf::from(text),
        _ => dir.join(text),
    })
}

fn unknown_sections(tree: &Table, problems: &mut Vec<Problem>) {
    for (name, value) in tree.iter().filter(|(name, _)| !SECTIONS.contains(&name.as_str())) {
        let written = |name: &str| match LISTS.contains(&name) {
            true => format!("[[{name}]]"),
            false => format!("[{name}]"),
        };
        if !matches!(value.raw, Raw::Table(_) | Raw::List(_)) {
            problems.push(Problem {
                place: value.place.clone(),
                text: format!("`{name}` stands in no section; there are {}", SECTIONS.join(", ")),
            });
            continue;
        }
        // A section that only the environment has carries the variable that made it.
        let text = match (nearest(name, &SECTIONS), &value.place) {
            (Some(near), Place::Variable(variable)) => {
                let rest = &variable[PREFIX.len() + name.len()..];
                let near = near.to_ascii_uppercase();
                format!("unknown section `{name}`; did you mean {PREFIX}{near}{rest}?")
            }
            (Some(near), _) => format!("unknown section `{name}`; did you mean {}?", written(near)),
            (None, _) => format!("unknown section `{name}`; there are {}", SECTIONS.join(", ")),
        };
        problems.push(Problem { place: value.place.clone(), text });
    }
}

/// The name this machine has, as far as it can be a node's name.
fn name_of_this_machine() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let raw = kernel.or_else(|| std::env::var("HOSTNAME").ok());
    raw.and_then(|it| check::node_name(it.trim())).unwrap_or_else(|| "starling".to_owned())
}
