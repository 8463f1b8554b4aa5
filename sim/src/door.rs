//! A door inside the simulated machine: clients talk to the node by its own handle, without sockets.

use crate::points;
use crate::story::{Listening, Story};
use chat::directory::Session;
use chat::{Place, SessionId, What};
use crossbeam_channel::{Receiver, TryRecvError};
use node::door::Refused;
use node::{Answer, Ask, ConnId, Delivery, Handle, Request, ShardId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;
use tokio::time::sleep;

const BETWEEN_LEAVERS: Duration = Duration::from_millis(10);

/// Somebody who is here.
struct Attached {
    conn: ConnId,
    nick: String,
    rooms: BTreeSet<String>,
}

/// One life of a node's only door.
pub(crate) struct Door {
    handle: Handle,
    shard: ShardId,
    /// By tag: who asked.
    waiting: RefCell<BTreeMap<u64, (ConnId, oneshot::Sender<Answer>)>>,
    /// Who is here, as the node has told.
    sessions: RefCell<BTreeMap<SessionId, Attached>>,
    /// Connections whose socket is gone.
    gone: RefCell<BTreeSet<ConnId>>,
    next_tag: Cell<u64>,
    next_slot: Cell<u32>,
    /// The connection that reads history for the run, once it is in the room.
    reader: Cell<Option<ConnId>>,
    /// Those who read conversations for the run, by whose they are.
    auditors: RefCell<BTreeMap<usize, ConnId>>,
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
            sessions: RefCell::default(),
            gone: RefCell::default(),
            next_tag: Cell::new(1),
            next_slot: Cell::new(0),
            reader: Cell::new(None),
            auditors: RefCell::default(),
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
            Delivery::Answer { conn, tag, answer } => {
                if let Answer::Registered(session) = &answer {
                    self.comes(conn, session);
                }
                if let Some((_, waiting)) = self.waiting.borrow_mut().remove(&tag) {
                    let _ = waiting.send(answer); // Whoever asked may have lost patience.
                }
            }
            Delivery::Drain { .. } | Delivery::SendAway { .. } => self.send_away(),
            Delivery::TakeIn => {} // Nobody waits for it: people are elsewhere by then.
            Delivery::Ended { session, .. } => {
                self.sessions.borrow_mut().remove(&session.id);
            }
            Delivery::Renamed { session, .. } | Delivery::Displaced { session, .. } => {
                if let Some(it) = self.sessions.borrow_mut().get_mut(&session.id) {
                    it.nick = session.nick.to_string();
                }
            }
            Delivery::Record { record, .. } => match &record.what {
                What::Said { .. } => story.delivered(self.listening, &record),
                What::Joined { .. } => self.moves(record.who.session, &record.place, true),
                What::Parted { .. } => self.moves(record.who.session, &record.place, false),
                What::Kicked { session, .. } => self.moves(*session, &record.place, false),
                _ => {}
            },
            _ => {}
        }
    }

    fn comes(&self, conn: ConnId, session: &Session) {
        if !self.gone.borrow().contains(&conn) {
            let (nick, rooms) = (session.nick.to_string(), BTreeSet::new());
            self.sessions.borrow_mut().insert(session.id, Attached { conn, nick, rooms });
        }
    }

    fn moves(&self, session: SessionId, place: &Place, is_in: bool) {
        let mut sessions = self.sessions.borrow_mut();
        let (Some(it), Place::Room(room)) = (sessions.get_mut(&session), place) else {
            return;
        };
        if is_in {
            it.rooms.insert(room.to_string());
        } else {
            it.rooms.remove(room.as_str());
        }
    }

    /// True while the connection has a session.
    pub(crate) fn is_attached(&self, conn: ConnId) -> bool {
        self.sessions.borrow().values().any(|it| it.conn == conn)
    }

    /// True while the connection's session is in the room.
    pub(crate) fn is_inside(&self, conn: ConnId, room: &str) -> bool {
        self.sessions.borrow().values().any(|it| it.conn == conn && it.rooms.contains(room))
    }

    /// The nicks of those of here who are in a room.
    pub(crate) fn occupants(&self, room: &str) -> Vec<String> {
        let sessions = self.sessions.borrow();
        sessions.values().filter(|it| it.rooms.contains(room)).map(|it| it.nick.clone()).collect()
    }

    /// Questions that the node owes an answer to.
    pub(crate) fn owed(&self) -> usize {
        let gone = self.gone.borrow();
        self.waiting.borrow().values().filter(|it| !gone.contains(&it.0)).count()
    }

    /// The node is leaving: its clients go, one after the other, as doors let them.
    fn send_away(self: &Rc<Door>) {
        self.reader.set(None);
        let (it, connections) = (self.clone(), self.next_slot.get());
        spawn_local(async move {
            for slot in 0..connections {
                let conn = ConnId { shard: it.shard, slot, generation: 0 };
                let reason = "Server is going down";
                it.leave(conn, reason);
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
        if self.gone.borrow().contains(&conn) {
            let _ = sender.send(Answer::Refused(vec![Refused::NoSession])); // They hold the receiver.
            return receiver;
        }
        self.waiting.borrow_mut().insert(tag, (conn, sender));
        self.handle.send(vec![Request { conn, tag, number: 0, ask }]);
        receiver
    }

    /// The connection's socket is gone.
    pub(crate) fn leave(&self, conn: ConnId, reason: &str) {
        if self.gone.borrow_mut().insert(conn) {
            self.sessions.borrow_mut().retain(|_, it| it.conn != conn);
            let ask = Ask::Gone { reason: reason.into() }; // Unanswered.
            self.handle.send(vec![Request { conn, tag: 0, number: 0, ask }]);
        }
    }

    pub(crate) fn set_auditor(&self, whose: usize, conn: ConnId) {
        self.auditors.borrow_mut().insert(whose, conn);
    }

    pub(crate) fn auditor(&self, whose: usize) -> Option<ConnId> {
        self.auditors.borrow().get(&whose).copied()
    }

    pub(crate) fn unset_reader(&self) {
        self.reader.set(None);
    }

    pub(crate) fn set_reader(&self, reader: ConnId) {
        self.reader.set(Some(reader));
    }

    /// As the story knows it.
    pub(crate) fn listening(&self) -> Listening {
        self.listening
    }

    pub(crate) fn reader(&self) -> Option<ConnId> {
        self.reader.get()
    }
}
