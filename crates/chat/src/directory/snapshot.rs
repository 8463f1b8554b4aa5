//! The directory as bytes, for checkpoints and lagging replicas.
//!
//! Promise: `restore` of `snapshot` behaves as the original for every later command; bytes in which
//! two sessions share a nick or an id, or two accounts a name or a certificate, are refused.

use super::accounts::{Accounts, AccountsSnapshot};
use super::keys::Keys;
use super::orders::Orders;
use super::state::Founded;
use super::{Directory, Member, Part, Placement, Session, View};
use crate::codec::{self, Unreadable};
use crate::{NodeId, Stamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One variant per layout. A changed field of what it holds is a new layout: add a variant, keep the old.
#[derive(Serialize, Deserialize)]
enum Snapshot<'a> {
    V1 {
        last: Stamp,
        founded: Cow<'a, Option<Founded>>,
        members: Cow<'a, BTreeMap<NodeId, Member>>,
        placements: Cow<'a, BTreeMap<u32, Placement>>,
        sessions: Vec<Arc<Session>>,
    },
    /// With the views of primary-backup groups.
    V2 {
        last: Stamp,
        founded: Cow<'a, Option<Founded>>,
        members: Cow<'a, BTreeMap<NodeId, Member>>,
        placements: Cow<'a, BTreeMap<u32, Placement>>,
        views: Cow<'a, BTreeMap<u32, View>>,
        sessions: Vec<Arc<Session>>,
    },
    /// With what operators ordered.
    V3 {
        last: Stamp,
        founded: Cow<'a, Option<Founded>>,
        members: Cow<'a, BTreeMap<NodeId, Member>>,
        placements: Cow<'a, BTreeMap<u32, Placement>>,
        views: Cow<'a, BTreeMap<u32, View>>,
        orders: Cow<'a, Orders>,
        sessions: Vec<Arc<Session>>,
    },
    /// With the members' priorities, the keys of sessions, and accounts.
    V4 {
        last: Stamp,
        founded: Cow<'a, Option<Founded>>,
        members: Cow<'a, BTreeMap<NodeId, Member>>,
        placements: Cow<'a, BTreeMap<u32, Placement>>,
        views: Cow<'a, BTreeMap<u32, View>>,
        orders: Cow<'a, Orders>,
        priorities: Cow<'a, BTreeMap<NodeId, i32>>,
        sessions: Vec<Arc<Session>>,
        keys: Cow<'a, Keys>,
        accounts: AccountsSnapshot,
    },
}

