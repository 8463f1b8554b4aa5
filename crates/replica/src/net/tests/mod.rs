//! Whole nodes' links, over sockets and over a network that can be cut.

mod links;
mod liveness;
mod refusals;
mod secure;
mod silence;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::{BreakerState, Me, Network, PeerEvent, Peers};

const CLUSTER: u64 = 77;

/// What a node was told, comparable.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Up(u64),
    Down(u64),
    Frame(u64, Vec<u8>),
}

use Told::{Down, Frame, Up};

struct Node {
    peers: Peers,
    address: String,
    told: mpsc::UnboundedReceiver<Told>,
    early: VecDeque<Told>,
    /// What circuit breakers have come to, in order.
    breakers: Rc<RefCell<Vec<(u64, BreakerState)>>>,
}

impl Node {
    async fn start<N: Network>(net: &N, address: &str, me: Me) -> Node {
        let listener = net.listen(address).await.unwrap();
        let address = N::local_address(&listener).unwrap().to_string();
        let (sender, told) = mpsc::unbounded_channel();
        let sessions = Cell::new(0u64); // One bit per peer that is up.
        let breakers: Rc<RefCell<Vec<_>>> = Rc::default();
        let heard = breakers.clone();
        let peers = Peers::start(net.clone(), listener, me, move |event| {
            let it = match event {
                PeerEvent::Up(peer) => {
                    assert_eq!(sessions.get() & (1 << peer), 0, "up twice");
                    sessions.set(sessions.get() | (1 << peer));
                    Up(peer)
                }
                PeerEvent::Down(peer) => {
                    assert_ne!(sessions.get() & (1 << peer), 0, "down twice");
                    sessions.set(sessions.get() & !(1 << peer));
                    Down(peer)
                }
                PeerEvent::Breaker(peer, state) => {
                    heard.borrow_mut().push((peer, state));
                    return;
                }
                PeerEvent::Frame(peer, bytes) => {
                    assert_ne!(sessions.get() & (1 << peer), 0, "a frame outside a session");
                    Frame(peer, bytes.to_vec())
                }
                PeerEvent::Asked(question, responder) => {
                    match question.as_slice() {
                        b"drop" => drop(responder),
                        _ => responder.answer(question.iter().rev().copied().collect()),
                    }
                    return;
                }
            };
            let _ = sender.send(it);
        });
        Node { peers, address, told, early: VecDeque::new(), breakers }
    }

    /// The next thing told; the bound only keeps a broken test from hanging.
    async fn next(&mut self) -> Told {
        if let Some(it) = self.early.pop_front() {
            return it;
        }
        let told = timeout(Duration::from_secs(60), self.told.recv()).await;
        told.expect("told within a minute").expect("the node runs")
    }

    /// Waits for `wanted`; what is told before stays for later.
    async fn wait_for(&mut self, wanted: Told) {
        let mut early = VecDeque::new();
        loop {
            let it = self.next().await;
            if it == wanted {
                early.append(&mut self.early);
                self.early = early;
                return;
            }
            early.push_back(it);
        }
    }

    fn has_been_told_nothing(&mut self) -> bool {
        self.early.is_empty() && self.told.is_empty()
    }

    fn send(&self, to: u64, bytes: &[u8]) -> bool {
        self.peers.send(to, |out| out.extend_from_slice(bytes))
    }
}

fn me(id: u64) -> Me {
    Me::new(CLUSTER, id, format!("n{id}"), id)
}

/// Tells each of the nodes, numbered from 1, about all.
fn introduce(nodes: &[Node]) {
    let addresses = nodes.iter().map(|it| it.address.clone());
    let members: Vec<(u64, String)> = (1..).zip(addresses).collect();
    nodes.iter().for_each(|it| it.peers.set_members(&members));
}

async fn in_local_set<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}
