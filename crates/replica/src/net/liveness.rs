//! Who is alive, by gossip: chitchat's scuttlebutt and phi-accrual over datagrams.
//!
//! Promise: on every node that the others can reach, directly or through a third, the live set
//! comes to hold it within seconds of its start and to lose it within seconds of its end. It is an
//! opinion, not a fact: it may be wrong for a while in both directions, above all just after our
//! own process was paused. Heartbeats never enter a log; only what is concluded from them does.
//!
//! Beside the links (`Peers`) because it scales with the cluster and sees through third nodes; a
//! broken link is news within a millisecond but says only that we cannot reach the peer.
//!
//! For the simulator: chitchat reads no wall clock and no `std::time::Instant`, only `tokio::time`.
//! It does use `rand::rng()`, seeded by the operating system, to choose whom to gossip with, and
//! `HashMap`s, whose order decides in what order datagrams leave. So one seed does not fix the
//! order of gossip datagrams; leave liveness out of a run whose trace must repeat. Its tasks are
//! started by `tokio::spawn`; everything of ours runs in the `LocalSet`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use chitchat::transport::{Socket, Transport};
use chitchat::{
    ChitchatConfig, ChitchatHandle, ChitchatId, ChitchatMessage, Deserializable,
    FailureDetectorConfig, NodeState, Serializable, spawn_chitchat,
};
use fail::fail_point;
use tokio::sync::watch;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::sleep;

use super::Network;

/// Each node gossips this often, with up to three others.
const GOSSIP_EVERY: Duration = Duration::from_millis(300);
/// Silence, in mean intervals, after which a node counts as dead.
const PHI_MAX: f64 = 8.0;
/// The mean is taken over few intervals and five of this length. In a small cluster every node is
/// heard of several times per round; without a floor under the mean a pause of half a second would
/// count as death. So death is noticed after 1.4 s at the earliest, 3 s at the latest.
const INTERVAL_PRIOR: Duration = Duration::from_millis(500);
const INTERVALS: usize = 10;
/// A dead node's name is forgotten after this, and not gossiped after half of it.
const FORGET_DEAD: Duration = Duration::from_secs(60 * 60);
/// Seeds are greeted this often while fewer nodes live than there are seeds.
const GREET_EVERY: Duration = Duration::from_secs(1);
/// After a failed receive, so that a broken socket does not spin.
const RECEIVE_PAUSE: Duration = Duration::from_millis(100);
const DATAGRAM_BYTES_MAX: usize = 65_507; // UDP's own limit.
/// Of the words of one node; whatever is beyond was not said by a node of ours and is passed over.
const KEYS_MAX: usize = 8;
const KEY_BYTES_MAX: usize = 32;
/// Seven addresses with the longest names that DNS allows. A hundred nodes with so much to say still
/// fit into four datagrams, and few have a tenth of it.
const WORD_BYTES_MAX: usize = 2_048;

/// What live nodes say of themselves: by node id, then by key.
pub type Words = BTreeMap<u64, BTreeMap<String, String>>;

/// Who we are to the others.
#[derive(Clone, Debug)]
pub struct LivenessMe {
    /// Our node id.
    pub id: u64,
    /// Our name, for people who read logs.
    pub name: String,
    /// Where we receive datagrams, `host:port`.
    pub listen: String,
    /// Where the others reach us, `host:port`: the port of the links, by UDP.
    pub address: String,
    /// Datagrams of another cluster are refused.
    pub cluster: u64,
    /// Another number at every start, best one that grows: it tells this life from the one before.
    pub incarnation: u64,
}

/// Liveness did not start.
#[derive(Debug, thiserror::Error)]
pub enum LivenessError {
    /// Our own address cannot be looked up.
    #[error("cannot resolve our own address {0}: {1}")]
    Address(String, io::Error),
    /// The datagram socket cannot be had.
    #[error("cannot receive datagrams on {0}: {1}")]
    Listen(String, String),
}

/// The live set, kept up to date by gossip. Dropping it ends the gossip.
pub struct Liveness {
    handle: Rc<ChitchatHandle>,
    live: watch::Receiver<BTreeSet<u64>>,
    words: watch::Receiver<Words>,
    own_words: watch::Sender<BTreeMap<&'static str, String>>,
    seeds: Rc<RefCell<Vec<String>>>,
    tasks: [AbortHandle; 3],
}

