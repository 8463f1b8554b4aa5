//! A history that lies in several groups, put together again.
//!
//! Promise: the page is the one that a single group with all of it would give. Each group gives its own
//! page of the same question, and a room's ids rise from era to era.

use super::history::place;
use crate::door::HistorySelect;
use bytes::Bytes;
use chat::codec::decode;
use chat::{MsgId, Record};

/// One page of the pages of several groups, oldest first.
pub(super) fn join(parts: Vec<Vec<Bytes>>, select: HistorySelect, n: usize) -> Vec<Bytes> {
    if parts.len() <= 1 {
        return parts.into_iter().flatten().collect();
    }
    let all = parts.into_iter().flatten();
    let mut all: Vec<(MsgId, Bytes)> =
        all.filter_map(|it| Some((decode::<Record>(&it).ok()?.id, it))).collect();
    all.sort_by_key(|it| it.0);
    let excess = all.len().saturating_sub(n);
    let skipped = match select {
        HistorySelect::Latest(_) | HistorySelect::Before(_) => excess,
        HistorySelect::Between(from, to) if place(from) > place(to) => excess,
        HistorySelect::After(_) | HistorySelect::Between(..) => 0,
        HistorySelect::Around(point) => {
            let before = all.iter().filter(|it| it.0.stamp.0 < place(point)).count();
            before.saturating_sub(n / 2)
        }
    };
    all.into_iter().skip(skipped).take(n).map(|it| it.1).collect()
}
