//! What operators order of nodes and groups: checked here, decided by the directory.
//!
//! Promise: each order is answered once, and the answer says whether anything happened. An order by which
//! the last copy of something, or a majority, would be lost is refused unless it is forced; then the answer
//! says what is lost. (This node judges by what it knows at that moment.)

use super::admit::json;
use super::{Asker, Core, DIRECTORY};
use crate::admin::{ClusterAnswer, ClusterQuestion};
use crate::door::{Answer, Refused};
use chat::NodeId;
use chat::codec::encode;
use chat::directory::{DirectoryCommand, Member, MemberState};
use replica::net::Responder;
use replica::store::GroupId;
use replica::strategy::Kind;

/// Asked at the same time: more than people do, and whoever reaches the port may ask.
const ORDERS_MAX: usize = 64;

/// An order on its way through the directory's log.
pub(super) struct Order {
    responder: Responder,
    /// What to say when it is done.
    said: Vec<String>,
}

/// What an order comes to before anything is done: a command and what to say of it, or that it is so.
type Checked = Result<(DirectoryCommand, Vec<String>), ClusterAnswer>;

impl Core {
    pub(super) fn ask_of_cluster(&mut self, question: ClusterQuestion, responder: Responder) {
        let checked = self.may_order().and_then(|()| self.check_order(&question));
        let (command, said) = match checked {
            Ok(checked) => checked,
            Err(answer) => return responder.answer(json(&answer)),
        };
        tracing::warn!(?question, ?said, "an operator orders on the cluster port");
        let number = self.draw();
        self.orders.insert(number, Order { responder, said });
        self.submit(DIRECTORY, Asker::Operator(number), encode(&command));
    }

    /// The directory, or nobody, has answered.
    pub(super) fn order_resolved(&mut self, number: u64, answer: &Answer) {
        let Some(Order { responder, said }) = self.orders.remove(&number) else { return };
        responder.answer(json(&match answer {
            Answer::Done => ClusterAnswer::Done(said),
            Answer::Refused(why) if why.contains(&Refused::Leaving) => {
                ClusterAnswer::Refused(format!("{} is leaving; ask another node", self.config.name))
            }
            Answer::Refused(_) => ClusterAnswer::Refused(
                "the directory has no majority within reach, or something else was ordered first; \
                 look at `starling status` and ask again"
                    .to_owned(),
            ),
            _ => ClusterAnswer::Unknown("the directory did not answer in time".to_owned()),
        }));
    }

    fn may_order(&self) -> Result<(), ClusterAnswer> {
        let me = &self.config.name;
        if !self.is_fresh || !self.engine.is_in_touch(DIRECTORY) {
            return refused(format!("{me} is not in touch with the directory; ask another node"));
        }
        if self.orders.len() >= ORDERS_MAX {
            return refused(format!("{me} carries out {ORDERS_MAX} others; ask again"));
        }
        Ok(())
    }

    fn check_order(&self, question: &ClusterQuestion) -> Checked {
        match question {
            ClusterQuestion::Drain { name } => self.check_drain(self.member_called(name)?),
            ClusterQuestion::Undrain { name } => {
                let member = self.member_called(name)?;
                if !self.directory.is_drained(member.id) {
                    return already(format!("{name} was not drained"));
                }
                let said = format!("{name} takes clients, and gets groups and leaderships back");
                Ok((DirectoryCommand::Drain { id: member.id, is_drained: false }, vec![said]))
            }
            ClusterQuestion::Remove { name, force } => {
                let member = self.member_called(name)?;
                let said = self.check_loss(member, *force)?;
                Ok((DirectoryCommand::RemoveMember { id: member.id }, said))
            }
            ClusterQuestion::Replace { dead, by, force } => self.check_replace(dead, by, *force),
            ClusterQuestion::Move { group, to } => self.check_move(*group, to),
            ClusterQuestion::Release { group } => {
                self.check_group(*group)?;
                if self.directory.pin(*group).is_none() {
                    return already(format!("group {group} lives where the ring says"));
                }
                let said = format!("group {group} goes to where the ring says");
                Ok((DirectoryCommand::Pin { group: *group, replicas: Vec::new() }, vec![said]))
            }
        }
    }

