//! The zone and the names that are always in it.

use hickory_proto::rr::Name;
use node::lookup::DoorKind;

/// Leaves room for `_ircs._tcp` and for a node's label in front of it.
const ZONE_BYTES_MAX: usize = 180;

/// A zone of which this network is all there is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone {
    apex: Name,
    /// `_tcp`, under which there are services and which is nothing itself.
    tcp: Name,
}

/// Something in the zone, or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Another zone's.
    Outside,
    /// The zone itself.
    Apex,
    /// `_tcp`: there is something below it.
    Between,
    /// `_irc._tcp` and its like.
    Service(DoorKind),
    /// One label in front of the zone: a node's, perhaps.
    Label,
    /// In the zone, and certainly not there.
    Missing,
}

impl Zone {
    /// Reads a name such as `chat.example`: labels of letters, digits and hyphens, not the root.
    #[must_use]
    pub fn parse(text: &str) -> Option<Zone> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let is_label = |it: &str| {
            let is_inside = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            let ends = it.starts_with('-') || it.ends_with('-');
            !it.is_empty() && !ends && it.bytes().all(is_inside)
        };
        if text.len() > ZONE_BYTES_MAX || !text.split('.').all(is_label) {
            return None;
        }
        let mut apex = Name::from_ascii(text.to_ascii_lowercase()).ok()?;
        apex.set_fqdn(true);
        let tcp = apex.prepend_label(&b"_tcp"[..]).ok()?;
        Some(Zone { apex, tcp })
    }

    /// The name of the zone.
    pub(crate) fn apex(&self) -> &Name {
        &self.apex
    }

    /// A label in front of the zone; `None`: it is too long.
    pub(crate) fn name_of(&self, label: &str) -> Option<Name> {
        self.apex.prepend_label(label.as_bytes()).ok()
    }

    /// Where a name belongs. Case does not matter (RFC 4343).
    pub(crate) fn place(&self, name: &Name) -> Place {
        if !self.apex.zone_of(name) {
            return Place::Outside;
        }
        let mut labels = name.iter();
        let below = labels.len() - self.apex.iter().len();
        match (below, labels.next()) {
            (0, _) => Place::Apex,
            (1, _) if *name == self.tcp => Place::Between,
            (1, _) => Place::Label,
            (2, Some(first)) if self.tcp.zone_of(name) => match service(first) {
                Some(kind) => Place::Service(kind),
                None => Place::Missing,
            },
            _ => Place::Missing,
        }
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.apex.to_ascii();
        f.write_str(name.strip_suffix('.').unwrap_or(&name))
    }
}

/// `_irc`: the door of that kind.
fn service(label: &[u8]) -> Option<DoorKind> {
    let word = std::str::from_utf8(label).ok()?.strip_prefix('_')?;
    DoorKind::parse(&word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        let mut name = Name::from_ascii(name).expect("a name");
        name.set_fqdn(true);
        Zone::parse("Chat.Example").expect("a zone").place(&name)
    }

    #[test]
    fn every_name_has_its_place_in_any_case() {
        for (name, expected) in [
            ("chat.example", Place::Apex),
            ("CHAT.exAMPle", Place::Apex),
            ("_irc._tcp.chat.example", Place::Service(DoorKind::Irc)),
            ("_IRCS._TCP.CHAT.EXAMPLE", Place::Service(DoorKind::Ircs)),
            ("_tcp.chat.example", Place::Between),
            ("n1.chat.example", Place::Label),
            ("_udp.chat.example", Place::Label),
            ("_xmpp._tcp.chat.example", Place::Missing),
            ("irc._tcp.chat.example", Place::Missing),
            ("_irc._udp.chat.example", Place::Missing),
            ("a._irc._tcp.chat.example", Place::Missing),
            ("example", Place::Outside),
            ("other.example", Place::Outside),
            ("xchat.example", Place::Outside),
            (".", Place::Outside),
        ] {
            assert_eq!(place(name), expected, "{name}");
        }
    }

    #[test]
    fn a_zone_is_a_name_that_others_can_delegate() {
        for good in ["chat.example", "chat.example.", "x", "a-b.c1"] {
            assert!(Zone::parse(good).is_some(), "{good}");
        }
        let long = format!("{}.example", "a".repeat(64));
        let longer = vec!["abc"; 60].join(".");
        for bad in ["", ".", "a..b", "-a.b", "a_b", "a b", "ä.example", &long, &longer] {
            assert!(Zone::parse(bad).is_none(), "{bad}");
        }
    }
}
