//! CHATHISTORY: what a client wants to see again.
//!
//! Follows [draft/chathistory](https://ircv3.net/specs/extensions/chathistory). Its errors are all
//! `INVALID_PARAMS` now, but for a selector of an unknown kind; earlier drafts had more codes.

use crate::standard_reply::{Kind, StandardReply};
use crate::time;

/// A place in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector<'a> {
    /// `timestamp=`: unix milliseconds.
    Timestamp(u64),
    /// `msgid=`: the message itself is not part of the answer, but for AROUND.
    MsgId(&'a str),
    /// `*`: no place; LATEST only.
    Star,
}

/// A question about a history. `limit` is at least one and at most what the server allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatHistoryQuery<'a> {
    /// The newest messages, and only those after a place.
    Latest {
        /// The channel or nick.
        target: &'a str,
        /// The place, or [`Selector::Star`].
        after: Selector<'a>,
        /// How many at most.
        limit: usize,
    },
    /// The messages right before a place.
    Before {
        /// The channel or nick.
        target: &'a str,
        /// The place.
        place: Selector<'a>,
        /// How many at most.
        limit: usize,
    },
    /// The messages right after a place.
    After {
        /// The channel or nick.
        target: &'a str,
        /// The place.
        place: Selector<'a>,
        /// How many at most.
        limit: usize,
    },
    /// The messages on both sides of a place, and the one at it.
    Around {
        /// The channel or nick.
        target: &'a str,
        /// The place.
        place: Selector<'a>,
        /// How many at most.
        limit: usize,
    },
    /// The messages between two places. Either may be the older one: counting begins at `from`.
    Between {
        /// The channel or nick.
        target: &'a str,
        /// Where counting begins.
        from: Selector<'a>,
        /// Where it ends at the latest.
        to: Selector<'a>,
        /// How many at most.
        limit: usize,
    },
    /// The targets whose newest message lies between two moments. Either may be the earlier one.
    Targets {
        /// Unix milliseconds.
        from_ms: u64,
        /// Unix milliseconds.
        to_ms: u64,
        /// How many at most.
        limit: usize,
    },
}

