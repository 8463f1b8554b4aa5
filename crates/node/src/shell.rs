//! Around the core: waits for something to happen, feeds it in, carries out what comes of it.
//!
//! Generic over the network and given its disk, clock and seed, so that a whole cluster can run inside
//! one process on simulated ones.

use crate::accounts::Hasher;
use crate::config::Config;
use crate::core::{
    Core, JoinAnswer, JoinQuestion, MembersAnswer, Question, RestoreError, Surroundings, restore,
};
use crate::door::{Handle, Inbound, Info};
use crate::identity::{Identity, Phase};
use crate::lookup::Lookup;
use crate::run::StartError;
use chat::NodeId;
use crossbeam_channel::{Receiver, Sender};
use fail::fail_point;
use rand::rngs::{SmallRng, StdRng};
use rand::{Rng, SeedableRng};
use replica::engine::Links;
use replica::net::{Liveness, LivenessMe, Me, Network, PeerEvent, Peers};
use replica::planted;
use replica::store::Disk;
use replica::store::disk::LockGuard;
use replica::store::history::HistoryOptions;
use replica::store::log::LogOptions;
use replica::store::log::OnSynced;
use replica::strategy::TICK_MS;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

/// How long a founder or joiner waits for an answer to one question.
const ASK_LIMIT: Duration = Duration::from_secs(8);
/// How long a node that lost the way to the directory waits for an answer.
const INQUIRY_LIMIT: Duration = Duration::from_secs(2);
/// How long a start looks whether the nodes it is told to join are of its own cluster.
const GLANCE_LIMIT: Duration = Duration::from_millis(300);
/// How long a member whose address changed tries to tell the others.
const ANNOUNCE_LIMIT: Duration = Duration::from_secs(20);
/// Requests taken in before what they cause is carried out.
const INBOUND_BATCH: usize = 64;

/// What a node is given: everything that is not itself.
pub struct Env<N> {
    /// Sockets.
    pub network: N,
    /// Its data directory.
    pub disk: Arc<dyn Disk>,
    /// The wall clock: Unix milliseconds.
    pub wall_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Where all chance comes from.
    pub seed: u64,
    /// Where all secrets come from: nobody may guess it.
    pub secret: [u8; 32],
    /// How the log is kept.
    pub log: LogOptions,
    /// How the history is kept.
    pub history: HistoryOptions,
    /// Commands applied before the next checkpoint: what a start has to replay at most.
    pub checkpoint_commands: u64,
    /// Disk work of checkpoints goes to a thread of its own; false: inline (simulation).
    pub on_thread: bool,
}

/// A node that listens and has its data open, and is about to run.
pub struct Node<N: Network> {
    core: Core,
    peers: Peers,
    handle: Handle,
    inbox: Receiver<Inbound>,
    wake: Arc<Notify>,
    events: Rc<RefCell<VecDeque<PeerEvent>>>,
    /// What others answered who is a member, to one inquiry each.
    found: Rc<RefCell<Vec<Vec<MembersAnswer>>>>,
    synced: Arc<Mutex<Result<u64, String>>>,
    liveness: Liveness,
    env: Env<N>,
    started: Instant,
    checkpoints: (Sender<crate::core::CheckpointDone>, Receiver<crate::core::CheckpointDone>),
    drained: Vec<Sender<()>>,
    /// Of the data directory.
    _lock: Box<dyn LockGuard>,
}

/// Frames leave through the peer links.
struct Out<'a>(&'a Peers);

impl Links for Out<'_> {
    fn send(&mut self, to: u64, fill: &mut dyn FnMut(&mut Vec<u8>)) -> bool {
        self.0.send(to, |out| fill(out))
    }
}