impl Liveness {
    /// Starts to gossip. `seeds` are addresses of any members; who else there is comes by gossip.
    /// Must be called inside a `LocalSet`.
    pub async fn start<N: Network>(
        net: N,
        me: LivenessMe,
        seeds: Vec<String>,
    ) -> Result<Liveness, LivenessError> {
        let address = net.resolve(&me.address).await;
        let address = address.map_err(|error| LivenessError::Address(me.address.clone(), error))?;
        let transport = Datagrams { net: net.clone(), listen: me.listen.clone() };
        let handle = spawn_chitchat(config(&me, address), Vec::new(), &transport).await;
        let handle =
            handle.map_err(|error| LivenessError::Listen(me.listen, format!("{error:#}")))?;
        let handle = Rc::new(handle);

        let states = handle.with_chitchat(|it| it.live_nodes_watcher()).await;
        let (tell, live) = watch::channel(BTreeSet::from([me.id]));
        let (tell_words, words) = watch::channel(Words::new());
        let following = spawn_local(follow(me.id, states, tell, tell_words));
        let seeds = Rc::new(RefCell::new(seeds));
        let greeting = spawn_local(greet(net, handle.clone(), seeds.clone(), live.clone()));
        let (own_words, to_say) = watch::channel(BTreeMap::new());
        let speaking = spawn_local(speak(handle.clone(), to_say));
        let tasks = [following, greeting, speaking].map(|it| it.abort_handle());
        Ok(Liveness { handle, live, words, own_words, seeds, tasks })
    }

    /// The nodes that live now, ourselves among them.
    pub fn live(&self) -> BTreeSet<u64> {
        self.live.borrow().clone()
    }

    /// Tells when the live set changes, and what it is then.
    pub fn watch(&self) -> watch::Receiver<BTreeSet<u64>> {
        self.live.clone()
    }

    /// Tells when live nodes say something else of themselves, and all that they say then.
    pub fn watch_words(&self) -> watch::Receiver<Words> {
        self.words.clone()
    }

    /// Says something of ourselves, until something else is said under the same key. The others pass
    /// over words of more than 2,048 bytes.
    pub fn say(&self, key: &'static str, word: String) {
        self.own_words.send_modify(|it| drop(it.insert(key, word)));
    }

    /// Replaces the seeds: who was found by gossip stays.
    pub fn set_seeds(&self, seeds: Vec<String>) {
        *self.seeds.borrow_mut() = seeds;
    }
}

impl Drop for Liveness {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.handle.abort();
    }
}

fn config(me: &LivenessMe, address: SocketAddr) -> ChitchatConfig {
    ChitchatConfig {
        chitchat_id: ChitchatId::new(format!("{}@{}", me.id, me.name), me.incarnation, address),
        cluster_id: format!("{:016x}", me.cluster),
        gossip_interval: GOSSIP_EVERY,
        listen_addr: address,
        seed_nodes: Vec::new(), // It would resolve them past our network; we greet them ourselves.
        failure_detector_config: FailureDetectorConfig {
            phi_threshold: PHI_MAX,
            sampling_window_size: INTERVALS,
            max_interval: Duration::from_secs(10),
            initial_interval: INTERVAL_PRIOR,
            dead_node_grace_period: FORGET_DEAD,
        },
        marked_for_deletion_grace_period: FORGET_DEAD,
        catchup_callback: None,
        extra_liveness_predicate: None,
    }
}

/// The id travels in the name, so that it is known with the first heartbeat.
fn node_id(it: &ChitchatId) -> Option<u64> {
    it.node_id.split_once('@')?.0.parse().ok()
}

async fn follow(
    me: u64,
    mut states: watch::Receiver<BTreeMap<ChitchatId, NodeState>>,
    tell: watch::Sender<BTreeSet<u64>>,
    tell_words: watch::Sender<Words>,
) {
    while states.changed().await.is_ok() {
        let (mut live, words) = opinion(&states.borrow_and_update());
        live.insert(me);
        tell_if_news(&tell, live);
        tell_if_news(&tell_words, words);
    }
    tracing::error!("gossip ended: the live set is stale from here on");
}

