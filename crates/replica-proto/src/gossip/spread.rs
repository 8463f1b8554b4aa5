//! A tree for each origin, along which its entries travel (Plumtree, with a bound on the branches).
//!
//! Promise: a node sends an entry unasked to at most `fanout` peers. Once an origin's tree stands, each
//! node is sent its entries by one peer, its parent.
//!
//! At first a node sends to its nearest peers. Who is sent a second copy prunes that link for that origin;
//! of two links on which entries come, the faster one stays.
//! Who hears of an entry by digest and is not sent it grafts: it asks, and becomes a child if
//! there is room for one, else it tries elsewhere the next time. With few members the origin itself
//! sends to all, and others only where a link is missing.

use super::limits::{DIGEST_PEERS, RESTLESS_DIGESTS};
use super::{Entry, Machine, Origin};

impl Machine {
    /// To whom entries of this origin go at once.
    fn children(&self, origin: Origin) -> Vec<Origin> {
        let Some(branch) = self.branches.get(&origin) else { return Vec::new() };
        let is_direct = self.others().count() <= self.limits.fanout;
        let near: &[Origin] = if origin == self.me || !is_direct { &self.near } else { &[] };
        let mut children = branch.grafted.clone();
        for peer in near {
            if *peer != origin && !branch.pruned.contains(peer) && !children.contains(peer) {
                children.push(*peer);
            }
        }
        children.truncate(self.limits.fanout);
        children
    }

    /// New entries, in order, go to the children; the others will hear of them.
    pub(super) fn forward(&mut self, origin: Origin, fresh: &[Entry], source: Option<Origin>) {
        let Some(last) = fresh.last().map(|it| it.index) else { return };
        for child in self.children(origin) {
            let Some(peer) = self.peers.get_mut(&child).filter(|_| Some(child) != source) else {
                continue;
            };
            let known = peer.seen.get(origin);
            let lacks = &fresh[fresh.partition_point(|it| it.index <= known)..];
            peer.announced.raise(origin, last);
            self.counters.bodies_pushed += lacks.len() as u64;
            self.to(child).push.extend_from_slice(lacks);
        }
        self.announce(origin);
    }

    /// Others shall hear that there is something new of this origin.
    pub(super) fn announce(&mut self, origin: Origin) {
        self.news.insert(origin);
        let is_restless = self.now_ms < self.restless_until_ms;
        let after_ms = self.limits.digest_ms * if is_restless { 1 } else { 10 };
        self.digest_at_ms.get_or_insert(self.now_ms + after_ms);
    }

    /// The trees change: for a while news have to be told soon.
    pub(super) fn be_restless(&mut self) {
        let digest_ms = self.limits.digest_ms;
        self.restless_until_ms = self.now_ms + RESTLESS_DIGESTS * digest_ms;
        self.digest_at_ms = self.digest_at_ms.map(|at| at.min(self.now_ms + digest_ms));
    }

    /// Tells some of those who may not have the news where they are.
    pub(super) fn digest_if_due(&mut self) {
        if self.digest_at_ms.is_none_or(|at| at > self.now_ms) {
            return;
        }
        self.digest_at_ms = None;
        let news: Vec<(Origin, u64)> = std::mem::take(&mut self.news)
            .into_iter()
            .filter_map(|it| Some((it, self.branches.get(&it)?.has)))
            .collect();
        let mut targets: Vec<Origin> = (self.members.iter().copied())
            .filter(|it| self.peers.get(it).is_some_and(|peer| peer.is_linked))
            .filter(|it| news.iter().any(|(origin, upto)| self.is_news(*it, *origin, *upto)))
            .collect();
        for _ in 0..DIGEST_PEERS {
            let Some(target) = self.chance.pick(&targets) else { break };
            targets.retain(|it| *it != target);
            self.digest(target, &news);
        }
    }

    fn digest(&mut self, target: Origin, news: &[(Origin, u64)]) {
        for (origin, upto) in news {
            if !self.is_news(target, *origin, *upto) {
                continue;
            }
            self.counters.digests_sent += 1;
            self.to(target).have.push((*origin, *upto));
            if let Some(peer) = self.peers.get_mut(&target) {
                peer.announced.raise(*origin, *upto);
            }
        }
    }

    /// Might this peer lack it, and was it not told?
    fn is_news(&self, peer: Origin, origin: Origin, upto: u64) -> bool {
        peer != origin
            && self
                .peers
                .get(&peer)
                .is_some_and(|it| it.seen.get(origin).max(it.announced.get(origin)) < upto)
    }

    /// A peer wants an origin's entries at once.
    pub(super) fn graft(&mut self, origin: Origin, peer: Origin) {
        self.be_restless();
        let has_room = self.children(origin).len() < self.limits.fanout;
        let is_child = self.children(origin).contains(&peer);
        let Some(branch) = self.branches.get_mut(&origin) else { return };
        if branch.parent == Some(peer) {
            branch.parent = None; // It does not get them either.
        }
        if has_room || is_child {
            branch.pruned.retain(|it| *it != peer);
            if !branch.grafted.contains(&peer) {
                branch.grafted.push(peer);
            }
        }
    }

    /// A peer gets an origin's entries from somebody else.
    pub(super) fn pruned(&mut self, origin: Origin, peer: Origin) {
        let Some(branch) = self.branches.get_mut(&origin) else { return };
        branch.grafted.retain(|it| *it != peer);
        if !branch.pruned.contains(&peer) {
            branch.pruned.push(peer);
        }
    }

    /// Entries of this origin came in vain from this peer.
    pub(super) fn prune(&mut self, origin: Origin, peer: Origin) {
        let message = self.to(peer);
        if !message.prune.contains(&origin) {
            message.prune.push(origin);
            self.counters.prunes_sent += 1;
        }
        let Some(branch) = self.branches.get_mut(&origin) else { return };
        if !branch.stopped.contains(&peer) {
            branch.stopped.push(peer);
        }
    }
}
