//! CHATHISTORY: <https://ircv3.net/specs/extensions/chathistory>.

use super::Spec;
use crate::turn::Turn;
use irc_proto::Line;
use crate::encode;
use crate::pending::{Asked, HistoryAsked};
use bytes::Bytes;
use chat::{MsgId, Nick, Record, RoomName, Stamp, What};
use irc_proto::Cap;
use irc_proto::chathistory::{ChatHistoryQuery, Selector};
use node::door::{HistoryPoint, HistorySelect, Query};
use std::sync::Arc;

pub(super) const SPEC: Spec =
    Spec { verb: "CHATHISTORY", params_min: 0, before_registration: false, run };

fn run(turn: &mut Turn<'_>, line: &Line<'_>) {
    let context = turn.context();
    let query = match ChatHistoryQuery::parse(&line.params, context.config.history_max) {
        Ok(query) => query,
        Err(error) => {
            let text = error.to_string();
            turn.fail("CHATHISTORY", error.code(), &[error.subcommand()], &text);
            return;
        }
    };
    let subcommand = line.params[0].to_ascii_uppercase();
    let (target, select, limit) = match query {
        ChatHistoryQuery::Targets { from_ms, to_ms, limit } => {
            let (from, to) = (from_ms.min(to_ms), from_ms.max(to_ms));
            let after = end_of(from);
            turn.query(Query::Targets { after, before: Stamp::from_ms(to), limit }, Asked::Targets);
            return;
        }
        ChatHistoryQuery::Latest { target, after, limit } => {
            (target, point(after, end_of).map(HistorySelect::Latest), limit)
        }
        ChatHistoryQuery::Before { target, place, limit } => {
            (target, place_of(place, Stamp::from_ms).map(HistorySelect::Before), limit)
        }
        ChatHistoryQuery::After { target, place, limit } => {
            (target, place_of(place, end_of).map(HistorySelect::After), limit)
        }
        ChatHistoryQuery::Around { target, place, limit } => {
            (target, place_of(place, Stamp::from_ms).map(HistorySelect::Around), limit)
        }
        ChatHistoryQuery::Between { target, from, to, limit } => {
            (target, between(from, to), limit)
        }
    };
    let is_name = RoomName::parse(target).is_ok()
        || Nick::parse(target, context.config.nick_length).is_ok();
    if !is_name {
        invalid_target(turn, &subcommand, target);
        return;
    }
    let Some(select) = select else {
        let text = "Invalid message reference: that is no message id of this network";
        turn.fail("CHATHISTORY", "INVALID_PARAMS", &[&subcommand], text);
        return;
    };
    let target: Arc<str> = target.into();
    let asked = Asked::History(Box::new(HistoryAsked { target: target.clone(), subcommand }));
    turn.query(Query::History { target, select, limit }, asked);
}

/// A client gives the time of a message it has, in milliseconds: what follows begins after them.
fn end_of(unix_ms: u64) -> Stamp {
    Stamp(Stamp::from_ms(unix_ms.saturating_add(1)).0.saturating_sub(1))
}

fn point(
    selector: Selector<'_>,
    stamp: fn(u64) -> Stamp,
) -> Option<Option<HistoryPoint>> {
    match selector {
        Selector::Star => Some(None),
        other => place_of(other, stamp).map(Some),
    }
}

fn place_of(selector: Selector<'_>, stamp: fn(u64) -> Stamp) -> Option<HistoryPoint> {
    match selector {
        Selector::Timestamp(unix_ms) => Some(HistoryPoint::Time(stamp(unix_ms))),
        Selector::MsgId(id) => id.parse::<MsgId>().ok().map(HistoryPoint::Message),
        Selector::Star => None,
    }
}

fn between(from: Selector<'_>, to: Selector<'_>) -> Option<HistorySelect> {
    let starts = (place_of(from, Stamp::from_ms)?, place_of(to, Stamp::from_ms)?);
    let stamp = |it: HistoryPoint| match it {
        HistoryPoint::Message(id) => id.stamp,
        HistoryPoint::Time(stamp) => stamp,
    };
    Some(match stamp(starts.0) <= stamp(starts.1) {
        true => HistorySelect::Between(place_of(from, end_of)?, starts.1),
        false => HistorySelect::Between(starts.0, place_of(to, end_of)?),
    })
}

pub(crate) fn invalid_target(turn: &mut Turn<'_>, subcommand: &str, target: &str) {
    let text = "Messages could not be retrieved: no such target, or its history is not for you";
    turn.fail("CHATHISTORY", "INVALID_TARGET", &[subcommand, target], text);
}

/// The records found, in a batch if the client has batches.
pub(crate) fn show(turn: &mut Turn<'_>, asked: &HistoryAsked, records: &[Bytes]) {
    let has_events = turn.has(Cap::EventPlayback);
    let class = turn.shard.outs.class(turn.slot);
    let reference = begin(turn, "chathistory", Some(&asked.target));
    for bytes in records {
        let Ok(record) = chat::codec::decode::<Record>(bytes) else {
            tracing::error!(target = %asked.target, "a record in history cannot be read");
            continue;
        };
        if has_events || matches!(record.what, What::Said { .. }) {
            encode::record(turn.out(), &record, &asked.target, class, reference.as_deref());
        }
    }
    end(turn, reference);
}

/// `CHATHISTORY TARGETS`.
pub(crate) fn show_targets(turn: &mut Turn<'_>, targets: &[(Arc<str>, Stamp)]) {
    let reference = begin(turn, "draft/chathistory-targets", None);
    for (target, at) in targets {
        let mut when = Vec::new();
        irc_proto::time::write(at.ms(), &mut when);
        let when = String::from_utf8(when).expect("times are ASCII");
        let server = turn.context().info.name.clone();
        let mut line = turn.bare();
        if let Some(reference) = &reference {
            line.tag("batch", reference);
        }
        line.source(&server).verb("CHATHISTORY").param("TARGETS").param(target).param(&when).finish();
    }
    end(turn, reference);
}

fn begin(turn: &mut Turn<'_>, kind: &str, target: Option<&str>) -> Option<String> {
    if !turn.has(Cap::Batch) {
        return None;
    }
    let reference = turn.shard.batch_reference();
    let mut line = turn.server_line();
    line.verb("BATCH").param(&format!("+{reference}")).param(kind);
    if let Some(target) = target {
        line.param(target);
    }
    line.finish();
    Some(reference)
}

fn end(turn: &mut Turn<'_>, reference: Option<String>) {
    if let Some(reference) = reference {
        turn.server_line().verb("BATCH").param(&format!("-{reference}")).finish();
    }
}