/// Listens, opens the data, founds or joins. Must be called inside a `LocalSet`.
pub async fn prepare<N: Network>(config: Config, env: Env<N>) -> Result<Node<N>, StartError> {
    let data_dir =
        |why: String| StartError::DataDir { path: config.data_dir.display().to_string(), why };
    let listener = env.network.listen(&config.address).await.map_err(|why| StartError::Listen {
        address: config.address.clone(),
        why: why.to_string(),
    })?;
    let lock = env.disk.lock("LOCK").map_err(|why| match why.kind() {
        std::io::ErrorKind::WouldBlock => data_dir("another process uses it".to_owned()),
        _ => data_dir(why.to_string()),
    })?;
    let mut random = SmallRng::seed_from_u64(env.seed);
    let secrets = StdRng::from_seed(env.secret);
    let kept = Identity::load(&*env.disk, &config.name).map_err(|why| data_dir(why.to_string()))?;
    let wake = Arc::new(Notify::new());
    let synced = Arc::new(Mutex::new(Ok(0)));
    let mut identity = match kept {
        Some(identity) => identity,
        None => begin(&config, &env, &mut random)?,
    };
    let open = |identity: &Identity| {
        let on_synced = on_synced(&synced, &wake);
        let options = (env.log.clone(), env.history.clone());
        restore(&env.disk, identity, options, on_synced)
    };
    join_if_joining(&config, &env, &mut identity).await?;
    let mut opened = open(&identity);
    if let Err(RestoreError::Damaged(why)) = &opened {
        identity = begin_again(&config, &env, &mut random, &identity, why)?;
        join_if_joining(&config, &env, &mut identity).await?;
        opened = open(&identity);
    }
    let restored = opened.map_err(|why| data_dir(why.to_string()))?;
    // Only now: what makes it a member (a founder's first checkpoint, a log of its own) is on disk.
    identity.phase = Phase::Member;
    save(&config, &env, &identity)?;

    let events: Rc<RefCell<VecDeque<PeerEvent>>> = Rc::default();
    let sink = {
        let (events, wake) = (events.clone(), wake.clone());
        move |event| {
            events.borrow_mut().push_back(event);
            wake.notify_one();
        }
    };
    let me = Me::new(identity.cluster, identity.id, &config.name, random.random());
    let peers = Peers::start(env.network.clone(), listener, me, sink);
    peers.set_members(&identity.peers);
    let seeds = identity.peers.iter().map(|it| it.1.clone()).collect();
    let liveness_me = LivenessMe {
        id: identity.id,
        name: config.name.clone(),
        listen: config.address.clone(),
        address: config.address.clone(),
        cluster: identity.cluster,
        incarnation: u64::from(identity.boot),
    };
    let liveness =
        Liveness::start(env.network.clone(), liveness_me, seeds).await.map_err(|why| {
            StartError::Listen { address: config.address.clone(), why: why.to_string() }
        })?;

    let (inbox_sender, inbox) = crossbeam_channel::unbounded();
    let info = Arc::new(Info {
        name: config.name.as_str().into(),
        id: NodeId(identity.id),
        network: config.network.as_str().into(),
        started_ms: (env.wall_ms)(),
    });
    let waker = wake.clone();
    let (publisher, lookup) = Lookup::pair(identity.id);
    let handle = Handle {
        inbox: inbox_sender,
        wake: Arc::new(move || waker.notify_one()),
        lookup,
        info: info.clone(),
    };
    tracing::info!(name = %config.name, id = format!("{:016x}", identity.id), boot = identity.boot, address = %config.address, "node started");
    let hasher = match env.on_thread {
        true => Hasher::start(&handle.inbox, &handle.wake),
        false => Hasher::inline(),
    };
    let checkpoint_commands = env.checkpoint_commands;
    let disk = env.disk.clone();
    let around = Surroundings {
        info,
        config,
        identity,
        disk,
        publisher,
        checkpoint_commands,
        hasher,
        random,
        secrets,
    };
    let mut core = Core::new(around, restored.engine, restored.history, restored.state);
    core.follow_directory();
    Ok(Node {
        core,
        peers,
        handle,
        inbox,
        wake,
        events,
        found: Rc::default(),
        synced,
        liveness,
        env,
        started: Instant::now(),
        checkpoints: crossbeam_channel::unbounded(),
        drained: Vec::new(),
        _lock: lock,
    })
}

fn on_synced(synced: &Arc<Mutex<Result<u64, String>>>, wake: &Arc<Notify>) -> OnSynced {
    let (synced, wake) = (synced.clone(), wake.clone());
    Box::new(move |result| {
        let mut it = synced.lock().expect("nobody panics with it");
        if it.is_ok() {
            *it = result.map_err(|why| format!("the log cannot be written: {why}"));
        }
        drop(it);
        wake.notify_one();
    })
}

fn save<N: Network>(config: &Config, env: &Env<N>, it: &Identity) -> Result<(), StartError> {
    it.save(&*env.disk).map_err(|why| StartError::DataDir {
        path: config.data_dir.display().to_string(),
        why: why.to_string(),
    })
}

