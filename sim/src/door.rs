//! A door inside the simulated machine: clients talk to the node by its own handle, without sockets.

use crate::points;
use crate::story::{Listening, Story};
use chat::What;
use crossbeam_channel::{Receiver, TryRecvError};
use node::door::Refused;
use node::{Answer, Ask, ConnId, Delivery, Handle, Request, ShardId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;
use tokio::time::sleep;

const BETWEEN_LEAVERS: Duration = Duration::from_millis(10);

/// One life of a node's only door.
pub(crate) struct Door {
    handle: Handle,
    shard: ShardId,
    waiting: RefCell<HashMap<u64, oneshot::Sender<Answer>>>,
    next_tag: Cell<u64>,
    next_slot: Cell<u32>,
    /// Connections below this slot are closed.
    gone: Cell<u32>,
    /// The connection that reads history for the run, once it is in the room.
    reader: Cell<Option<ConnId>>,
    listening: Listening,
}

impl Door {
    /// Attaches to a node that runs in this very thread. `None`: it stopped before.
    pub(crate) async fn open(handle: Handle, story: Rc<Story>) -> Option<Rc<Door>> {
        let wake = Arc::new(Notify::new());
        let waker = wake.clone();
        let (number, deliveries) = handle.attach_soon(Box::new(move || waker.notify_one()))?;
        let shard = loop {
            match number.try_recv() {
                Ok(shard) => break shard,
                Err(TryRecvError::Disconnected) => return None,
                Err(_) => sleep(Duration::from_millis(1)).await,
            }
        };
        let door = Rc::new(Door {
            handle,
            shard,
            waiting: RefCell::default(),
            next_tag: Cell::new(1),
            next_slot: Cell::new(0),
            gone: Cell::new(0),
            reader: Cell::new(None),
            listening: story.listens(),
        });
        let it = door.clone();
        spawn_local(async move {
            loop {
                wake.notified().await;
                for delivery in deliveries.try_iter().flatten() {
                    it.take(delivery, &story);
                }
            }
        });
        Some(door)
    }

    fn take(self: &Rc<Door>, delivery: Delivery, story: &Story) {
        if points::is_dead() {
            return; // Nobody hears any more what it had to say.
        }
        match delivery {
            Delivery::Answer { tag, answer, .. } => {
                if let Some(waiting) = self.waiting.borrow_mut().remove(&tag) {
                    let _ = waiting.send(answer); // Whoever asked may have lost patience.
                }
            }
            Delivery::Drain { .. } => self.send_away(),
            Delivery::Record { record, .. } if matches!(record.what, What::Said { .. }) => {
                story.delivered(self.listening, &record);
            }
            _ => {}
        }
    }

    /// The node is leaving: its clients go, one after the other, as doors let them.
    fn send_away(self: &Rc<Door>) {
        self.reader.set(None);
        let (it, connections) = (self.clone(), self.next_slot.get());
        spawn_local(async move {
            for slot in 0..connections {
                let conn = ConnId { shard: it.shard, slot, generation: 0 };
                let reason = "Server is going down".into();
                it.ask(conn, Ask::Gone { reason }); // Unanswered.
                it.gone.set(slot + 1);
                sleep(BETWEEN_LEAVERS).await;
            }
        });
    }

    /// Tells the node to leave; the channel closes once it has.
    pub(crate) fn drain(&self) -> Receiver<()> {
        self.handle.drain_soon()
    }

    /// Tells the node to stop.
    pub(crate) fn stop(&self) {
        self.handle.stop_soon();
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> ConnId {
        let slot = self.next_slot.get();
        self.next_slot.set(slot + 1);
        ConnId { shard: self.shard, slot, generation: 0 }
    }

    /// Asks; the answer comes when the node has it, or never if it dies.
    pub(crate) fn ask(&self, conn: ConnId, ask: Ask) -> oneshot::Receiver<Answer> {
        let tag = self.next_tag.get();
        self.next_tag.set(tag + 1);
        let (sender, receiver) = oneshot::channel();
        if conn.slot < self.gone.get() {
            let _ = sender.send(Answer::Refused(vec![Refused::NoSession])); // They hold the receiver.
            return receiver;
        }
        self.waiting.borrow_mut().insert(tag, sender);
        self.handle.send(vec![Request { conn, tag, ask }]);
        receiver
    }

    pub(crate) fn set_reader(&self, reader: Option<ConnId>) {
        self.reader.set(reader);
    }

    /// As the story knows it.
    pub(crate) fn listening(&self) -> Listening {
        self.listening
    }

    pub(crate) fn reader(&self) -> Option<ConnId> {
        self.reader.get()
    }
}
