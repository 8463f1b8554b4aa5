//! Duties: what this node does once a second for itself, and for all when it leads the directory.
//!
//! Each is written so that doing it twice changes nothing: what is missing is proposed, and proposed
//! again while it is still missing.

use super::watching::SERVER_LOST;
use super::{Asker, Core, DIRECTORY, Own};
use chat::codec::encode;
use chat::directory::{DirectoryCommand, MemberState, Roles};
use chat::room::{RoomCommand, RoomVerb};
use chat::{NodeId, Place, SessionId, Stamp};
use fail::fail_point;
use replica::engine::GroupStatus;
use replica::planted;
use replica::store::GroupId;
use replica::strategy::Start;
use std::collections::BTreeSet;

/// Time between two rounds of duties, in milliseconds.
pub(super) const DUTY_MS: u64 = 250;
/// Who keeps names where all do, at most: each waits for all others.
const NAME_KEEPERS_MAX: usize = 16;
/// An occupant without a session in the directory must be missing this long before it is forgotten:
/// longer than any replica that has a leader lags behind.
const GHOST_MS: u64 = 5_000;
/// A replica that shall be elsewhere, and that nobody who leads the group could be asked about, is given
/// up when, for this long, it hears of no leader although enough others are up to have one: far longer
/// than any election takes.
const STRAY_MS: u64 = 30_000;
/// A session of this node without a connection is ended (again) after this long.
const UNATTACHED_MS: u64 = 2_000;
/// Time between two rounds of forgetting old history, in milliseconds.
const TRIM_MS: u64 = 60_000;
/// Rooms looked at in one round of duties: each may cost a read.
const TRIM_ROOMS: usize = 64;

impl Core {
    pub(super) fn do_duty(&mut self) {
        self.tend_footing();
        self.watch_members();
        self.notice_removal();
        self.greet();
        self.say_whether_we_leave();
        self.say_our_priority();
        self.follow_drain();
        self.settle_placement();
        self.chase_ghosts();
        self.end_unattached();
        self.tend_left();
        self.search_moves();
        self.expire_remote_queries();
        self.expire_rooms();
        self.forget_old_history();
        let is_damaged = self.history.borrow().damage().is_some();
        if (self.is_leaving && !self.has_left()) || is_damaged {
            self.engine.step_down(); // Whoever shall take over may not have been ready before.
        }
        if !self.is_leaving && !is_damaged {
            self.spread_leaderships();
        }
        if self.engine.is_serving(DIRECTORY) {
            self.mark_members();
            self.place_groups();
        }
        if self.engine.is_serving(self.groups.of_names()) {
            self.end_dead_sessions();
        }
        self.claim_again();
        self.close_talks();
        self.tell_of_meetings();
        self.tend_logins();
        self.report_load();
        self.send_some_on();
        self.measure();
    }

    /// After a cut, where names are kept by Fast Bully: own sessions of the registry that counts whose people left on
    /// this side meanwhile. Nobody else knows that, and their names are waited for.
    pub(super) fn end_left_behind(&mut self) {
        let own = self.directory.sessions_of(self.me).map(|it| it.id);
        let is_left =
            |it: &SessionId| !self.conn_of.contains_key(it) && !self.directory.has_key(*it);
        for session in own.filter(is_left).collect::<Vec<_>>() {
            let reason = "Connection closed".into();
            self.propose(&DirectoryCommand::End { session, reason, by: None });
        }
    }

    /// Own sessions without a connection: the end that was submitted when it closed did not happen, or nobody
    /// went on with it within the grace.
    fn end_unattached(&mut self) {
        let is_known = self.is_fresh && self.engine.has_route(self.groups.of_names());
        let are_all_there = self.unclaimed.is_empty()
            && self.directory.session_count_of(self.me) == self.conn_of.len();
        if !is_known || are_all_there {
            self.unattached.clear();
            return;
        }
        let sessions = self.directory.sessions_of(self.me).map(|it| it.id);
        let now: Vec<SessionId> = sessions.filter(|it| !self.conn_of.contains_key(it)).collect();
        let before = std::mem::take(&mut self.unattached);
        for session in now {
            let since = before.get(&session).copied().unwrap_or(self.now_ms);
            self.unattached.insert(session, since);
            let grace_ms = self.config.session_grace.as_millis() as u64;
            let is_kept = self.directory.has_key(session);
            if self.now_ms - since < if is_kept { grace_ms } else { UNATTACHED_MS } {
                continue;
            }
            self.unattached.insert(session, self.now_ms); // Asked again when that did not help.
            self.propose(&DirectoryCommand::End {
                session,
                reason: "Connection closed".into(),
                by: None,
            });
        }
    }