/// A fresh directory: draws who this node is. From here on it founds, or joins, until that is done.
fn begin<N: Network>(
    config: &Config,
    env: &Env<N>,
    random: &mut SmallRng,
) -> Result<Identity, StartError> {
    let mut identity = Identity {
        id: random.random::<u64>().max(1),
        cluster: 0,
        phase: Phase::Joining { addresses: config.join.clone() },
        name: config.name.clone(),
        groups: config.groups,
        boot: 0,
        peers: Vec::new(),
        names: config.names,
    };
    if config.join.is_empty() {
        identity.phase = Phase::Founding;
        identity.cluster = random.random::<u64>().max(1);
        identity.peers = vec![(identity.id, config.address.clone())];
        tracing::info!(network = %config.network, "founding a cluster");
    }
    save(config, env, &identity)?;
    Ok(identity)
}

/// The data is damaged: this identity never votes again. The node joins anew under another one, if
/// there is somebody to join.
fn begin_again<N: Network>(
    config: &Config,
    env: &Env<N>,
    random: &mut SmallRng,
    old: &Identity,
    why: &str,
) -> Result<Identity, StartError> {
    let known = old.peers.iter().filter(|it| it.0 != old.id).map(|it| &it.1);
    let mut addresses: Vec<String> = known.chain(&config.join).cloned().collect();
    addresses.retain(|it| *it != config.address);
    if addresses.is_empty() {
        return Err(StartError::DataDir {
            path: config.data_dir.display().to_string(),
            why: format!("{why}. No other node has a copy: restore the directory from a backup"),
        });
    }
    tracing::error!(why, "the data is damaged; this node rejoins under a new identity");
    let id = if planted!("reuse-identity") { old.id } else { random.random::<u64>().max(1) };
    let identity = old.begin_again(id, addresses);
    save(config, env, &identity)?;
    Ok(identity)
}

/// Joins, if that is not done yet, and then has nothing on disk but the identity. Counts the start.
async fn join_if_joining<N: Network>(
    config: &Config,
    env: &Env<N>,
    identity: &mut Identity,
) -> Result<(), StartError> {
    identity.boot += 1;
    let Phase::Joining { addresses } = identity.phase.clone() else {
        refuse_other_names(config, identity)?;
        refuse_other_cluster(config, env, identity).await?;
        return announce_address(config, env, identity).await;
    };
    let mut all = config.join.clone();
    all.extend(addresses.into_iter().filter(|it| !config.join.contains(it)));
    join(config, env, identity, &all).await?;
    // Only now: if damage has struck all nodes at once, nobody takes anybody in, and what there is of
    // the data is still there to be looked at.
    empty(&*env.disk).map_err(|why| StartError::DataDir {
        path: config.data_dir.display().to_string(),
        why: format!("it cannot be emptied before this node joins: {why}"),
    })
}

/// How names are kept is decided when a cluster is founded.
fn refuse_other_names(config: &Config, identity: &Identity) -> Result<(), StartError> {
    if config.names == identity.names {
        return Ok(());
    }
    Err(StartError::Refused(format!(
        "this cluster was founded with cluster.directory = \"{}\", and this node is configured with \"{}\": \
         correct it, or give this node an empty data_dir to found another cluster",
        identity.names, config.names
    )))
}

/// A member whose configuration names nodes of another cluster was given the wrong directory, or the
/// wrong addresses. Those who do not answer prove nothing.
async fn refuse_other_cluster<N: Network>(
    config: &Config,
    env: &Env<N>,
    identity: &Identity,
) -> Result<(), StartError> {
    let ours = format!("{:016x}", identity.cluster);
    let question = serde_json::to_vec(&Question::Status).expect("our own types become JSON");
    for address in config.join.iter().filter(|it| **it != config.address) {
        let asked = replica::net::ask(&env.network, address, &question);
        let Ok(Ok(answer)) = timeout(GLANCE_LIMIT, asked).await else { continue };
        let Ok(theirs) = serde_json::from_slice::<crate::Status>(&answer) else { continue };
        if theirs.cluster != ours {
            return Err(StartError::DataDir {
                path: config.data_dir.display().to_string(),
                why: format!(
                    "it belongs to cluster {ours}, but the node at {address} is of cluster {}: \
                     give this node an empty data_dir to join that one, or correct cluster.join",
                    theirs.cluster
                ),
            });
        }
    }
    Ok(())
}

