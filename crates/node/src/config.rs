//! What a node must be told.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How the directory keeps nicks and sessions. Members, and where groups live, are always decided by a majority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// With the rest of the directory, by a majority.
    #[default]
    Raft,
    /// By whoever is left, down to one node; two sides of a cut each give names away, and agree afterwards.
    Bully,
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Names::Raft => "raft",
            Names::Bully => "bully",
        })
    }
}

/// Whom a node that has more clients than others sends to one that has fewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rebalance {
    /// Nobody.
    Off,
    /// Those who said that they move by themselves when they are asked (`starling/members`): nothing of
    /// theirs is lost.
    #[default]
    Members,
    /// Where there is none of those, others, too: their connections are closed with a reason.
    All,
}

impl Rebalance {
    /// All there are.
    pub const ALL: [Rebalance; 3] = [Rebalance::Off, Rebalance::Members, Rebalance::All];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Rebalance::Off => "off",
            Rebalance::Members => "members",
            Rebalance::All => "all",
        }
    }
}

impl fmt::Display for Rebalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Configuration of one node, checked by whoever read it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Unique name.
    pub name: String,
    /// Where its data lives; made if missing.
    pub data_dir: PathBuf,
    /// May vote in the directory.
    pub directory: bool,
    /// Holds room replicas and serves clients.
    pub chat: bool,
    /// Name of the network.
    pub network: String,
    /// Where peers (and `starling status`) reach it, `host:port`.
    pub address: String,
    /// Secures the links to other nodes; `None`: they are neither encrypted nor authenticated.
    pub tls: Option<replica::net::Tls>,
    /// Members to ask for admission; empty: found a new cluster.
    pub join: Vec<String>,
    /// Replicas of each group; fewer nodes than that: as many as there are.
    pub copies: usize,
    /// How new rooms are replicated.
    pub replication: chat::Replication,
    /// To how many nodes at once this one passes on what is said in gossip rooms.
    pub fanout: usize,
    /// How names are kept: decided when the cluster is founded.
    pub names: Names,
    /// Rank among those who may decide on names by Fast Bully: the higher one first, then the name.
    pub priority: i32,
    /// Room groups of a newly founded cluster.
    pub groups: u32,
    /// Whom this node sends elsewhere when it has more clients than the others.
    pub rebalance: Rebalance,
    /// How far from the even share of clients a node may be before anybody is sent, in percent of it.
    pub rebalance_slack: u32,
    /// How long a dead node's sessions live on.
    pub session_grace: Duration,
    /// How long history is kept; `None`: for ever.
    pub retention: Option<Duration>,
    /// How long an empty room is kept; `None`: for ever.
    pub empty_room_ttl: Option<Duration>,
    /// Who may register an account.
    pub accounts: Accounts,
}

/// Rules for accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// Anybody may register one.
    pub registration: bool,
    /// Also before they came in.
    pub before_connect: bool,
    /// Whoever fails to log in has to wait, longer each time; false only for tests and benchmarks.
    pub slows: bool,
}

impl Default for Accounts {
    fn default() -> Accounts {
        Accounts { registration: true, before_connect: true, slows: true }
    }
}