    /// Every node: history older than the configured time goes, a few rooms at once. The newest
    /// record of a room stays: it says up to where the room's log has been kept.
    fn forget_old_history(&mut self) {
        let Some(retention) = self.config.retention else {
            return;
        };
        let is_due = self.last_trim_ms.is_none_or(|it| self.now_ms - it >= TRIM_MS);
        if self.to_trim.is_empty() && is_due {
            self.last_trim_ms = Some(self.now_ms);
            let history = self.history.borrow();
            let of_group = |group| history.rooms(group).map(move |it| (group, it.0.into()));
            self.to_trim = history.groups().flat_map(of_group).collect();
        }
        let oldest_ms = self.wall_ms.saturating_sub(retention.as_millis() as u64);
        let oldest = Stamp::from_ms(oldest_ms).0;
        for _ in 0..TRIM_ROOMS {
            let Some((group, room)) = self.to_trim.pop() else {
                return;
            };
            let mut history = self.history.borrow_mut();
            let newest = history.info(group, &room).map_or(0, |it| it.last_sort);
            let forgotten = history.forget_before(group, &room, oldest.min(newest));
            drop(history);
            if let Err(why) = forgotten {
                self.history_failed(&why);
                return;
            }
        }
    }

    /// Ends the sessions of this node's earlier life, and tells the directory where it is now.
    fn greet(&mut self) {
        let has_directory = self.engine.has_route(DIRECTORY);
        if self.fresh_asked_ms.is_some() {
            return;
        }
        if self.directory.founded().is_none() {
            if self.identity.cluster != 0 && self.engine.is_serving(DIRECTORY) {
                self.found();
            }
            return;
        }
        let roles = Roles { directory: self.config.directory, chat: self.config.chat };
        let is_known = self
            .directory
            .member(self.me)
            .is_some_and(|it| *it.address == *self.config.address && it.roles == roles);
        if !is_known {
            if !has_directory {
                return;
            }
            let command = DirectoryCommand::AddMember {
                id: self.me,
                name: self.config.name.as_str().into(),
                address: self.config.address.as_str().into(),
                roles,
                replaces: None,
            };
            self.propose(&command);
            return;
        }
        if !self.engine.has_route(self.groups.of_names()) {
            return;
        }
        self.fresh_asked_ms = Some(self.now_ms);
        let reason = if self.conn_of.is_empty() { "Server restarted" } else { SERVER_LOST };
        let command = DirectoryCommand::EndKeyless { node: self.me, reason: reason.into() };
        self.submit_to_directory(Asker::Own(Own::FreshStart), &command);
    }

    /// The directory must know us as leaving while we leave, and as up again once we are back: who
    /// restarts quickly was never seen as down.
    fn say_whether_we_leave(&mut self) {
        let state = match self.directory.member(self.me).map(|it| it.state) {
            Some(MemberState::Draining) if !self.is_leaving => MemberState::Up,
            Some(MemberState::Up) if self.is_leaving => MemberState::Draining,
            _ => return,
        };
        if self.engine.has_route(DIRECTORY) && self.is_due(("mark", self.me.0)) {
            self.propose(&DirectoryCommand::MarkMember { id: self.me, state });
        }
    }

    /// The configuration may have changed with a start. (Nobody waits for it: until a majority of the
    /// directory is there, ranks are as they were, and the same on all nodes.)
    fn say_our_priority(&mut self) {
        let (id, priority) = (self.me, self.config.priority);
        let is_said = self.directory.priority(id) == priority;
        if is_said || self.directory.member(id).is_none() || !self.engine.has_route(DIRECTORY) {
            return;
        }
        if self.is_due(("rank", id.0)) {
            self.propose(&DirectoryCommand::Rank { id, priority });
        }
    }

    fn found(&mut self) {
        let command = DirectoryCommand::Found {
            cluster: self.identity.cluster,
            network: self.config.network.as_str().into(),
            groups: self.identity.groups,
        };
        self.propose(&command);
    }

    pub(super) fn propose(&mut self, command: &DirectoryCommand) {
        self.submit_to_directory(Asker::Own(Own::Whatever), command);
    }

    /// Holds the replicas that the directory gives to this node, and follows the other groups.
    pub(super) fn settle_placement(&mut self) {
        if self.directory.founded().is_none() {
            return;
        }
        let holders = self.directory_holders();
        self.settle_group(DIRECTORY, &holders);
        if self.groups.is_split() {
            let keepers = self.name_keepers();
            self.settle_group(self.groups.of_names(), &keepers);
        }
        for group in self.groups.of_rooms() {
            let Some(placement) = self.directory.placement(group) else {
                continue;
            };
            let replicas: Vec<u64> = placement.replicas.iter().map(|it| it.0).collect();
            self.settle_group(GroupId(group), &replicas);
        }
    }

