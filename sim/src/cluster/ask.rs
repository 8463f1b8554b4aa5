//! What can be asked of nodes.

use super::{Cluster, GROUPS, Stuck, name};
use crate::people::{auditor, rooms};
use crate::story::kept_of;
use chat::{MsgId, RoomName, Stamp};
use checker::Kept;
use node::door::{HistoryPoint, HistorySelect, Refused, RoomView, View};
use node::{Answer, Ask, ConnId, Query, Status};
use replica_proto::GroupRing;
use std::collections::BTreeMap;
use tokio::sync::oneshot::error::TryRecvError;

/// A query has to be answered within this; it is a read of what the node has.
const ASK_MS: u64 = 5_000;
const PAGE: usize = 1_000;
/// A room that changes is replicated in this way or that for some seconds.
const BACKUPS_MS: u64 = 5_000;
/// At the end of a history, to see whether it may be whole.
const NEWEST: usize = 30;

/// What a node answers; `None`: it refuses.
pub(crate) type Told<T> = Result<Option<T>, Stuck>;

/// Of a history: what stands there, and the id of the last.
struct Page {
    items: Vec<Kept>,
    last: Option<MsgId>,
}

/// Who keeps the room that changes, while that is replicated by a primary and its backups.
pub(crate) struct Backups {
    /// Who leads the directory.
    pub(crate) directory: usize,
    pub(crate) primary: usize,
    /// The others in sync, in the ring's order: so they would follow.
    pub(crate) others: Vec<usize>,
}

impl Cluster {
    /// True when the node's reader is in the room.
    pub(crate) fn is_serving(&self, node: usize) -> bool {
        self.machines[node].door().is_some_and(|it| it.reader().is_some())
    }

    /// True unless the node is down or paused.
    pub(crate) fn is_able(&self, node: usize) -> bool {
        !self.down.contains(&node) && !self.hosts.is_paused(node)
    }

    /// Asks a node something, as its reader or as a stranger.
    fn ask(&mut self, node: usize, query: Query) -> Result<Answer, Stuck> {
        let reader = self.machines[node].door().and_then(|it| it.reader());
        self.ask_as(node, reader, query)
    }

    /// Asks a node something as one of its clients, or as a stranger.
    fn ask_as(&mut self, node: usize, conn: Option<ConnId>, query: Query) -> Result<Answer, Stuck> {
        // One that is down, or goes down meanwhile, is to the asker as one that refuses.
        let not_there = || Answer::Refused(vec![Refused::Unavailable]);
        let Some(door) = self.machines[node].door() else {
            return Ok(not_there());
        };
        let conn = conn.unwrap_or_else(|| door.connect());
        let mut answer = door.ask(conn, Ask::Query(query));
        drop(door); // Who waits for an answer must not keep alive what owes it.
        for _ in 0..ASK_MS {
            match answer.try_recv() {
                Ok(answer) => return Ok(answer),
                Err(TryRecvError::Closed) => return Ok(not_there()),
                Err(TryRecvError::Empty) => self.run(1)?,
            }
        }
        Err(Stuck(format!("{} does not answer a query", name(node))))
    }

    /// What a node says of itself. `None`: it is down.
    pub(crate) fn status(&mut self, node: usize) -> Result<Option<Status>, Stuck> {
        match self.ask(node, Query::Status)? {
            Answer::View(View::Status(status)) => Ok(Some(*status)),
            Answer::Refused(_) => Ok(None),
            other => Err(Stuck(format!("{}: no status but {other:?}", name(node)))),
        }
    }

    /// How the nodes see themselves, for a story.
    pub(crate) fn told(&mut self) -> String {
        let mut told = String::new();
        for node in self.nodes() {
            let serves = if self.is_serving(node) { "serves" } else { "does not serve" };
            told += &format!("\n    {} {serves}", name(node));
            match self.status(node) {
                Ok(None) => told += "\n      it is down",
                Ok(Some(status)) => {
                    for it in status.groups {
                        told += &format!(
                            "\n      g{} {} of term {}, leader {}, voters {}, learners {}, applied {}, lag {}, waiting {}",
                            it.id,
                            it.role,
                            it.term,
                            it.leader.as_deref().unwrap_or("unknown"),
                            it.replicas.join(" "),
                            it.learners.join(" "),
                            it.applied_index,
                            it.lag,
                            it.waiting
                        );
                    }
                }
                Err(Stuck(why)) => told += &format!("\n      {why}"),
            }
        }
        told
    }

    /// Who leads the room's group, as the first node that answers knows it.
    pub(crate) fn leader(&mut self) -> Result<Option<usize>, Stuck> {
        let group = GroupRing::new(GROUPS).group_of(rooms::MAIN);
        let asked: Vec<usize> =
            self.nodes().filter(|it| self.is_serving(*it) && self.is_able(*it)).collect();
        for node in asked {
            let Some(status) = self.status(node)? else { continue };
            let leader =
                status.groups.into_iter().find(|it| it.id == group).and_then(|it| it.leader);
            if let Some(leader) = self.nodes().find(|it| Some(name(*it)) == leader) {
                return Ok(Some(leader));
            }
        }
        Ok(None)
    }

    /// Who keeps the room that changes, once it is replicated by a primary and backups, as whoever leads the
    /// directory knows it.
    pub(crate) fn backups(&mut self) -> Told<Backups> {
        let mut found = None;
        self.comes_true(BACKUPS_MS, |it| {
            found = it.backups_now()?;
            Ok(found.is_some())
        })?;
        Ok(found)
    }

