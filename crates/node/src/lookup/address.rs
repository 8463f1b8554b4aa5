//! Doors as clients find them: what is spoken there, and where.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// RFC 1035: the longest name, in text.
const NAME_BYTES_MAX: usize = 253;

/// What is spoken at a door.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DoorKind {
    /// IRC over TCP.
    Irc,
    /// IRC over TLS.
    Ircs,
    /// IRC over WebSocket.
    Ws,
    /// IRC over WebSocket over TLS.
    Wss,
    /// gRPC.
    Grpc,
    /// HTTP.
    Web,
    /// DNS, over UDP and TCP.
    Dns,
}

impl DoorKind {
    /// All there are.
    pub const ALL: [DoorKind; 7] = [
        DoorKind::Irc,
        DoorKind::Ircs,
        DoorKind::Ws,
        DoorKind::Wss,
        DoorKind::Grpc,
        DoorKind::Web,
        DoorKind::Dns,
    ];

    /// The word for it, on every door and between nodes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DoorKind::Irc => "irc",
            DoorKind::Ircs => "ircs",
            DoorKind::Ws => "ws",
            DoorKind::Wss => "wss",
            DoorKind::Grpc => "grpc",
            DoorKind::Web => "web",
            DoorKind::Dns => "dns",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<DoorKind> {
        DoorKind::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

impl fmt::Display for DoorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An address, or a name that leads to one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Host {
    /// An address.
    Ip(IpAddr),
    /// A name, in lower case, without a final dot.
    Name(Box<str>),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(ip) => ip.fmt(f),
            Host::Name(name) => name.fmt(f),
        }
    }
}

/// Where a door is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DoorAddress {
    /// On which machine.
    pub host: Host,
    /// TCP port; of DNS the UDP port, too. Never 0.
    pub port: u16,
}

impl DoorAddress {
    /// Reads `HOST:PORT` as somebody elsewhere could use it: a port other than 0, an IPv6 address in
    /// brackets, no unspecified address, a name of letters, digits and hyphens.
    #[must_use]
    pub fn parse(text: &str) -> Option<DoorAddress> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse::<u16>().ok().filter(|it| *it != 0)?;
        Some(DoorAddress { host: parse_host(host)?, port })
    }

    /// The address, if it is not a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) => None,
        }
    }
}

impl fmt::Display for DoorAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

fn parse_host(text: &str) -> Option<Host> {
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match (bare.unwrap_or(text).parse::<IpAddr>(), bare) {
        (Ok(ip), _) if ip.is_unspecified() => None,
        (Ok(ip @ IpAddr::V6(_)), Some(_)) | (Ok(ip @ IpAddr::V4(_)), None) => Some(Host::Ip(ip)),
        (Err(_), None) => is_name(text).then(|| Host::Name(text.to_ascii_lowercase().into())),
        _ => None,
    }
}

/// A host name that DNS can carry (RFC 1123). Four numbers are no name, or a mistyped address would be one.
fn is_name(text: &str) -> bool {
    let is_label = |it: &str| {
        (1..=63).contains(&it.len())
            && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !it.starts_with('-')
            && !it.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit());
    text.len() <= NAME_BYTES_MAX && !is_number && text.split('.').all(is_label)
}

/// The doors of one node: one address for each kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Doors(BTreeMap<DoorKind, DoorAddress>);

impl Doors {
    /// The door of a kind.
    #[must_use]
    pub fn get(&self, kind: DoorKind) -> Option<&DoorAddress> {
        self.0.get(&kind)
    }

    /// Adds a door. Of two of one kind clients are told the first.
    pub fn add(&mut self, kind: DoorKind, address: DoorAddress) {
        self.0.entry(kind).or_insert(address);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (DoorKind, &DoorAddress)> {
        self.0.iter().map(|(kind, address)| (*kind, address))
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As nodes tell each other: `irc=10.0.0.1:6667 web=n1.chat.example:8080`.
    pub(crate) fn to_word(&self) -> String {
        let doors: Vec<String> = self.iter().map(|(kind, at)| format!("{kind}={at}")).collect();
        doors.join(" ")
    }

    /// Reads what another node told. What cannot be read is left out: a later version may have doors
    /// that this one does not know.
    pub(crate) fn from_word(word: &str) -> Doors {
        let mut doors = Doors::default();
        let known = word.split(' ').filter_map(|it| {
            let (kind, address) = it.split_once('=')?;
            Some((DoorKind::parse(kind)?, DoorAddress::parse(address)?))
        });
        known.for_each(|(kind, address)| doors.add(kind, address));
        doors
    }
}

impl FromIterator<(DoorKind, DoorAddress)> for Doors {
    fn from_iter<I: IntoIterator<Item = (DoorKind, DoorAddress)>>(them: I) -> Doors {
        let mut doors = Doors::default();
        them.into_iter().for_each(|(kind, address)| doors.add(kind, address));
        doors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_what_somebody_elsewhere_could_connect_to() {
        for good in ["10.0.0.1:6667", "[2001:db8::1]:6697", "n1.chat.example:1", "localhost:80"] {
            let parsed = DoorAddress::parse(good).unwrap_or_else(|| panic!("{good}"));
            assert_eq!(parsed.to_string(), good);
        }
        for bad in [
            "",
            "10.0.0.1",
            "10.0.0.1:0",
            "0.0.0.0:1",
            "[::]:1",
            "::1:1",
            "[10.0.0.1]:1",
            "a b:1",
            ":1",
            "10.0.0.256:1",
            "a..b:1",
            "-a:1",
            "a:65536",
            "a_b:1",
            "ä:1",
        ] {
            assert_eq!(DoorAddress::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn doors_that_this_version_does_not_know_are_left_out() {
        let word = "irc=10.0.0.1:6667 quic=10.0.0.1:1 ws= web=10.0.0.1:0 irc=10.0.0.9:1 grpc=n1:7";
        assert_eq!(Doors::from_word(word).to_word(), "irc=10.0.0.1:6667 grpc=n1:7");
    }

    proptest! {
        #[test]
        fn whatever_a_peer_says_becomes_doors_that_can_be_told_on(word in "[ -~]{0,200}") {
            let doors = Doors::from_word(&word);
            prop_assert_eq!(Doors::from_word(&doors.to_word()), doors);
        }
    }
}