    fn settle_group(&mut self, group: GroupId, replicas: &[u64]) {
        let is_mine = replicas.contains(&self.me.0);
        if is_mine {
            self.strays.remove(&group);
        }
        match self.engine.holds(group) {
            Some(true) if !is_mine && self.is_stray(group, replicas) => {
                tracing::info!(%group, "giving the replica up: it is elsewhere now");
                self.engine.drop_replica(group);
                fail_point!("replica.after-drop");
                let dropped = self.history.borrow_mut().drop_group(group);
                if let Err(why) = dropped {
                    self.history_failed(&why);
                }
                self.strays.remove(&group);
                self.want_checkpoint(); // The one on disk still has the replica.
                self.engine.observe(group, replicas);
            }
            Some(true) => self.engine.want(group, replicas),
            _ if !is_mine && group == self.groups.talk() => {} // Whoever needs it is a replica.
            _ if is_mine => {
                tracing::info!(%group, "beginning a replica");
                fail_point!("replica.before-begin");
                let begun = self.engine.add_replica(group, Start::default(), Default::default());
                if let Err(why) = begun {
                    tracing::error!(%group, why, "a replica does not begin");
                }
            }
            _ => self.engine.observe(group, replicas),
        }
    }

    /// A replica that its group has let go of: it says so itself, or the group's leader does, or nobody
    /// talks to it although most of its voters and most of those who shall hold the group are up.
    /// (Silence alone proves nothing: its vote may be the one that is needed.)
    fn is_stray(&mut self, group: GroupId, placed: &[u64]) -> bool {
        if let Some(has_part) = self.has_part(group) {
            return !has_part; // The directory says so itself.
        }
        let status = self.engine.status().into_iter().find(|it| it.group == group.0);
        let Some(GroupStatus { replicas, .. }) = status else {
            return false;
        };
        if replicas.leader.is_some() {
            self.strays.remove(&group);
            let is_member =
                replicas.voters.contains(&self.me.0) || replicas.learners.contains(&self.me.0);
            return !is_member && !replicas.voters.is_empty();
        }
        if self.engine.is_let_go(group) {
            return true;
        }
        let asked: BTreeSet<u64> = placed.iter().chain(&replicas.voters).copied().collect();
        self.engine.ask_whether_of(group, &Vec::from_iter(asked));
        let is_up = |it: &u64| *it == self.me.0 || self.up.contains(it);
        let has_majority =
            |nodes: &[u64]| nodes.iter().filter(|it| is_up(it)).count() * 2 > nodes.len();
        if !has_majority(&replicas.voters) || !has_majority(placed) {
            self.strays.remove(&group);
            return false;
        }
        let since = *self.strays.entry(group).or_insert(self.now_ms);
        self.now_ms - since > STRAY_MS
    }

    /// Who shall vote in the directory.
    pub(super) fn directory_voters(&self) -> Vec<u64> {
        self.rings.borrow_mut().voters(&self.directory)
    }

    /// Who shall keep names where all do: from the lowest rank to the highest, by name.
    pub(super) fn name_keepers(&self) -> Vec<u64> {
        let all = self.directory.by_rank();
        let highest = &all[all.len().saturating_sub(NAME_KEEPERS_MAX)..];
        highest.iter().map(|it| it.id.0).collect()
    }