/// A member whose address changed tells the others, who would look for it at the old one for ever.
async fn announce_address<N: Network>(
    config: &Config,
    env: &Env<N>,
    identity: &mut Identity,
) -> Result<(), StartError> {
    let known = identity.peers.iter().find(|it| it.0 == identity.id).map(|it| it.1.clone());
    let others: Vec<String> =
        identity.peers.iter().filter(|it| it.0 != identity.id).map(|it| it.1.clone()).collect();
    let Some(known) = known.filter(|it| *it != config.address && !others.is_empty()) else {
        return Ok(());
    };
    tracing::info!(from = %known, to = %config.address, "telling the members a new address");
    match timeout(ANNOUNCE_LIMIT, join(config, env, identity, &others)).await {
        Ok(told) => told,
        Err(_) => Err(StartError::Refused(format!(
            "its members know this node at {known}, and none of them could note {} within {} s: \
             start it at the old address, or when a majority of the others is up",
            config.address,
            ANNOUNCE_LIMIT.as_secs()
        ))),
    }
}

/// Removes log and history. The identity stays.
fn empty(disk: &dyn Disk) -> std::io::Result<()> {
    for part in ["log", "history"] {
        let part = disk.dir(part)?;
        for name in part.list()? {
            fail_point!("join.before-remove");
            part.remove(&name)?;
        }
        part.sync_dir()?;
    }
    Ok(())
}

/// Asks every address in turn until one member takes this node in or refuses it.
async fn join<N: Network>(
    config: &Config,
    env: &Env<N>,
    identity: &mut Identity,
    addresses: &[String],
) -> Result<(), StartError> {
    let since = Instant::now();
    loop {
        for address in addresses {
            let question = Question::Join(JoinQuestion {
                id: identity.id,
                name: config.name.clone(),
                address: config.address.clone(),
                directory: config.directory,
                chat: config.chat,
                names: config.names,
                asking_ms: since.elapsed().as_millis() as u64,
            });
            let question = serde_json::to_vec(&question).expect("our own types become JSON");
            let answer =
                timeout(ASK_LIMIT, replica::net::ask(&env.network, address, &question)).await;
            let answer = match answer {
                Ok(Ok(bytes)) => serde_json::from_slice(&bytes).ok(),
                Ok(Err(why)) => Some(JoinAnswer::Later(why.to_string())),
                Err(_) => Some(JoinAnswer::Later("no answer in time".to_owned())),
            };
            match answer {
                Some(JoinAnswer::Welcome { cluster, groups, members }) => {
                    tracing::info!(%address, "joined");
                    (identity.cluster, identity.groups, identity.peers) =
                        (cluster, groups, members);
                    return Ok(());
                }
                Some(JoinAnswer::Refused(why)) => return Err(StartError::Refused(why)),
                Some(JoinAnswer::Later(why)) => tracing::info!(%address, why, "cannot join yet"),
                None => tracing::warn!(%address, "not a Starling node of this version"),
            }
        }
        sleep(Duration::from_millis(500)).await;
    }
}

