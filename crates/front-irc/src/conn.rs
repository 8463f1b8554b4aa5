//! One connection: its socket, its input, and who it is.
//!
//! What only some connections have, or have only for a while, is boxed: an idle joined connection
//! costs its slot, its room names and its session, and no buffer.

use crate::context::Context;
use crate::pending::Pending;
use crate::sasl::Sasl;
use crate::stream::Stream;
use chat::directory::{Session, UserModes};
use chat::{Nick, RoomName};
use irc_proto::LineBuffer;
use node::ConnId;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

pub(crate) struct Conn {
    pub(crate) id: ConnId,
    pub(crate) stream: Stream,
    pub(crate) input: LineBuffer,
    pub(crate) phase: Phase,
    /// Rooms it is in, as the node told.
    pub(crate) rooms: Vec<RoomName>,
    /// Requests without an answer yet, oldest first.
    pub(crate) pending: VecDeque<Pending>,
    pub(crate) extra: Option<Box<Extra>>,
    pub(crate) address: IpAddr,
    pub(crate) listener: u16,
    /// Last sign of life, and when the connection began, in ticks of the shard's clock.
    pub(crate) heard_ms: u64,
    pub(crate) since_ms: u64,
    /// Last command that is not PING or PONG, for WHOIS.
    pub(crate) active_ms: u64,
    pub(crate) flood: Flood,
    /// More waits for it than may, since then.
    pub(crate) behind_since_ms: Option<u64>,
    /// The socket may have something to read.
    pub(crate) is_readable: bool,
    /// The other side will send nothing more.
    pub(crate) is_ended: bool,
    /// It is in the list of those to run.
    pub(crate) is_queued: bool,
    /// No line is run until something has been answered (registration, OPER).
    pub(crate) is_held: bool,
    /// Asked for a sign of life.
    pub(crate) is_pinged: bool,
    /// Nothing more is read; it goes away with the next flush.
    pub(crate) is_closing: bool,
    /// The node knows a session of it, or was asked to make one.
    pub(crate) is_known: bool,
}

/// How far it is.
pub(crate) enum Phase {
    Registering(Box<Registering>),
    Registered {
        session: Arc<Session>,
        /// User modes with those asked for and not yet confirmed.
        modes: UserModes,
    },
}

/// What a client has said of itself so far.
#[derive(Default)]
pub(crate) struct Registering {
    pub(crate) nick: Option<Nick>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) realname: Arc<str>,
    pub(crate) password: Option<Box<str>>,
    pub(crate) is_negotiating: bool,
    /// Whom it has logged in as.
    pub(crate) account: Option<Arc<str>>,
}

/// What few connections have.
#[derive(Default)]
pub(crate) struct Extra {
    /// MONITOR list, folded.
    pub(crate) monitored: Vec<Arc<str>>,
    /// Commands with a label that are not answered completely.
    pub(crate) labels: Vec<Labelled>,
    pub(crate) is_302: bool,
    /// When it was last asked to go to another node.
    pub(crate) sent_on_ms: Option<u64>,
    /// An exchange of SASL that has begun.
    pub(crate) sasl: Option<Sasl>,
    /// Logins that failed since the last that did not.
    pub(crate) logins_failed: u8,
}

/// A command with a label: its answer is collected until it is whole.
pub(crate) struct Labelled {
    pub(crate) number: u32,
    pub(crate) label: Box<str>,
    /// Requests it still waits for.
    pub(crate) waiting: usize,
    pub(crate) lines: Vec<u8>,
}

