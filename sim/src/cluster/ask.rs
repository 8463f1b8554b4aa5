//! What can be asked of nodes.

use super::{Cluster, GROUPS, Stuck, name};
use crate::clients::ROOM;
use chat::codec::decode;
use chat::{Record, Stamp};
use node::door::{HistoryPoint, HistorySelect, View};
use node::{Answer, Ask, Query, Status};
use replica_proto::GroupRing;
use tokio::sync::oneshot::error::TryRecvError;

/// A query has to be answered within this; it is a read of what the node has.
const ASK_MS: u64 = 5_000;
const PAGE: usize = 200;

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
        let Some(door) = self.machines[node].door() else {
            return Err(Stuck(format!("{} has no door", name(node))));
        };
        let conn = door.reader().unwrap_or_else(|| door.connect());
        let mut answer = door.ask(conn, Ask::Query(query));
        for _ in 0..ASK_MS {
            match answer.try_recv() {
                Ok(answer) => return Ok(answer),
                Err(TryRecvError::Closed) => break,
                Err(TryRecvError::Empty) => self.run(1)?,
            }
        }
        Err(Stuck(format!("{} does not answer a query", name(node))))
    }

    /// What a node says of itself.
    pub(crate) fn status(&mut self, node: usize) -> Result<Status, Stuck> {
        match self.ask(node, Query::Status)? {
            Answer::View(View::Status(status)) => Ok(*status),
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
                Ok(status) => {
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
        let group = GroupRing::new(GROUPS).group_of(ROOM);
        let asked: Vec<usize> =
            self.nodes().filter(|it| self.is_serving(*it) && self.is_able(*it)).collect();
        for node in asked {
            let groups = self.status(node)?.groups;
            let leader = groups.into_iter().find(|it| it.id == group).and_then(|it| it.leader);
            if let Some(leader) = self.nodes().find(|it| Some(name(*it)) == leader) {
                return Ok(Some(leader));
            }
        }
        Ok(None)
    }

    /// The room's whole history as a node has it, page by page. `None`: the node refuses.
    pub(crate) fn history(&mut self, node: usize) -> Result<Option<Vec<Record>>, Stuck> {
        let mut all: Vec<Record> = Vec::new();
        loop {
            let after = match all.last() {
                Some(last) => HistoryPoint::Message(last.id),
                None => HistoryPoint::Time(Stamp::from_ms(0)),
            };
            let query = Query::History {
                target: ROOM.into(),
                select: HistorySelect::After(after),
                limit: PAGE,
            };
            let page = match self.ask(node, query)? {
                Answer::View(View::History(page)) => page,
                Answer::Refused(_) => return Ok(None),
                other => return Err(Stuck(format!("no history but {other:?}"))),
            };
            let count = page.len();
            for bytes in page {
                let record = decode(&bytes).map_err(|why| Stuck(format!("history: {why}")))?;
                all.push(record);
            }
            if count < PAGE {
                return Ok(Some(all));
            }
        }
    }
}