/// Why it is no question. Each carries the subcommand, or `*` if there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChatHistoryError<'a> {
    /// There is no such subcommand.
    #[error("Unknown subcommand")]
    UnknownSubcommand(&'a str),
    /// A parameter is missing.
    #[error("Insufficient parameters")]
    TooFew(&'a str),
    /// There is a parameter more than the subcommand has.
    #[error("Too many parameters")]
    TooMany(&'a str),
    /// A timestamp is none.
    #[error("Invalid timestamp")]
    BadTimestamp(&'a str),
    /// The limit is no number above zero.
    #[error("Invalid limit")]
    BadLimit(&'a str),
    /// A selector is neither `timestamp=` nor `msgid=`, or not of the kind allowed here.
    #[error("Invalid message reference")]
    BadSelector(&'a str),
}

impl<'a> ChatHistoryError<'a> {
    /// The code of its FAIL.
    pub fn code(&self) -> &'static str {
        match self {
            ChatHistoryError::BadSelector(_) => "INVALID_MSGREFTYPE",
            _ => "INVALID_PARAMS",
        }
    }

    /// The subcommand, as the client wrote it.
    pub fn subcommand(&self) -> &'a str {
        use ChatHistoryError::*;
        match self {
            UnknownSubcommand(it) | TooFew(it) | TooMany(it) => it,
            BadTimestamp(it) | BadLimit(it) | BadSelector(it) => it,
        }
    }

    /// Hands the FAIL line for it to `write`.
    pub fn reply(&self, write: impl FnOnce(&StandardReply<'_>)) {
        write(&StandardReply {
            kind: Kind::Fail,
            command: "CHATHISTORY",
            code: self.code(),
            context: &[self.subcommand()],
            description: &self.to_string(),
        });
    }
}

impl<'a> ChatHistoryQuery<'a> {
    /// Reads the parameters of CHATHISTORY; a limit above `limit_max` becomes that.
    pub fn parse(
        params: &[&'a str],
        limit_max: usize,
    ) -> Result<ChatHistoryQuery<'a>, ChatHistoryError<'a>> {
        use ChatHistoryQuery::*;
        let (name, rest) = params.split_first().ok_or(ChatHistoryError::TooFew("*"))?;
        let subcommand = Subcommand { name, limit_max };
        let is = |it: &str| name.eq_ignore_ascii_case(it);

        if is("LATEST") {
            let (target, after, limit) = subcommand.one_place(rest, true)?;
            return Ok(Latest { target, after, limit });
        }
        if is("BETWEEN") {
            let [target, from, to, limit] = subcommand.exactly(rest)?;
            let (from, to) = (subcommand.selector(from)?, subcommand.selector(to)?);
            return Ok(Between { target, from, to, limit: subcommand.limit(limit)? });
        }
        if is("TARGETS") {
            let [from, to, limit] = subcommand.exactly(rest)?;
            let (from_ms, to_ms) = (subcommand.moment(from)?, subcommand.moment(to)?);
            return Ok(Targets { from_ms, to_ms, limit: subcommand.limit(limit)? });
        }
        let with_place: fn(_, _, _) -> _ = if is("BEFORE") {
            |target, place, limit| Before { target, place, limit }
        } else if is("AFTER") {
            |target, place, limit| After { target, place, limit }
        } else if is("AROUND") {
            |target, place, limit| Around { target, place, limit }
        } else {
            return Err(ChatHistoryError::UnknownSubcommand(name));
        };
        let (target, place, limit) = subcommand.one_place(rest, false)?;
        Ok(with_place(target, place, limit))
    }
}

/// What the parameters of one subcommand are read under.
struct Subcommand<'a> {
    name: &'a str,
    limit_max: usize,
}

impl<'a> Subcommand<'a> {
    fn one_place(
        &self,
        params: &[&'a str],
        allows_star: bool,
    ) -> Result<(&'a str, Selector<'a>, usize), ChatHistoryError<'a>> {
        let [target, place, limit] = self.exactly(params)?;
        let place = match place {
            "*" if allows_star => Selector::Star,
            _ => self.selector(place)?,
        };
        Ok((target, place, self.limit(limit)?))
    }

    fn exactly<const N: usize>(
        &self,
        params: &[&'a str],
    ) -> Result<[&'a str; N], ChatHistoryError<'a>> {
        params.try_into().map_err(|_| match params.len() < N {
            true => ChatHistoryError::TooFew(self.name),
            false => ChatHistoryError::TooMany(self.name),
        })
    }

    fn selector(&self, raw: &'a str) -> Result<Selector<'a>, ChatHistoryError<'a>> {
        match raw.split_once('=') {
            Some(("timestamp", _)) => self.moment(raw).map(Selector::Timestamp),
            Some(("msgid", id)) if !id.is_empty() => Ok(Selector::MsgId(id)),
            _ => Err(ChatHistoryError::BadSelector(self.name)),
        }
    }

    fn moment(&self, raw: &'a str) -> Result<u64, ChatHistoryError<'a>> {
        let text =
            raw.strip_prefix("timestamp=").ok_or(ChatHistoryError::BadSelector(self.name))?;
        time::parse(text).ok_or(ChatHistoryError::BadTimestamp(self.name))
    }

    fn limit(&self, raw: &'a str) -> Result<usize, ChatHistoryError<'a>> {
        let is_number = !raw.is_empty() && raw.bytes().all(|it| it.is_ascii_digit());
        let limit = if is_number { raw.parse().unwrap_or(usize::MAX) } else { 0 };
        match limit {
            0 => Err(ChatHistoryError::BadLimit(self.name)),
            _ => Ok(limit.min(self.limit_max)),
        }
    }
}

#[cfg(test)]
mod tests;
