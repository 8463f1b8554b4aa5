//! The list as the doors have it: one that the loop replaces, and that everybody reads.

use super::memory::Memory;
use super::{DoorAddress, Member, Members, Policy, Wanted};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Answers lookups. Cheap to clone; all clones share what was handed out.
#[derive(Clone)]
pub struct Lookup {
    members: watch::Receiver<Arc<Members>>,
    /// Held for one ordering, some microseconds, by threads that answer; never by the loop.
    memory: Arc<Mutex<Memory>>,
}

/// The other end: replaces the list.
pub struct Publisher(watch::Sender<Arc<Members>>);

/// The nodes to name, best first.
pub struct Choice {
    members: Arc<Members>,
    wanted: Wanted,
    order: Vec<usize>,
}

/// Tells of every list that differs in more than load, beginning with the present one.
pub struct Watch {
    members: watch::Receiver<Arc<Members>>,
    told: Option<u64>,
}

impl Lookup {
    /// Both ends. The seed decides only in which order equals are named.
    #[must_use]
    pub fn pair(seed: u64) -> (Publisher, Lookup) {
        let (tell, members) = watch::channel(Arc::default());
        (Publisher(tell), Lookup { members, memory: Arc::new(Mutex::new(Memory::new(seed))) })
    }

    /// The list as it is now.
    #[must_use]
    pub fn members(&self) -> Arc<Members> {
        self.members.borrow().clone()
    }

    /// Orders those who have an open door as wanted, for a client at this address.
    #[must_use]
    pub fn choose(&self, policy: Policy, wanted: Wanted, client: IpAddr) -> Choice {
        let members = self.members();
        // What is in there is right after every step, so a panic in another thread spoils nothing.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.keep_only(&members);
        let order = policy.order(&members, &mut memory, wanted, client);
        drop(memory);
        Choice { members, wanted, order }
    }

    /// Tells of changes.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch { members: self.members.clone(), told: None }
    }
}

impl Publisher {
    /// The list as it was published last.
    #[must_use]
    pub fn last(&self) -> Arc<Members> {
        self.0.borrow().clone()
    }

    /// Replaces the list. Its version is set here: it rises when more than load has changed. Gives back
    /// the list if it did.
    pub fn publish(&self, mut members: Members) -> Option<Arc<Members>> {
        let before = self.0.borrow().clone();
        let is_news = !members.is_as(&before);
        members.version = before.version + u64::from(is_news);
        if members == *before {
            return None;
        }
        let members = Arc::new(members);
        self.0.send_replace(members.clone());
        is_news.then_some(members)
    }
}

impl Choice {
    /// The list that was chosen from.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The nodes to name and where their door is, best first.
    pub fn iter(&self) -> impl Iterator<Item = (&Member, &DoorAddress)> {
        let members = self.order.iter().map(|it| &self.members.nodes[*it]);
        members.filter_map(|it| Some((it, it.open_door(self.wanted)?)))
    }

    /// The same by their places in the list.
    #[must_use]
    pub fn places(&self) -> &[usize] {
        &self.order
    }
}

impl Watch {
    /// Waits for a list that differs from the last one in more than load; of several in between the
    /// last one is told. `None`: the node has stopped.
    pub async fn next(&mut self) -> Option<Arc<Members>> {
        loop {
            let now = self.members.borrow_and_update().clone();
            if self.told != Some(now.version) {
                self.told = Some(now.version);
                return Some(now);
            }
            self.members.changed().await.ok()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::{DoorKind, Health};
    use chat::NodeId;
    use chat::directory::Roles;

    fn members(connections: u32, report: u64, health: Health) -> Members {
        let doors = [(DoorKind::Irc, DoorAddress::parse("192.0.2.1:6667").expect("an address"))];
        let member = Member {
            id: NodeId(1),
            name: "n1".into(),
            roles: Roles { directory: true, chat: true },
            health,
            doors: Arc::new(doors.into_iter().collect()),
            connections,
            report,
        };
        Members { nodes: vec![member], ..Members::default() }
    }

    #[test]
    fn load_is_there_for_the_next_lookup_and_no_news() {
        let (publisher, lookup) = Lookup::pair(1);
        let told = publisher.publish(members(5, 1, Health::Up)).expect("it is news");
        assert_eq!(told.version, 1);
        assert!(publisher.publish(members(9, 2, Health::Up)).is_none());
        assert_eq!((lookup.members().version, lookup.members().nodes[0].connections), (1, 9));
        let told = publisher.publish(members(9, 2, Health::Draining)).expect("it is news");
        assert_eq!(told.version, 2);
    }

    #[tokio::test]
    async fn who_watches_hears_of_what_is_and_then_of_changes_only() {
        let (publisher, lookup) = Lookup::pair(1);
        publisher.publish(members(5, 1, Health::Up));
        let mut watch = lookup.watch();
        assert_eq!(watch.next().await.expect("it runs").nodes[0].health, Health::Up);
        publisher.publish(members(6, 2, Health::Up));
        publisher.publish(members(6, 3, Health::Draining));
        publisher.publish(members(6, 3, Health::Down));
        assert_eq!(watch.next().await.expect("it runs").nodes[0].health, Health::Down);
        drop(publisher);
        assert!(watch.next().await.is_none());
    }

    #[test]
    fn what_is_handed_out_by_one_door_counts_at_every_other() {
        let (publisher, lookup) = Lookup::pair(1);
        let mut two = members(0, 1, Health::Up);
        two.nodes.push(Member { id: NodeId(2), name: "n2".into(), ..two.nodes[0].clone() });
        publisher.publish(two);
        let doors = [lookup.clone(), lookup];
        let client = "203.0.113.1".parse().expect("an address");
        let wanted = Wanted::Door(DoorKind::Irc);
        let first = |it: &Lookup| it.choose(Policy::LeastConnections, wanted, client).places()[0];
        let firsts = [first(&doors[0]), first(&doors[1]), first(&doors[0]), first(&doors[1])];
        assert_eq!(firsts[0], firsts[2]);
        assert_ne!(firsts[0], firsts[1]);
    }
}