impl Directory {
    /// Whole state as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        self.snapshot_of(Part::Whole)
    }

    /// A part of the state as bytes, for [`Directory::with`].
    #[must_use]
    pub fn snapshot_of(&self, part: Part) -> Vec<u8> {
        let sessions = || self.sessions().cloned().collect();
        if part == Part::Sessions {
            return codec::encode(&Snapshot::V4 {
                last: self.last_of_sessions,
                founded: Cow::default(),
                members: Cow::default(),
                placements: Cow::default(),
                views: Cow::default(),
                orders: Cow::default(),
                priorities: Cow::default(),
                sessions: sessions(),
                keys: Cow::Borrowed(&self.keys),
                accounts: AccountsSnapshot::default(),
            });
        }
        let is_whole = part == Part::Whole;
        codec::encode(&Snapshot::V4 {
            last: self.last,
            founded: Cow::Borrowed(&self.founded),
            members: Cow::Borrowed(&self.members),
            placements: Cow::Borrowed(&self.placements),
            views: Cow::Borrowed(&self.views),
            orders: Cow::Borrowed(&self.orders),
            sessions: if is_whole { sessions() } else { Vec::new() },
            keys: if is_whole { Cow::Borrowed(&self.keys) } else { Cow::default() },
            priorities: Cow::Borrowed(&self.orders.priorities),
            accounts: self.accounts.snapshot(),
        })
    }

    /// The state that [`Directory::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Directory, Unreadable> {
        let mut restored = Directory::new();
        let sessions;
        match codec::decode(bytes)? {
            Snapshot::V1 { last, founded, members, placements, sessions: of } => {
                restored.last = last;
                restored.founded = founded.into_owned();
                restored.members = members.into_owned();
                restored.placements = placements.into_owned();
                sessions = of;
            }
            Snapshot::V2 { last, founded, members, placements, views, sessions: of } => {
                restored.last = last;
                restored.founded = founded.into_owned();
                restored.members = members.into_owned();
                restored.placements = placements.into_owned();
                restored.views = views.into_owned();
                sessions = of;
            }
            Snapshot::V3 { last, founded, members, placements, views, orders, sessions: of } => {
                restored.last = last;
                restored.founded = founded.into_owned();
                restored.members = members.into_owned();
                restored.placements = placements.into_owned();
                restored.views = views.into_owned();
                restored.orders = orders.into_owned();
                sessions = of;
            }
            Snapshot::V4 {
                last,
                founded,
                members,
                placements,
                views,
                orders,
                priorities,
                sessions: of,
                keys,
                accounts,
            } => {
                restored.last = last;
                restored.founded = founded.into_owned();
                restored.members = members.into_owned();
                restored.placements = placements.into_owned();
                restored.views = views.into_owned();
                restored.orders = orders.into_owned();
                restored.keys = keys.into_owned();
                restored.orders.priorities = priorities.into_owned();
                restored.accounts = Accounts::restore(accounts).ok_or(Unreadable)?;
                sessions = of;
            }
        }
        for session in sessions {
            let is_taken = restored.session(session.id).is_some()
                || restored.by_nick(session.nick.as_str()).is_some();
            if is_taken {
                return Err(Unreadable);
            }
            restored.put(session);
        }
        if restored.keys.sessions().any(|it| restored.session(it).is_none()) {
            return Err(Unreadable); // A key that opens nothing would open whatever comes by that id.
        }
        Ok(restored)
    }

    /// This one with a part of another, as [`Directory::snapshot_of`] wrote it, in place of its own.
    ///
    /// # Errors
    /// The bytes are none of ours, or contradict themselves.
    pub fn with(&self, part: Part, bytes: &[u8]) -> Result<Directory, Unreadable> {
        let mut other = Directory::restore(bytes)?;
        other.is_split = self.is_split;
        match part {
            Part::Whole => Ok(other),
            Part::Cluster => {
                let mut joined = self.clone();
                joined.take_cluster_of(&other);
                Ok(joined)
            }
            Part::Sessions => {
                other.last_of_sessions = other.last;
                other.take_cluster_of(self);
                Ok(other)
            }
        }
    }

    fn take_cluster_of(&mut self, other: &Directory) {
        self.last = other.last;
        self.founded.clone_from(&other.founded);
        self.members.clone_from(&other.members);
        self.placements.clone_from(&other.placements);
        self.views.clone_from(&other.views);
        self.orders.clone_from(&other.orders);
        self.accounts.clone_from(&other.accounts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::DirectoryCommand;
    use crate::directory::scene::{Scene, account, add, certificate, drop_account, register};

    #[test]
    fn sessions_that_share_a_nick_or_an_id_are_refused() {
        let session = |id, nick| {
            let mut scene = Scene::default();
            scene.apply(add(1, "n1"));
            scene.apply(register(id, nick, 1));
            let session = scene.directory.sessions().next().cloned();
            session.expect("it was registered")
        };
        let restored = |sessions| {
            let bytes = codec::encode(&Snapshot::V1 {
                last: Stamp::default(),
                founded: Cow::Owned(None),
                members: Cow::Owned(BTreeMap::new()),
                placements: Cow::Owned(BTreeMap::new()),
                sessions,
            });
            Directory::restore(&bytes).map(|it| it.session_count())
        };
        // (And the layout from before there were views is read.)
        assert_eq!(restored(vec![session(1, "alice"), session(2, "bob")]), Ok(2));
        assert_eq!(restored(vec![session(1, "alice"), session(1, "bob")]), Err(Unreadable));
        assert_eq!(restored(vec![session(1, "alice"), session(2, "ALICE")]), Err(Unreadable));
    }

    #[test]
    fn views_outlive_a_restart() {
        let mut scene = Scene::default();
        scene.apply(add(1, "n1"));
        let node = NodeId(1);
        let view = View { epoch: 1, primary: node, in_sync: vec![node], replicas: vec![node] };
        scene.apply(DirectoryCommand::SetView {
            group: 3,
            on_epoch: 0,
            view: view.clone(),
            by: node,
        });
        let restored = Directory::restore(&scene.directory.snapshot()).expect("our own snapshot");
        assert_eq!(restored.view(3), Some(&view));
    }

    #[test]
    fn the_layout_from_before_there_were_orders_is_read() {
        let mut scene = Scene::default();
        scene.apply(add(1, "n1"));
        let it = &scene.directory;
        let bytes = codec::encode(&Snapshot::V2 {
            last: it.last,
            founded: Cow::Borrowed(&it.founded),
            members: Cow::Borrowed(&it.members),
            placements: Cow::Borrowed(&it.placements),
            views: Cow::Borrowed(&it.views),
            sessions: Vec::new(),
        });
        let restored = Directory::restore(&bytes).expect("our own earlier snapshot");
        assert_eq!(restored.snapshot(), it.snapshot());
    }

    #[test]
    fn the_layout_from_before_there_were_priorities_is_read_and_all_are_equal() {
        let mut scene = Scene::default();
        scene.apply(add(1, "n1"));
        scene.apply(DirectoryCommand::Drain { id: NodeId(1), is_drained: true });
        let it = &scene.directory;
        let bytes = codec::encode(&Snapshot::V3 {
            last: it.last,
            founded: Cow::Borrowed(&it.founded),
            members: Cow::Borrowed(&it.members),
            placements: Cow::Borrowed(&it.placements),
            views: Cow::Borrowed(&it.views),
            orders: Cow::Borrowed(&it.orders),
            sessions: Vec::new(),
        });
        let restored = Directory::restore(&bytes).expect("our own earlier snapshot");
        assert_eq!(restored.snapshot(), it.snapshot());
        assert!(restored.is_drained(NodeId(1)));
        assert_eq!(restored.priority(NodeId(1)), 0);
    }

    #[test]
    fn priorities_outlive_a_restart() {
        let mut scene = Scene::default();
        scene.apply(add(1, "n1"));
        scene.apply(DirectoryCommand::Rank { id: NodeId(1), priority: -7 });
        let restored = Directory::restore(&scene.directory.snapshot()).expect("our own snapshot");
        assert_eq!(restored.priority(NodeId(1)), -7);
        assert_eq!(restored.snapshot(), scene.directory.snapshot());
    }

    #[test]
    fn accounts_outlive_a_restart_and_go_with_the_members() {
        let mut scene = Scene::default();
        scene.apply(account("Alice", Some(1), Some(7)));
        scene.apply(account("bob", Some(2), None));
        scene.apply(drop_account("bob"));
        let cluster = scene.directory.snapshot_of(Part::Cluster);
        let whole = Directory::restore(&scene.directory.snapshot()).expect("our own snapshot");
        let joined = Directory::split().with(Part::Cluster, &cluster).expect("our own snapshot");
        for it in [whole, joined] {
            assert_eq!(it.account("alice"), scene.directory.account("alice"));
            assert_eq!(it.account_by_certificate(&certificate(7)), it.account("alice"));
            assert!(it.account("bob").is_none() && it.is_account_taken("bob"));
        }
        let sessions = scene.directory.snapshot_of(Part::Sessions);
        let kept = scene.directory.with(Part::Sessions, &sessions).expect("our own snapshot");
        assert!(kept.account("alice").is_some());
    }

    #[test]
    fn what_operators_ordered_outlives_a_restart() {
        let mut scene = Scene::default();
        scene.apply(add(1, "n1"));
        let node = NodeId(1);
        scene.apply(DirectoryCommand::Place { group: 3, replicas: vec![node] });
        scene.apply(DirectoryCommand::Drain { id: node, is_drained: true });
        scene.apply(DirectoryCommand::Pin { group: 3, replicas: vec![node] });
        scene.apply(DirectoryCommand::Settle { group: 3, epoch: 1 });
        let restored = Directory::restore(&scene.directory.snapshot()).expect("our own snapshot");
        assert!(restored.is_drained(node) && !restored.is_moving(3));
        assert_eq!(restored.pin(3), Some(&[node][..]));
    }

    #[test]
    fn parts_are_put_in_place_each_without_the_other() {
        let registered = |id, name| {
            let mut directory = Directory::split();
            directory.apply(Stamp(7), register(id, name, 9));
            directory
        };
        let mut here = registered(1, "alice");
        here.apply(Stamp(3), add(5, "n5"));
        let mut there = registered(2, "bob");
        there.apply(Stamp(4), add(6, "n6"));
        let sessions = there.snapshot_of(Part::Sessions);
        let joined = here.with(Part::Sessions, &sessions).expect("our own snapshot");
        assert!(joined.by_nick("bob").is_some() && joined.by_nick("alice").is_none());
        assert!(joined.member(NodeId(5)).is_some() && joined.member(NodeId(6)).is_none());
        let cluster = there.snapshot_of(Part::Cluster);
        let joined = here.with(Part::Cluster, &cluster).expect("our own snapshot");
        assert!(joined.by_nick("alice").is_some() && joined.by_nick("bob").is_none());
        assert!(joined.member(NodeId(6)).is_some() && joined.member(NodeId(5)).is_none());
    }

    #[test]
    fn in_a_split_directory_what_happens_to_members_happens_to_no_session() {
        let mut directory = Directory::split();
        directory.apply(Stamp(1), add(1, "n1"));
        let registered = directory.apply(Stamp(1), register(10, "alice", 1));
        assert_eq!(registered.at, Stamp(1), "each part has its own clock");
        directory.apply(Stamp(2), DirectoryCommand::RemoveMember { id: NodeId(1) });
        assert!(directory.by_nick("alice").is_some());
        assert!(directory.nodes_with_sessions().eq([NodeId(1)]));
    }
}