/// Who lives, and what they say.
fn opinion(states: &BTreeMap<ChitchatId, NodeState>) -> (BTreeSet<u64>, Words) {
    let mut live = BTreeSet::new();
    let mut words = Words::new();
    // Of two lives of one node the later comes later, and only its words count.
    for (id, state) in states {
        let Some(id) = node_id(id) else { continue };
        live.insert(id);
        words.insert(id, words_of(state));
    }
    (live, words)
}

fn words_of(state: &NodeState) -> BTreeMap<String, String> {
    let fits =
        |(key, word): &(&str, &str)| key.len() <= KEY_BYTES_MAX && word.len() <= WORD_BYTES_MAX;
    let words = state.key_values().filter(fits).take(KEYS_MAX);
    words.map(|(key, word)| (key.to_owned(), word.to_owned())).collect()
}

fn tell_if_news<T: PartialEq>(tell: &watch::Sender<T>, now: T) {
    tell.send_if_modified(|known| {
        let is_news = *known != now;
        *known = now;
        is_news
    });
}

/// Puts our words where chitchat finds them. What did not change costs nothing.
async fn speak(
    handle: Rc<ChitchatHandle>,
    mut to_say: watch::Receiver<BTreeMap<&'static str, String>>,
) {
    loop {
        let words = to_say.borrow_and_update().clone();
        let say = |it: &mut chitchat::Chitchat| {
            words.iter().for_each(|(key, word)| it.self_node_state().set(key, word));
        };
        handle.with_chitchat(say).await;
        if to_say.changed().await.is_err() {
            return;
        }
    }
}

/// Without a living node chitchat gossips with nobody new; so we knock at the seeds.
async fn greet<N: Network>(
    net: N,
    handle: Rc<ChitchatHandle>,
    seeds: Rc<RefCell<Vec<String>>>,
    live: watch::Receiver<BTreeSet<u64>>,
) {
    loop {
        let knock_at = seeds.borrow().clone();
        if live.borrow().len() <= knock_at.len() {
            for seed in knock_at {
                let Ok(address) = net.resolve(&seed).await else {
                    continue; // Its name may come later.
                };
                if address != handle.chitchat_id().gossip_advertise_addr {
                    let _ = handle.gossip(address);
                }
            }
        }
        sleep(GREET_EVERY).await;
    }
}

struct Datagrams<N> {
    net: N,
    listen: String,
}

struct DatagramSocket<N: Network> {
    datagrams: N::Datagrams,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

#[async_trait::async_trait]
impl<N: Network> Transport for Datagrams<N> {
    async fn open(&self, _: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let datagrams = self.net.bind_datagrams(&self.listen).await?;
        let incoming = vec![0; DATAGRAM_BYTES_MAX];
        Ok(Box::new(DatagramSocket::<N> { datagrams, incoming, outgoing: Vec::new() }))
    }
}

#[async_trait::async_trait]
impl<N: Network> Socket for DatagramSocket<N> {
    /// A datagram may always be lost, so failing to send one is no error: the next round repeats it.
    async fn send(&mut self, to: SocketAddr, message: ChitchatMessage) -> anyhow::Result<()> {
        self.outgoing.clear();
        message.serialize(&mut self.outgoing);
        fail_point!("gossip.before-send");
        if let Err(error) = N::send_to(&self.datagrams, &self.outgoing, to).await {
            tracing::debug!(%to, %error, "datagram lost at the start");
        }
        Ok(())
    }

    async fn recv(&mut self) -> anyhow::Result<(SocketAddr, ChitchatMessage)> {
        loop {
            let (length, from) = match N::receive_from(&self.datagrams, &mut self.incoming).await {
                Ok(received) => received,
                Err(error) => {
                    // A peer that is gone makes ICMP errors, which come out here.
                    tracing::debug!(%error, "cannot receive a datagram");
                    sleep(RECEIVE_PAUSE).await;
                    continue;
                }
            };
            let mut bytes = &self.incoming[..length];
            match ChitchatMessage::deserialize(&mut bytes) {
                Ok(message) => return Ok((from, message)),
                Err(error) => tracing::debug!(%from, %error, "no gossip datagram"),
            }
        }
    }
}
