//! Capability negotiation: which there are, which a client asks for, and how lists are written.
//!
//! Follows [capability-negotiation](https://ircv3.net/specs/extensions/capability-negotiation).

use crate::build::LineWriter;

/// A capability we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are those of ircv3.net, and two of our own")]
pub enum Cap {
    MessageTags,
    ServerTime,
    EchoMessage,
    Batch,
    LabeledResponse,
    MultiPrefix,
    UserhostInNames,
    AwayNotify,
    ExtendedJoin,
    InviteNotify,
    Chghost,
    Setname,
    CapNotify,
    StandardReplies,
    AccountNotify,
    AccountTag,
    ChatHistory,
    EventPlayback,
    Members,
    Resume,
    Sasl,
    AccountRegistration,
}

/// Every capability with its name; the place is the bit.
const NAMES: [(Cap, &str); 22] = [
    (Cap::MessageTags, "message-tags"),
    (Cap::ServerTime, "server-time"),
    (Cap::EchoMessage, "echo-message"),
    (Cap::Batch, "batch"),
    (Cap::LabeledResponse, "labeled-response"),
    (Cap::MultiPrefix, "multi-prefix"),
    (Cap::UserhostInNames, "userhost-in-names"),
    (Cap::AwayNotify, "away-notify"),
    (Cap::ExtendedJoin, "extended-join"),
    (Cap::InviteNotify, "invite-notify"),
    (Cap::Chghost, "chghost"),
    (Cap::Setname, "setname"),
    (Cap::CapNotify, "cap-notify"),
    (Cap::StandardReplies, "standard-replies"),
    (Cap::AccountNotify, "account-notify"),
    (Cap::AccountTag, "account-tag"),
    (Cap::ChatHistory, "draft/chathistory"),
    (Cap::EventPlayback, "draft/event-playback"),
    (Cap::Members, "starling/members"),
    (Cap::Resume, "starling/resume"),
    (Cap::Sasl, "sasl"),
    (Cap::AccountRegistration, "draft/account-registration"),
];

impl Cap {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The capability of a name. Names are compared with regard to case.
    pub fn from_name(name: &str) -> Option<Cap> {
        NAMES.iter().find(|(_, it)| *it == name).map(|(cap, _)| *cap)
    }
}

/// A set of capabilities in one word: what a connection has, and what delivery is encoded by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CapSet(u32);

impl CapSet {
    /// None.
    pub const EMPTY: CapSet = CapSet(0);

    /// All that we know.
    pub const ALL: CapSet = CapSet((1 << NAMES.len()) - 1);

    /// A set of these.
    pub const fn of(caps: &[Cap]) -> CapSet {
        let mut set = CapSet::EMPTY;
        let mut place = 0;
        while place < caps.len() {
            set = set.with(caps[place]);
            place += 1;
        }
        set
    }

    /// Whether the capability is in it.
    pub const fn has(self, cap: Cap) -> bool {
        self.0 & (1 << cap as u32) != 0
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, cap: Cap) -> CapSet {
        CapSet(self.0 | 1 << cap as u32)
    }

    /// The set with one less.
    #[must_use]
    pub const fn without(self, cap: Cap) -> CapSet {
        CapSet(self.0 & !(1 << cap as u32))
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: CapSet) -> CapSet {
        CapSet(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: CapSet) -> CapSet {
        CapSet(self.0 & other.0)
    }

    /// What is in the first only.
    #[must_use]
    pub const fn difference(self, other: CapSet) -> CapSet {
        CapSet(self.0 & !other.0)
    }

    /// Whether there is none in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as bits, for keys and tables.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Its capabilities in the order of [`Cap`].
    pub fn iter(self) -> impl Iterator<Item = Cap> {
        NAMES.iter().map(|(cap, _)| *cap).filter(move |it| self.has(*it))
    }
}

impl std::fmt::Debug for CapSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Cap> for CapSet {
    fn from_iter<I: IntoIterator<Item = Cap>>(caps: I) -> CapSet {
        caps.into_iter().fold(CapSet::EMPTY, CapSet::with)
    }
}

/// What `CAP REQ` asks for: all of it is granted (ACK) or none (NAK).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapRequest {
    /// To be switched on.
    pub enable: CapSet,
    /// To be switched off.
    pub disable: CapSet,
}

/// `CAP REQ` names a capability that is not offered: NAK with its words unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a capability that is not offered")]
pub struct NotOffered;

impl CapRequest {
    /// Reads the last parameter of `CAP REQ`. Of a capability named twice the last word counts.
    pub fn parse(words: &str, offered: CapSet) -> Result<CapRequest, NotOffered> {
        let mut request = CapRequest { enable: CapSet::EMPTY, disable: CapSet::EMPTY };
        for word in words.split(' ').filter(|it| !it.is_empty()) {
            let (off, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
            let cap = Cap::from_name(name).filter(|it| offered.has(*it)).ok_or(NotOffered)?;
            let CapRequest { enable, disable } = request;
            request = match off {
                false => CapRequest { enable: enable.with(cap), disable: disable.without(cap) },
                true => CapRequest { enable: enable.without(cap), disable: disable.with(cap) },
            };
        }
        Ok(request)
    }

    /// The capabilities after the request was granted.
    pub fn apply(self, current: CapSet) -> CapSet {
        current.difference(self.disable).union(self.enable)
    }
}

/// Bytes of capabilities in one line; leaves 160 for `:server CAP nick LIST * :`.
const LIST_BYTES_MAX: usize = 350;

/// The words of `CAP LS` or `LIST`, a text for each line they need. To a client that said
/// `CAP LS 302` there may be several and capabilities have values; else it is one without values.
pub fn list_texts<'v>(
    caps: CapSet,
    is_302: bool,
    value: impl Fn(Cap) -> Option<&'v str>,
) -> Vec<String> {
    let mut texts = vec![String::new()];
    for cap in caps.iter() {
        let mut word = cap.name().to_owned();
        if let Some(value) = value(cap).filter(|_| is_302) {
            word.push('=');
            word.push_str(value);
        }
        let last = texts.last_mut().expect("there is one from the beginning");
        if last.is_empty() {
            *last = word;
        } else if is_302 && LIST_BYTES_MAX < last.len() + 1 + word.len() {
            texts.push(word);
        } else {
            last.push(' ');
            last.push_str(&word);
        }
    }
    texts
}

/// Writes a line for each text, all but the last marked by `*`. The texts are those of
/// [`list_texts`], made once for all clients, or the one that ACK, NAK, NEW and DEL carry.
pub fn write_lines(
    out: &mut Vec<u8>,
    server: &str,
    client: &str,
    subcommand: &str,
    texts: &[impl AsRef<str>],
) {
    let last = texts.len().saturating_sub(1);
    for (place, text) in texts.iter().enumerate() {
        let mut line = LineWriter::new(out);
        line.source(server).verb("CAP").param(client).param(subcommand);
        if place < last {
            line.param("*");
        }
        line.trailing(text.as_ref()).finish();
    }
}

#[cfg(test)]
mod tests;
