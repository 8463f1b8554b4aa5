//! Configuration: a TOML file, the environment over it, and every mistake with its place.
//!
//! Promise: what [`load`] returns needs no further checks of form, and what it refuses is named with
//! file, line and key, all mistakes at once. What only the machine knows (a port in use, a
//! certificate that cannot be read) is found by whoever uses it.

mod check;
mod doors;
mod duration;
mod read;
mod section;
mod tree;

#[cfg(test)]
mod tests;

use chat::Replication;
use front_dns::Zone;
use node::lookup::{DoorAddress, Policy};
use node::{Names, Rebalance};
use serde::{Serialize, Serializer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tree::{Place, Problem};

/// Everything that can be configured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Config {
    pub(crate) node: Node,
    pub(crate) cluster: Cluster,
    pub(crate) rooms: Rooms,
    pub(crate) gossip: Gossip,
    pub(crate) lookup: Lookup,
    pub(crate) accounts: Accounts,
    pub(crate) limits: Limits,
    pub(crate) history: History,
    pub(crate) listen: Vec<Listen>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) operator: Vec<Operator>,
    /// What the operator should know although it stops nothing.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
}

/// `[node]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) roles: Vec<Role>,
    pub(crate) motd: Vec<String>,
}

/// What a node does in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Directory,
    Chat,
}

/// `[cluster]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cluster {
    pub(crate) network: String,
    pub(crate) address: String,
    pub(crate) join: Vec<String>,
    /// How nicks and sessions are kept.
    pub(crate) directory: Names,
    pub(crate) groups: usize,
    /// Rank among those who may decide on names by Fast Bully.
    pub(crate) priority: i32,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<ClusterTls>,
}

/// What secures the links between nodes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ClusterTls {
    #[serde(rename = "tls_cert")]
    pub(crate) cert: PathBuf,
    #[serde(rename = "tls_key")]
    pub(crate) key: PathBuf,
    #[serde(rename = "tls_ca")]
    pub(crate) authority: PathBuf,
}

/// `[rooms]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rooms {
    /// How new rooms are replicated.
    #[serde(serialize_with = "displayed")]
    pub(crate) replication: Replication,
    pub(crate) copies: usize,
}

/// `[gossip]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gossip {
    pub(crate) fanout: usize,
}

/// `[lookup]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Lookup {
    /// In which order nodes are named to clients.
    #[serde(serialize_with = "displayed")]
    pub(crate) policy: Policy,
    /// Whom a node with more clients than others sends to one with fewer.
    #[serde(serialize_with = "displayed")]
    pub(crate) rebalance: Rebalance,
    /// In percent of the even share.
    pub(crate) rebalance_slack: usize,
    pub(crate) dns_answers_per_prefix: usize,
}

/// One `[[listen]]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Listen {
    pub(crate) door: DoorKind,
    pub(crate) address: SocketAddr,
    /// Where clients elsewhere reach it, if that is not what `address` says.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "displayed_option")]
    pub(crate) advertise: Option<DoorAddress>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "displayed_option")]
    pub(crate) zone: Option<Zone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_cert: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "masked_option")]
    pub(crate) password: Option<String>,
}

/// What is spoken at a `[[listen]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DoorKind {
    Irc,
    WebSocket,
    Dns,
    Web,
    Grpc,
    Metrics,
}

/// One `[[operator]]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Operator {
    pub(crate) name: String,
    #[serde(serialize_with = "masked")]
    pub(crate) password: String,
}

/// `[accounts]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Accounts {
    pub(crate) registration: bool,
    pub(crate) before_connect: bool,
    pub(crate) email_required: bool,
}

/// `[limits]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Limits {
    pub(crate) nick_length: usize,
    pub(crate) connections_per_ip: usize,
    pub(crate) flood_protection: bool,
    pub(crate) sendq_bytes: usize,
    #[serde(serialize_with = "written")]
    pub(crate) session_grace: Duration,
}

/// `[history]`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct History {
    pub(crate) max_messages_per_query: usize,
    #[serde(serialize_with = "written_or_forever")]
    pub(crate) retention: Option<Duration>,
    #[serde(serialize_with = "written_or_forever")]
    pub(crate) empty_room_ttl: Option<Duration>,
}

/// The configuration cannot be used; one line for each mistake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(Vec<Problem>);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refused {}

/// Reads the file, if one is given, and the environment of this process.
pub(crate) fn load(file: Option<&Path>) -> Result<Config, Refused> {
    let whole = |text: String| Refused(vec![Problem { place: Place::Whole, text }]);
    let mut variables = Vec::new();
    for (name, text) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|it| it.starts_with(tree::PREFIX)) else {
            continue; // Somebody else's.
        };
        let Some(text) = text.to_str() else {
            return Err(whole(format!("{name}: not valid UTF-8")));
        };
        variables.push((name.to_owned(), text.to_owned()));
    }
    let Some(path) = file else {
        return parse(None, variables);
    };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|why| whole(format!("cannot read the configuration {shown}: {why}")))?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let file = File { shown: &shown, dir, text: &text };
    parse(Some(file), variables)
}