    fn member_called(&self, name: &str) -> Result<&Member, ClusterAnswer> {
        let found = self.directory.members().find(|it| it.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let names: Vec<&str> = self.directory.members().map(|it| &*it.name).collect();
            ClusterAnswer::Refused(format!(
                "no member is called {name}; there are {}",
                names.join(", ")
            ))
        })
    }

    fn check_drain(&self, member: &Member) -> Checked {
        let name = &member.name;
        if self.directory.is_drained(member.id) {
            return already(format!("{name} was drained before"));
        }
        if member.state == MemberState::Down {
            return refused(format!(
                "{name} is down: there is nobody to be moved; remove or replace it"
            ));
        }
        let takes_over = |it: &&Member| {
            let is_well = it.state == MemberState::Up && !self.directory.is_drained(it.id);
            it.id != member.id && it.roles.chat && is_well
        };
        let others = self.directory.members().filter(takes_over).count();
        if member.roles.chat && others == 0 {
            return refused(format!("no other node is up to take the clients of {name}"));
        }
        let sessions = self.directory.session_count_of(member.id);
        let mut said = vec![format!(
            "{name} stays a member; its leaderships and {sessions} sessions leave it now, its groups a few at a time"
        )];
        if member.roles.chat && others < self.config.copies {
            said.push(format!(
                "its groups keep a copy there: without it only {others} nodes are left for {} copies",
                self.config.copies
            ));
        }
        said.push(
            "`starling status --watch` shows it as `drained` when nothing is left".to_owned(),
        );
        Ok((DirectoryCommand::Drain { id: member.id, is_drained: true }, said))
    }

    fn check_replace(&self, dead: &str, by: &str, force: bool) -> Checked {
        let (dead, by) = (self.member_called(dead)?, self.member_called(by)?);
        if dead.id == by.id {
            return refused(format!("{} cannot take its own places", by.name));
        }
        if dead.state != MemberState::Down {
            return refused(format!("{} is not down; drain it and remove it instead", dead.name));
        }
        if by.state != MemberState::Up || self.directory.is_drained(by.id) {
            return refused(format!("{} is not up, or is drained", by.name));
        }
        let lacks = |has: bool, needs: bool| needs && !has;
        if lacks(by.roles.chat, dead.roles.chat) || lacks(by.roles.directory, dead.roles.directory)
        {
            return refused(format!("{} has not all roles of {}", by.name, dead.name));
        }
        let mut said = self.check_loss(dead, force)?;
        said.push(format!("{} takes the places of {}, a few groups at a time", by.name, dead.name));
        Ok((DirectoryCommand::Replace { dead: dead.id, by: by.id }, said))
    }

    fn check_move(&self, group: u32, to: &[String]) -> Checked {
        self.check_group(group)?;
        let mut nodes: Vec<NodeId> = Vec::new();
        for name in to {
            let member = self.member_called(name)?;
            if !member.roles.chat || member.state != MemberState::Up {
                return refused(format!("{name} is not up, or holds no rooms"));
            }
            if nodes.contains(&member.id) {
                return refused(format!("{name} is named twice"));
            }
            nodes.push(member.id);
        }
        if nodes.is_empty() {
            return refused("name one node at least".to_owned());
        }
        if self.directory.pin(group) == Some(&nodes) {
            return already(format!("group {group} was moved there before"));
        }
        let mut said =
            vec![format!("group {group} goes to {} and stays until it is released", to.join(", "))];
        if nodes.len() < self.config.copies {
            said.push(format!(
                "it has {} there instead of {}: fewer nodes may fail",
                copies(nodes.len()),
                self.config.copies
            ));
        }
        Ok((DirectoryCommand::Pin { group, replicas: nodes }, said))
    }

    /// Groups of one place on the ring move together, and are called by the first of them.
    fn check_group(&self, group: u32) -> Result<(), ClusterAnswer> {
        let last = self.groups.homes().last().unwrap_or_default();
        if self.groups.homes().any(|it| it == group) {
            return Ok(());
        }
        refused(match group {
            0 => {
                "the directory lives where the ring says; drain or remove nodes instead".to_owned()
            }
            it if it > self.groups.talk().0 => format!("there is no group {group}"),
            it if it == self.groups.talk().0 => {
                "the group of gossip lives on all chat nodes".to_owned()
            }
            it => format!("group {it} lives where group {} does: move that one", it - last),
        })
    }

    /// What is lost with a node. Refuses unless nothing is, or it is forced.
    fn check_loss(&self, member: &Member, force: bool) -> Result<Vec<String>, ClusterAnswer> {
        let name = &member.name;
        let mut lost = Vec::new();
        let is_empty = self.directory.is_drained(member.id) && self.is_empty(member.id);
        if member.state != MemberState::Down && !is_empty {
            lost.push(format!(
                "{name} is not down, and not drained and empty: it will end where it stands"
            ));
        }
        let groups = self.groups.of_rooms().map(GroupId);
        lost.extend(
            std::iter::once(DIRECTORY).chain(groups).filter_map(|it| self.loss(it, member)),
        );
        lost.extend(self.loss_of_talk(member));
        if lost.is_empty() {
            let sessions = self.directory.session_count_of(member.id);
            return Ok(vec![format!(
                "{name} is a member no longer; {sessions} sessions of it end"
            )]);
        }
        if !force {
            return refused(format!("{}. With --force it is done all the same", lost.join("; ")));
        }
        let said = lost.into_iter().map(|it| format!("forced: {it}"));
        Ok(said.collect())
    }

    /// What was said through a node in gossip rooms and is nowhere else yet. Of one that is down nobody knows.
    fn loss_of_talk(&self, member: &Member) -> Option<String> {
        let name = &member.name;
        if member.state == MemberState::Down || !member.roles.chat {
            return None;
        }
        match self.is_talk_spread(member.id) {
            Some(true) => None,
            Some(false) => Some(format!(
                "what was last said through {name} in gossip rooms has not reached most other nodes; \
                 ask again once they are up"
            )),
            None => Some(format!(
                "{name} does not say whether what was said through it in gossip rooms has reached others"
            )),
        }
    }

    /// What a group would lose with this node.
    fn loss(&self, group: GroupId, member: &Member) -> Option<String> {
        let called = match group {
            DIRECTORY => "the directory".to_owned(),
            it => format!("group {} ({} rooms)", it.0, self.count_rooms(it)),
        };
        let kind = self.groups.kind(group);
        let holders = match kind {
            Kind::PrimaryBackup => {
                self.directory.view(group.0)?.in_sync.iter().map(|it| it.0).collect()
            }
            Kind::Raft | Kind::Gossip | Kind::Bully => self.holders(group),
        };
        if !holders.contains(&member.id.0) {
            return None;
        }
        let is_up = |it: &&u64| {
            let known = self.directory.member(NodeId(**it));
            known.is_some_and(|it| it.id != member.id && it.state != MemberState::Down)
        };
        let up = holders.iter().filter(is_up).count();
        let needed = match kind {
            Kind::Raft => holders.len() / 2 + 1,
            Kind::PrimaryBackup | Kind::Gossip | Kind::Bully => 1,
        };
        if holders.len() == 1 {
            return Some(format!("the last copy of {called} is on {}", member.name));
        }
        let names: Vec<String> = holders.iter().map(|it| self.name_of(*it).to_string()).collect();
        let holders = names.join(", ");
        (up < needed).then(|| {
            format!(
                "of {called} without {} {up} of {holders} would be up, and {needed} are needed",
                member.name
            )
        })
    }

    /// Whose acknowledgement counts in a group: as its replica here knows, or else as it was placed.
    fn holders(&self, group: GroupId) -> Vec<u64> {
        let known = self.engine.group_status(group).filter(|it| it.role != "observer");
        match known.map(|it| it.replicas.voters).filter(|it| !it.is_empty()) {
            Some(voters) => voters,
            None if group == DIRECTORY => self.directory_voters(),
            None => self
                .directory
                .placement(group.0)
                .map_or_else(Vec::new, |it| it.replicas.iter().map(|it| it.0).collect()),
        }
    }

    fn count_rooms(&self, group: GroupId) -> usize {
        self.rooms.get(&group).map_or(0, |it| it.iter().count())
    }
}

fn copies(count: usize) -> String {
    format!("{count} {}", if count == 1 { "copy" } else { "copies" })
}

fn refused<T>(why: String) -> Result<T, ClusterAnswer> {
    Err(ClusterAnswer::Refused(why))
}

fn already<T>(what: String) -> Result<T, ClusterAnswer> {
    Err(ClusterAnswer::Already(what))
}
