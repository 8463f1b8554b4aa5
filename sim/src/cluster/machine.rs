//! One machine: what of it outlives its node, and the node itself.

use crate::clock::Clock;
use crate::door::Door;
use crate::network::SimNetwork;
use crate::people::{self, Home};
use crate::story::Story;
use node::{Config, Env};
use replica::store::SimDisk;
use replica::store::history::HistoryOptions;
use replica::store::log::LogOptions;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const PORT: u16 = 7100;

/// What outlives the node.
pub(super) struct Machine {
    pub(super) number: usize,
    pub(super) seed: u64,
    pub(super) copies: usize,
    pub(super) names: node::Names,
    pub(super) disk: RefCell<SimDisk>,
    pub(super) clock: Arc<Clock>,
    pub(super) network: SimNetwork,
    /// Names of the machines that its configuration tells it to join.
    pub(super) join: RefCell<Vec<usize>>,
    pub(super) life: Cell<u32>,
    /// As whom it lived last: a disk that was lost, or found to be damaged, makes it another.
    pub(super) identity: Cell<Option<u64>>,
    /// Of this life, once its door is open.
    pub(super) home: RefCell<Option<Home>>,
    /// Why the node stopped by itself.
    pub(super) ended: RefCell<Option<String>>,
    /// It was told to stop, or has a reason.
    pub(super) may_end: Cell<bool>,
    /// Its disk failed, or was full, in this life or the one before.
    pub(super) is_disk_bad: Cell<bool>,
}

/// Name of a node.
pub(crate) fn name(node: usize) -> String {
    format!("n{}", node + 1)
}

fn address(node: usize) -> String {
    format!("{}:{PORT}", name(node))
}

impl Machine {
    pub(super) fn door(&self) -> Option<Rc<Door>> {
        self.home.borrow().as_ref().map(|it| it.door.clone())
    }

    fn config(&self) -> Config {
        Config {
            name: name(self.number),
            data_dir: "data".into(),
            directory: true,
            chat: true,
            network: "Sim".to_owned(),
            tls: None,
            address: address(self.number),
            join: self.join.borrow().iter().map(|it| address(*it)).collect(),
            copies: self.copies,
            fanout: 3,
            priority: 0,
            groups: super::GROUPS,
            rebalance: node::Rebalance::Members,
            rebalance_slack: 20,
            names: self.names,
            session_grace: Duration::from_secs(5),
            retention: None,
            empty_room_ttl: None,
            accounts: node::Accounts::default(),
            replication: chat::Replication::Raft,
        }
    }

    fn env(&self, seed: u64) -> Env<SimNetwork> {
        let clock = self.clock.clone();
        Env {
            network: self.network.clone(),
            disk: Arc::new(self.disk.borrow().clone()),
            wall_ms: Arc::new(move || clock.wall_ms()),
            seed,
            secret: secret_of(seed),
            log: LogOptions {
                segment_bytes: 256 << 10, // So that a short run fills some.
                batch_bytes_max: 64 << 10,
                cache_bytes: 64 << 10,
                inline: true,
                ..LogOptions::default()
            },
            history: HistoryOptions {
                segment_bytes: 32 << 10,
                live_percent_min: 80,
                ..HistoryOptions::default()
            },
            checkpoint_commands: 400, // A few in each run.
            on_thread: false,
        }
    }
}

/// Of a node's life: nobody here guesses.
fn secret_of(seed: u64) -> [u8; 32] {
    let mut secret = [0; 32];
    secret[..8].copy_from_slice(&seed.to_le_bytes());
    secret
}

/// One life of a node, from its start until it ends or is stopped.
pub(super) async fn live(machine: Rc<Machine>, story: Rc<Story>) {
    let life = machine.life.get() + 1;
    machine.life.set(life);
    let seed = machine.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let seed = seed.wrapping_add(u64::from(life) * 1_000 + machine.number as u64);
    let node = match node::prepare(machine.config(), machine.env(seed)).await {
        Ok(node) => node,
        Err(why) => {
            *machine.ended.borrow_mut() = Some(why.to_string());
            return;
        }
    };
    let (handle, here) = (node.handle(), machine.clone());
    if machine.identity.replace(Some(handle.info.id.0)).is_some_and(|it| it != handle.info.id.0) {
        story.lost_disk(machine.number);
    }
    tokio::task::spawn_local(async move {
        let Some(door) = Door::open(handle, story.clone()).await else {
            return;
        };
        let home = Home { door, story, node: here.number, life, seed };
        *here.home.borrow_mut() = Some(home.clone());
        people::begin(&home);
    });
    let ended = node.run().await;
    *machine.ended.borrow_mut() = Some(ended.err().unwrap_or_else(|| "it was told to".to_owned()));
}