impl<N: Network> Node<N> {
    /// For doors.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until it is stopped, or something breaks that the node cannot go on with.
    ///
    /// # Errors
    /// What broke, in words.
    pub async fn run(mut self) -> Result<(), String> {
        let mut tick = interval(Duration::from_millis(TICK_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut live = self.liveness.watch();
        let mut words = self.liveness.watch_words();
        let mut is_stopping = false;
        let mut sync_at: Option<Instant> = None; // Only of an inline log: others have a thread.
        let result = loop {
            let ticked = tokio::select! {
                () = self.wake.notified() => false,
                _ = tick.tick() => true,
                () = sleep_until(sync_at.unwrap_or(self.started)), if sync_at.is_some() => {
                    sync_at = None;
                    self.core.sync_log();
                    false
                }
                changed = live.changed() => {
                    if changed.is_ok() {
                        let now = live.borrow_and_update().clone();
                        self.core.set_live(now);
                    }
                    false
                }
                changed = words.changed() => {
                    if changed.is_ok() {
                        self.core.set_words(&words.borrow_and_update());
                    }
                    false
                }
            };
            self.core.set_now(self.started.elapsed(), (self.env.wall_ms)());
            if ticked {
                self.core.tick();
            }
            is_stopping |= self.feed();
            if let Err(why) = &*self.synced.lock().expect("nobody panics with it") {
                break Err(why.clone());
            }
            self.core.settle(&mut Out(&self.peers));
            self.carry_out();
            if self.env.log.inline && sync_at.is_none() && self.core.wants_sync() {
                sync_at = Some(Instant::now() + self.env.disk.sync_takes());
            }
            if let Some(why) = self.core.fatal() {
                break Err(why.to_owned());
            }
            if is_stopping && self.core.is_checkpointed() {
                break Ok(());
            }
        };
        self.peers.stop();
        result
    }

    /// Everything that has come in. True when the node shall stop.
    fn feed(&mut self) -> bool {
        let mut is_stopping = false;
        let synced = self.synced.lock().expect("nobody panics with it").clone();
        if let Ok(ticket) = synced {
            self.core.synced(ticket);
        }
        loop {
            let event = self.events.borrow_mut().pop_front();
            match event {
                Some(PeerEvent::Up(peer)) => self.core.link(peer, true),
                Some(PeerEvent::Down(peer)) => self.core.link(peer, false),
                Some(PeerEvent::Breaker(peer, state)) => self.core.breaker(peer, state),
                Some(PeerEvent::Frame(peer, frame)) => self.core.receive_frame(peer, frame),
                Some(PeerEvent::Asked(question, responder)) => {
                    self.core.asked(&question, responder)
                }
                None => break,
            }
        }
        for answers in self.found.take() {
            self.core.told_of_members(answers);
        }
        if self.core.is_overrun() {
            return false; // The next tick looks again.
        }
        for _ in 0..INBOUND_BATCH {
            match self.inbox.try_recv() {
                Ok(Inbound::Stop) => {
                    is_stopping = true;
                    self.core.want_checkpoint();
                }
                Ok(Inbound::Drain(done)) => {
                    self.drained.push(done);
                    self.core.leave();
                }
                Ok(inbound) => self.core.receive_inbound(inbound),
                Err(_) => return is_stopping,
            }
        }
        self.wake.notify_one(); // There may be more.
        is_stopping
    }

    /// Asks at all these addresses at once who is a member now.
    fn inquire(&self, addresses: Vec<String>) {
        let question = serde_json::to_vec(&Question::Members).expect("our own types become JSON");
        let mut asked = JoinSet::new();
        for address in addresses {
            let (network, question) = (self.env.network.clone(), question.clone());
            asked.spawn_local(async move {
                let answer = replica::net::ask(&network, &address, &question);
                let bytes = timeout(INQUIRY_LIMIT, answer).await.ok()?.ok()?;
                serde_json::from_slice::<MembersAnswer>(&bytes).ok()
            });
        }
        let (found, wake) = (self.found.clone(), self.wake.clone());
        spawn_local(async move {
            let answers = asked.join_all().await.into_iter().flatten();
            found.borrow_mut().push(answers.collect());
            wake.notify_one();
        });
    }

    fn carry_out(&mut self) {
        if let Some(members) = self.core.take_members() {
            self.peers.set_members(&members);
            self.liveness.set_seeds(members.into_iter().map(|it| it.1).collect());
        }
        for (key, word) in self.core.take_own_words() {
            self.liveness.say(key, word);
        }
        if let Some(addresses) = self.core.take_inquiry() {
            self.inquire(addresses);
        }
        while let Ok(done) = self.checkpoints.1.try_recv() {
            self.core.checkpoint_done(done);
            self.wake.notify_one();
        }
        if let Some(job) = self.core.take_checkpoint() {
            if self.env.on_thread {
                let (done, wake) = (self.checkpoints.0.clone(), self.wake.clone());
                let broken = self.synced.clone();
                std::thread::spawn(move || {
                    match catch_unwind(AssertUnwindSafe(|| job.run())) {
                        Ok(it) => drop(done.send(it)), // The node may have stopped.
                        Err(_) => {
                            let mut it = broken.lock().expect("nobody panics with it");
                            *it = Err("a checkpoint panicked".to_owned());
                        }
                    }
                    wake.notify_one();
                });
            } else {
                let _ = self.checkpoints.0.send(job.run());
                self.wake.notify_one();
            }
        }
        if !self.drained.is_empty() && self.core.has_left() {
            self.drained.clear(); // Whoever waits learns it from the closed channel.
        }
    }
}