    /// A proposal that is on its way is not made again at once.
    pub(super) fn is_due(&mut self, what: (&'static str, u64)) -> bool {
        let now_ms = self.now_ms;
        let last = self.proposed.entry(what).or_insert(0);
        let is_due = *last == 0 || now_ms - *last > 2_000;
        if is_due {
            *last = now_ms.max(1);
        }
        is_due
    }

    /// Leaders of groups: an occupant whose session the directory does not have is no occupant.
    fn chase_ghosts(&mut self) {
        let names = self.groups.of_names();
        let is_known = self.engine.has_route(names) && self.directory.founded().is_some();
        if !is_known || planted!("ghosts-stay") {
            self.ghosts.clear();
            return;
        }
        let led: Vec<GroupId> =
            self.rooms.keys().copied().filter(|it| self.engine.is_serving(*it)).collect();
        let mut suspects = BTreeSet::new();
        let mut sure: Vec<(GroupId, SessionId)> = Vec::new();
        for group in led {
            for session in self.rooms[&group].sessions() {
                if self.directory.session(session).is_some() {
                    continue;
                }
                suspects.insert(session);
                let since = *self.ghosts.entry(session).or_insert(self.now_ms);
                if self.now_ms - since >= GHOST_MS && self.directory_read_ms >= since {
                    sure.push((group, session));
                }
            }
        }
        self.ghosts.retain(|session, _| suspects.contains(session));
        self.read_directory();
        for (group, session) in sure {
            let rooms = &self.rooms[&group];
            let occupant = rooms
                .rooms_of(session)
                .find_map(|name| rooms.room(name.as_str())?.occupant(session));
            let Some(who) = occupant.map(|it| it.who.clone()) else {
                continue;
            };
            let reason = "Session ended".into();
            let place = Place::direct("", "");
            let command =
                RoomCommand { who, number: 0, era: None, place, verb: RoomVerb::Forget { reason } };
            self.submit(group, Asker::Own(Own::Whatever), encode(&command));
            self.ghosts.insert(session, self.now_ms); // Asked again when that did not help.
        }
    }

    /// While there are suspects: makes sure that the directory here is not merely behind. An occupant's
    /// session was in it before they came in, so it is found, or has ended, once a command submitted
    /// after they were seen is applied here.
    fn read_directory(&mut self) {
        let is_behind = self.ghosts.values().any(|since| self.directory_read_ms < *since);
        if is_behind && self.is_due(("read", 0)) {
            let nobody = DirectoryCommand::EndAll { node: NodeId(0), reason: "".into() };
            self.submit_to_directory(Asker::Own(Own::Read(self.now_ms)), &nobody);
        }
    }

    /// Leaders of groups: rooms that nobody has used for long go.
    fn expire_rooms(&mut self) {
        let Some(ttl) = self.config.empty_room_ttl else {
            return;
        };
        let before = Stamp::from_ms(self.wall_ms.saturating_sub(ttl.as_millis() as u64));
        let led: Vec<GroupId> = self
            .rooms
            .iter()
            .filter(|(group, rooms)| {
                self.engine.is_serving(**group)
                    && rooms.iter().any(|(name, it)| {
                        let is_unused = it.occupant_count() == 0
                            && it.last_used() < before
                            && it.ownership().is_none();
                        is_unused && !self.is_spoken_in(name, before)
                    })
            })
            .map(|(group, _)| *group)
            .collect();
        for group in led {
            if self.is_due(("expire", u64::from(group.0))) {
                let who = self.own_who();
                let place = Place::direct("", "");
                let names = self.rooms[&group].iter().map(|it| it.0);
                let spares = names.filter(|it| self.is_spoken_in(it, before)).cloned().collect();
                let verb = RoomVerb::Expire { before, spares };
                let command = RoomCommand { who, number: 0, era: None, place, verb };
                self.submit(group, Asker::Own(Own::Whatever), encode(&command));
            }
        }
    }

    pub(super) fn own_who(&self) -> chat::Who {
        chat::Who {
            session: SessionId(0),
            nick: chat::Nick::parse("starling", 32).expect("it is a nick"),
            user: "starling".into(),
            host: self.config.name.as_str().into(),
            account: None,
            is_operator: false,
            is_bot: false,
        }
    }

    /// Who is alive, by gossip.
    pub(crate) fn set_live(&mut self, live: BTreeSet<u64>) {
        self.live = live;
        self.whereabouts.is_stale = true;
    }

    /// Members changed since the last call: all of them, with their addresses.
    pub(crate) fn take_members(&mut self) -> Option<Vec<(u64, String)>> {
        if !std::mem::take(&mut self.members_changed) {
            return None;
        }
        let members: Vec<(u64, String)> = match &self.told_of {
            Some(told) => told.members.clone(),
            None => self.directory.members().map(|it| (it.id.0, it.address.to_string())).collect(),
        };
        if members.is_empty() {
            return None; // Not told yet; the identity file knows some.
        }
        if members != self.identity.peers {
            self.identity.peers.clone_from(&members);
            if let Err(why) = self.identity.save(&*self.disk) {
                tracing::warn!(%why, "the identity file keeps the old members");
            }
        }
        Some(members)
    }

    /// Takes nobody new, gives leaderships away, asks doors to close.
    pub(crate) fn leave(&mut self) {
        self.is_leaving = true;
        self.whereabouts.is_stale = true; // From here on nobody is sent here.
        self.engine.step_down();
        self.propose(&DirectoryCommand::MarkMember { id: self.me, state: MemberState::Draining });
        let reason: std::sync::Arc<str> = "Server is going down; please reconnect".into();
        self.deliver_each(None, |_| crate::Delivery::Drain { reason: reason.clone() });
        self.advance_all(); // Who waits to come in hears that this node is leaving.
    }

    /// Nothing of it is left to wait for: no sessions here, no leadership that could be given away.
    pub(crate) fn has_left(&self) -> bool {
        let leads = self
            .engine
            .status()
            .iter()
            .any(|it| it.role == "leader" && it.replicas.voters.len() > 1);
        self.is_leaving && self.conns.values().all(|it| it.session.is_none()) && !leads
    }
}