/// The text of a configuration file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    /// How messages name it.
    pub(crate) shown: &'a str,
    /// Where its relative paths begin.
    pub(crate) dir: &'a Path,
    /// What it says.
    pub(crate) text: &'a str,
}

/// Makes a configuration of a file's text and of variables.
pub(crate) fn parse(
    file: Option<File<'_>>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Refused> {
    let mut tree = match file {
        Some(file) => tree::parse(file.shown, file.text).map_err(|it| Refused(vec![it]))?,
        None => tree::Table::new(),
    };
    let mut problems = Vec::new();
    tree::overlay(&mut tree, variables, &mut problems);
    let dir = file.map_or(Path::new(""), |it| it.dir);
    let config = read::config(tree, dir, &mut problems);
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    match problems.is_empty() {
        true => Ok(config),
        false => Err(Refused(problems)),
    }
}

impl Config {
    /// What the node is told, apart from [`Config::cluster_tls`].
    pub(crate) fn for_node(&self) -> node::Config {
        let has = |role| self.node.roles.contains(&role);
        let others = self.cluster.join.iter();
        let others = others.filter(|it| **it != self.cluster.address).cloned();
        node::Config {
            name: self.node.name.clone(),
            data_dir: self.node.data_dir.clone(),
            directory: has(Role::Directory),
            chat: has(Role::Chat),
            network: self.cluster.network.clone(),
            address: self.cluster.address.clone(),
            tls: None,
            join: others.collect(),
            copies: self.rooms.copies,
            fanout: self.gossip.fanout,
            replication: self.rooms.replication,
            names: self.cluster.directory,
            priority: self.cluster.priority,
            groups: u32::try_from(self.cluster.groups).expect("bounded when it was read"),
            rebalance: self.lookup.rebalance,
            rebalance_slack: u32::try_from(self.lookup.rebalance_slack)
                .expect("bounded when it was read"),
            session_grace: self.limits.session_grace,
            retention: self.history.retention,
            empty_room_ttl: self.history.empty_room_ttl,
            accounts: node::Accounts {
                registration: self.accounts.registration,
                before_connect: self.accounts.before_connect,
                slows: self.limits.flood_protection,
            },
        }
    }

    /// What secures the links to other nodes, if anything does. Reads files; the error says which is wrong.
    pub(crate) fn cluster_tls(&self) -> Result<Option<node::Tls>, String> {
        let Some(ClusterTls { cert, key, authority }) = &self.cluster.tls else {
            return Ok(None);
        };
        let tls = node::pem::cluster(cert, key, authority);
        tls.map(Some).map_err(|why| format!("the links between nodes: {why}"))
    }

    /// What the IRC door is told.
    pub(crate) fn for_irc(&self) -> front_irc::Config {
        front_irc::Config {
            listeners: self.listen.iter().filter_map(Listen::for_irc).collect(),
            operators: self.operator.iter().map(Operator::for_irc).collect(),
            nick_length: self.limits.nick_length,
            connections_per_ip: self.limits.connections_per_ip,
            flood_protection: self.limits.flood_protection,
            sendq_bytes: self.limits.sendq_bytes,
            history_max: self.history.max_messages_per_query,
            shards: 0, // One per core.
            motd: self.node.motd.clone(),
            registration: self.accounts.registration,
            before_connect: self.accounts.before_connect,
        }
    }

    /// Where metrics are asked for, if anywhere.
    pub(crate) fn metrics_address(&self) -> Option<SocketAddr> {
        let metrics = |it: &&Listen| it.door == DoorKind::Metrics;
        self.listen.iter().find(metrics).map(|it| it.address)
    }
}

impl Listen {
    fn for_irc(&self) -> Option<front_irc::Listener> {
        let transport = match self.door {
            DoorKind::Irc => front_irc::Transport::Stream,
            DoorKind::WebSocket => front_irc::Transport::WebSocket,
            DoorKind::Dns | DoorKind::Web | DoorKind::Grpc | DoorKind::Metrics => return None,
        };
        Some(front_irc::Listener {
            address: self.address.to_string(),
            transport,
            tls: self.tls_cert.clone().zip(self.tls_key.clone()),
            password: self.password.clone(),
        })
    }
}

impl Operator {
    fn for_irc(&self) -> front_irc::Operator {
        front_irc::Operator { name: self.name.clone(), password: self.password.clone() }
    }
}

fn displayed<T: std::fmt::Display, S: Serializer>(it: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(it)
}

fn displayed_option<T: std::fmt::Display, S: Serializer>(
    it: &Option<T>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match it {
        Some(it) => to.collect_str(it),
        None => to.serialize_none(),
    }
}

fn written<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&duration::format(*duration))
}

fn written_or_forever<S: Serializer>(
    duration: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => written(duration, to),
        None => to.serialize_str("forever"),
    }
}

fn masked<S: Serializer>(_secret: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str("(set)")
}

fn masked_option<S: Serializer>(_secret: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str("(set)")
}