    fn backups_now(&mut self) -> Told<Backups> {
        let group = GroupRing::new(GROUPS).group_of(rooms::THAT_CHANGES);
        let asked: Vec<usize> =
            self.nodes().filter(|it| self.is_serving(*it) && self.is_able(*it)).collect();
        for node in asked {
            let Some(status) = self.status(node)? else { continue };
            let of = |id| status.groups.iter().find(|it| it.id == id);
            let (Some(directory), Some(kept)) = (of(0), of(group + GROUPS)) else { continue };
            if directory.role != "leader" || kept.rooms == 0 {
                continue;
            }
            let known = |named: &str| self.nodes().find(|it| name(*it) == named);
            let Some(primary) = kept.leader.as_deref().and_then(known) else { continue };
            let order = self.in_order(group);
            let is_other =
                |it: &&String| Some(*it) != kept.leader.as_ref() && kept.in_sync.contains(*it);
            let others = order.iter().filter(is_other).filter_map(|it| known(it)).collect();
            return Ok(Some(Backups { directory: node, primary, others }));
        }
        Ok(None)
    }

    /// A room as a node shows it.
    pub(crate) fn room(&mut self, node: usize, room: &str) -> Result<Option<RoomView>, Stuck> {
        let room = RoomName::parse(room).expect("a room's name");
        match self.ask(node, Query::Room(room))? {
            Answer::View(View::Room(view)) => Ok(view.map(|it| *it)),
            Answer::Refused(_) => Ok(None),
            other => Err(Stuck(format!("{}: no room but {other:?}", name(node)))),
        }
    }

    /// How many a node counts in each room that is not empty.
    pub(crate) fn counts(&mut self, node: usize) -> Result<BTreeMap<String, usize>, Stuck> {
        match self.ask(node, Query::Rooms)? {
            Answer::View(View::Rooms(lines)) => {
                Ok(lines.iter().map(|it| (it.shown.to_string(), it.occupants)).collect())
            }
            Answer::Refused(_) => Ok(BTreeMap::new()),
            other => Err(Stuck(format!("{}: no list but {other:?}", name(node)))),
        }
    }

    /// Who of a node's clients is in a room, as they were told.
    pub(crate) fn attached(&self, node: usize, room: &str) -> Vec<String> {
        self.machines[node].door().map_or_else(Vec::new, |it| it.occupants(room))
    }

    /// Questions of a node's clients that were not answered yet.
    pub(crate) fn owed(&self, node: usize) -> usize {
        self.machines[node].door().map_or(0, |it| it.owed())
    }

    /// A room's whole history as a node has it.
    pub(crate) fn history(&mut self, node: usize, room: &str) -> Told<Vec<Kept>> {
        let reader = self.reader(node);
        self.history_as(node, reader, room)
    }

    /// The end of it.
    pub(crate) fn newest(&mut self, node: usize, room: &str) -> Told<Vec<Kept>> {
        let reader = self.reader(node);
        let page = self.page(node, reader, room, HistorySelect::Latest(None), NEWEST)?;
        Ok(page.map(|it| it.items))
    }

    /// The conversation of a pair, likewise.
    pub(crate) fn conversation(&mut self, node: usize, pair: usize) -> Told<Vec<Kept>> {
        match self.pals(node, pair) {
            Some((reader, other)) => self.history_as(node, Some(reader), &other),
            None => Ok(None),
        }
    }

    /// The end of it.
    pub(crate) fn newest_said(&mut self, node: usize, pair: usize) -> Told<Vec<Kept>> {
        let Some((reader, other)) = self.pals(node, pair) else { return Ok(None) };
        let page = self.page(node, Some(reader), &other, HistorySelect::Latest(None), NEWEST)?;
        Ok(page.map(|it| it.items))
    }

    fn reader(&self, node: usize) -> Option<ConnId> {
        self.machines[node].door().and_then(|it| it.reader())
    }

    /// Who of a node may read what a pair said, and under which nick the other one is there.
    fn pals(&self, node: usize, pair: usize) -> Option<(ConnId, String)> {
        let reader = self.machines[node].door().and_then(|it| it.auditor(pair))?;
        Some((reader, self.story.nick_of(&auditor(node, pair + 1))?))
    }

    /// Page by page.
    fn history_as(&mut self, node: usize, reader: Option<ConnId>, target: &str) -> Told<Vec<Kept>> {
        let mut all = Vec::new();
        let mut after = HistoryPoint::Time(Stamp::from_ms(0));
        loop {
            let select = HistorySelect::After(after);
            let Some(Page { items, last }) = self.page(node, reader, target, select, PAGE)? else {
                return Ok(None);
            };
            let is_full = items.len() == PAGE;
            all.extend(items);
            match last.filter(|_| is_full) {
                Some(last) => after = HistoryPoint::Message(last),
                None => return Ok(Some(all)),
            }
        }
    }

    fn page(
        &mut self,
        node: usize,
        reader: Option<ConnId>,
        target: &str,
        select: HistorySelect,
        limit: usize,
    ) -> Told<Page> {
        let query = Query::History { target: target.into(), select, limit };
        let page = match self.ask_as(node, reader, query)? {
            Answer::View(View::History(page)) => page,
            Answer::Refused(_) => return Ok(None),
            other => return Err(Stuck(format!("no history but {other:?}"))),
        };
        let mut it = Page { items: Vec::with_capacity(page.len()), last: None };
        for bytes in page {
            let (id, item) = kept_of(&bytes).map_err(|why| Stuck(format!("history: {why}")))?;
            it.last = Some(id);
            it.items.push(item);
        }
        Ok(Some(it))
    }
}
