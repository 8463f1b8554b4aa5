//! What values look like, and which of them belong together.

use super::section::Section;
use super::{Cluster, DoorKind, Listen, Node, Role};
use std::net::IpAddr;

const NAME_BYTES_MAX: usize = 63; // RFC 2812: the longest server name.

/// A node's name is also the server name in IRC.
pub(crate) fn node_name(text: &str) -> Option<String> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    (begins && text.len() <= NAME_BYTES_MAX && text.bytes().all(is_name)).then(|| text.to_owned())
}

/// Shown in ISUPPORT, which has no spaces.
pub(crate) fn network_name(text: &str) -> Option<String> {
    word(text).filter(|it| it.len() <= NAME_BYTES_MAX)
}

/// Not empty, no spaces, no control characters.
pub(crate) fn word(text: &str) -> Option<String> {
    let is_word = |c: char| !c.is_whitespace() && !c.is_control();
    (!text.is_empty() && text.chars().all(is_word)).then(|| text.to_owned())
}

/// One line of the message of the day.
pub(crate) fn line(text: &str) -> Option<String> {
    const LINE_BYTES_MAX: usize = 400; // Fits one IRC line with any names in front.
    (text.len() <= LINE_BYTES_MAX && !text.chars().any(|c| "\r\n\0".contains(c)))
        .then(|| text.to_owned())
}

/// A hash that can be verified, or plain text.
pub(crate) fn password(text: &str) -> Option<String> {
    let is_hash = |it: argon2::PasswordHash<'_>| {
        argon2::Algorithm::try_from(it.algorithm).is_ok() && it.hash.is_some()
    };
    let is_usable = !text.starts_with('$') || argon2::PasswordHash::new(text).is_ok_and(is_hash);
    word(text).filter(|_| is_usable)
}

/// `HOST:PORT` that others can connect to: no port 0, not the unspecified address.
pub(crate) fn peer_address(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok_and(|it| it != 0);
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_host = match (bare.unwrap_or(host).parse::<IpAddr>(), bare) {
        (Ok(IpAddr::V6(ip)), Some(_)) => !ip.is_unspecified(),
        (Ok(IpAddr::V4(ip)), None) => !ip.is_unspecified(),
        (Err(_), None) => node_name(host).is_some(),
        _ => false,
    };
    (is_port && is_host).then(|| text.to_owned())
}

/// Reads a key that must be there.
pub(crate) fn required<T>(
    it: &mut Section<'_>,
    key: &'static str,
    read: impl FnOnce(&mut Section<'_>, &'static str) -> Option<T>,
) -> Option<T> {
    let is_written = it.has(key);
    let read = read(it, key);
    if !is_written {
        it.missing(key);
    }
    read
}

/// A cluster is founded by a node that can vote in its directory.
pub(crate) fn roles_and_join(it: &mut Section<'_>, node: &Node, cluster: &Cluster) {
    let others = cluster.join.iter().filter(|them| **them != cluster.address);
    let has_others = others.count() > 0;
    if !cluster.join.is_empty() && !has_others {
        let text = "`cluster.join` names only this node itself; name another member, or leave it empty to found a new cluster";
        it.problem("join", text.to_owned());
    } else if !has_others && !node.roles.contains(&Role::Directory) {
        let text = "`cluster.join` is empty, but a node without the role \"directory\" cannot found a cluster; name a member to join";
        it.problem("join", text.to_owned());
    }
}

/// One `[[listen]]` by itself and among those before it.
pub(crate) fn listen(it: &mut Section<'_>, this: &Listen, before: &[Listen], serves_clients: bool) {
    for (has, lacks) in [("tls_cert", "tls_key"), ("tls_key", "tls_cert")] {
        if it.has(has) && !it.has(lacks) {
            it.problem(has, format!("`listen.{has}` needs `listen.{lacks}` beside it"));
        }
    }
    if this.address.port() != 0 && before.iter().any(|them| them.address == this.address) {
        it.problem("address", format!("`listen.address` {} is there twice", this.address));
    }
    if this.door != DoorKind::Dns && it.has("zone") {
        it.problem("zone", "`listen.zone` belongs to a dns door".to_owned());
    }
    match this.door {
        DoorKind::Irc | DoorKind::WebSocket if !serves_clients => {
            let text = "a node without the role \"chat\" serves no clients; leave this door away";
            it.problem("door", text.to_owned());
        }
        DoorKind::Irc | DoorKind::WebSocket => {}
        DoorKind::Dns => dns(it, this),
        DoorKind::Web => for_programs(it, this, "web"),
        DoorKind::Grpc => for_programs(it, this, "grpc"),
        DoorKind::Metrics => metrics(it, this, before),
    }
}

fn for_programs(it: &mut Section<'_>, this: &Listen, door: &str) {
    if this.address.port() == 0 {
        it.problem("address", format!("a {door} door needs a port of its own choice, not 0"));
    }
    does_not_belong(it, &["password"], door);
}

fn dns(it: &mut Section<'_>, this: &Listen) {
    if !it.has("zone") {
        let text = "a dns door needs `listen.zone`, the name that it answers for";
        it.problem("door", text.to_owned());
    }
    if this.address.port() == 0 {
        it.problem("address", "a dns door needs a port of its own choice, not 0".to_owned());
    }
    does_not_belong(it, &["tls_cert", "password"], "dns");
}

fn metrics(it: &mut Section<'_>, this: &Listen, before: &[Listen]) {
    if before.iter().any(|them| them.door == DoorKind::Metrics) {
        it.problem("door", "there are two metrics doors; one is enough".to_owned());
    }
    if this.address.port() == 0 {
        it.problem("address", "a metrics door needs a port of its own choice, not 0".to_owned());
    }
    does_not_belong(it, &["tls_cert", "password", "advertise"], "metrics");
}

fn does_not_belong(it: &mut Section<'_>, keys: &[&str], door: &str) {
    for key in keys {
        if it.has(key) {
            it.problem(key, format!("`listen.{key}` does not belong to a {door} door"));
        }
    }
}
