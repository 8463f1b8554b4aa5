//! What the door must be told.

use std::path::PathBuf;
use std::time::Duration;

/// Configuration of the door, checked by whoever read it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Who may OPER.
    pub operators: Vec<Operator>,
    /// Longest nick, in bytes.
    pub nick_length: usize,
    /// Connections from one address.
    pub connections_per_ip: usize,
    /// False only for tests and benchmarks: no limit on a client's rate.
    pub flood_protection: bool,
    /// Bytes that may wait for one client: with more for [`Timings::behind`] it is disconnected, with 16 times
    /// as many at once.
    pub sendq_bytes: usize,
    /// Most messages of one CHATHISTORY answer.
    pub history_max: usize,
    /// Threads that own connections; 0: one per core.
    pub shards: usize,
    /// REGISTER makes accounts.
    pub registration: bool,
    /// REGISTER does so also before a connection is registered.
    pub before_connect: bool,
    /// Lines of the message of the day.
    pub motd: Vec<String>,
}

/// One listening socket.
#[derive(Clone, Debug)]
pub struct Listener {
    /// `address:port`.
    pub address: String,
    /// What is spoken on it.
    pub transport: Transport,
    /// Certificate chain and key, PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// This listener asks for PASS.
    pub password: Option<String>,
}

/// What carries the lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// A byte stream.
    Stream,
    /// WebSocket, `text.ircv3.net` and `binary.ircv3.net`.
    WebSocket,
}

/// A server operator.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Name in OPER.
    pub name: String,
    /// An argon2 hash in PHC form, or plain text.
    pub password: String,
}

/// How long a connection may keep silent. The defaults are meant for everybody but tests.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// From the connection to the end of registration, handshakes included.
    pub registration: Duration,
    /// Silence after which the client is asked for a sign of life.
    pub ping_after: Duration,
    /// Silence after that question until the connection is closed.
    pub ping_timeout: Duration,
    /// Time over which clients are closed when the node itself says that it leaves.
    pub drain: Duration,
    /// How long a client may go on sending faster than it is read before it is disconnected.
    pub flood: Duration,
    /// How long more may wait for a client than [`Config::sendq_bytes`]. A node that was stopped for a moment
    /// has much to tell all at once, and nobody can have read it yet.
    pub behind: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            registration: Duration::from_secs(30),
            ping_after: Duration::from_secs(120),
            ping_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(3),
            flood: Duration::from_secs(120),
            behind: Duration::from_secs(1),
        }
    }
}