impl Conn {
    pub(crate) fn new(
        id: ConnId,
        stream: Stream,
        address: IpAddr,
        listener: u16,
        now_ms: u64,
    ) -> Conn {
        Conn {
            id,
            stream,
            input: LineBuffer::new(irc_proto::limits::CLIENT_LINE_BYTES_MAX),
            phase: Phase::Registering(Box::default()),
            rooms: Vec::new(),
            pending: VecDeque::new(),
            extra: None,
            address,
            listener,
            heard_ms: now_ms,
            since_ms: now_ms,
            active_ms: now_ms,
            flood: Flood::new(now_ms),
            behind_since_ms: None,
            is_readable: true,
            is_ended: false,
            is_queued: false,
            is_held: false,
            is_pinged: false,
            is_closing: false,
            is_known: false,
        }
    }

    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match &self.phase {
            Phase::Registered { session, .. } => Some(session),
            Phase::Registering(_) => None,
        }
    }

    pub(crate) fn is_registered(&self) -> bool {
        matches!(self.phase, Phase::Registered { .. })
    }

    /// Whom it is logged in as.
    pub(crate) fn account(&self) -> Option<&Arc<str>> {
        match &self.phase {
            Phase::Registered { session, .. } => session.account.as_ref(),
            Phase::Registering(it) => it.account.as_ref(),
        }
    }

    pub(crate) fn is_operator(&self) -> bool {
        self.session().is_some_and(|it| it.operator.is_some())
    }

    /// The name that numerics address.
    pub(crate) fn nick(&self) -> &str {
        match &self.phase {
            Phase::Registered { session, .. } => session.nick.as_str(),
            Phase::Registering(it) => it.nick.as_ref().map_or("*", Nick::as_str),
        }
    }

    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// The host others see: the address, in a form that can stand in a line.
    pub(crate) fn host(&self) -> Arc<str> {
        let text = self.address.to_string();
        match text.starts_with(':') {
            true => format!("0{text}").into(), // A word must not begin with a colon.
            false => text.into(),
        }
    }
}

/// A bucket of lines that fills with time: a client that empties it is read more slowly.
pub(crate) struct Flood {
    /// Thousandths of a line.
    tokens: u32,
    filled_ms: u64,
    /// Since when the client has wanted more than it gets, without a pause.
    pub(crate) throttled_since_ms: Option<u64>,
}

/// A modern client joins, asks and negotiates in bursts of this size.
const BURST_LINES: u32 = 60;
/// Lines a second in the long run: nobody types so fast, and a paste of a file takes its time.
const LINES_PER_S: u32 = 10;

impl Flood {
    fn new(now_ms: u64) -> Flood {
        Flood { tokens: BURST_LINES * 1000, filled_ms: now_ms, throttled_since_ms: None }
    }

    /// Whether one more line may be run now. If not, the client has wanted more than it gets.
    pub(crate) fn may_take(&mut self, now_ms: u64) -> bool {
        let passed = u32::try_from(now_ms.saturating_sub(self.filled_ms)).unwrap_or(u32::MAX);
        let gained = passed.saturating_mul(LINES_PER_S);
        self.filled_ms = now_ms;
        self.tokens = self.tokens.saturating_add(gained).min(BURST_LINES * 1000);
        let may = self.tokens >= 1000;
        if !may {
            self.throttled_since_ms.get_or_insert(now_ms);
        }
        may
    }

    /// One line was run.
    pub(crate) fn take(&mut self) {
        self.tokens = self.tokens.saturating_sub(1000);
    }

    /// The client had nothing more to say.
    pub(crate) fn pause(&mut self) {
        self.throttled_since_ms = None;
    }
}

impl Context {
    /// Answers a connection may wait for before it is read no further: its input then stays in the
    /// kernel, and the sender feels it.
    pub(crate) fn pending_max(&self) -> usize {
        if self.config.flood_protection { 64 } else { 1024 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_time_counts() {
        let mut flood = Flood::new(0);
        let mut run = |now_ms| {
            let may = flood.may_take(now_ms);
            if may {
                flood.take();
            }
            may
        };
        assert_eq!((0..200).filter(|_| run(0)).count(), BURST_LINES as usize);
        assert!(!run(99));
        assert!(run(100));
        assert_eq!((0..200).filter(|_| run(1_000_000)).count(), BURST_LINES as usize);
        assert_eq!(flood.throttled_since_ms, Some(0));
    }
}
