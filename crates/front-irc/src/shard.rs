//! One thread with its connections.
//!
//! Promise: nothing here waits but for `poll`. Each turn reads what is readable, within a budget for
//! each connection, sends the requests that came of it in one batch, takes what the node delivers,
//! and writes to every connection that has something to read once.

mod accept;
mod alarm;
mod answers;
mod deliver;
mod drain;
mod flush;
mod input;
mod label;
pub(crate) use label::number_of;
mod leave;
mod sweep;

pub(crate) use accept::{Listening, Socket};
pub(crate) use alarm::Alarm;

use crate::conn::Conn;
use crate::context::Context;
use crate::encode::Fan;
use crate::measures::Measures;
use crate::outs::Outs;
use crate::stream::ReadSpace;
use chat::{RoomName, SessionId};
use crossbeam_channel::{Receiver, Sender};
use mio::{Events, Poll, Token};
use node::{ConnId, Delivery, Handle, Request, ShardId, Status};
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const WAKE: Token = Token(usize::MAX);
/// Listeners count down from here.
pub(crate) const LISTENER: usize = usize::MAX - 1;
/// Bytes appended to outboxes before they are flushed in the middle of a batch of deliveries.
const APPENDED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What reaches a shard from other threads of the door.
pub(crate) enum Control {
    /// A connection that another shard accepted.
    Socket(Socket),
    /// OPER's password was checked.
    Verified { conn: ConnId, name: Arc<str>, is_right: bool, label: Option<u32> },
    /// Close everybody, spread over some time.
    Drain { reason: Arc<str>, over: Duration },
    /// Close everybody and end.
    Stop,
}

/// How to reach a shard.
#[derive(Clone)]
pub(crate) struct ShardLink {
    pub(crate) control: Sender<Control>,
    pub(crate) alarm: Arc<Alarm>,
}

impl ShardLink {
    pub(crate) fn tell(&self, control: Control) {
        if self.control.send(control).is_ok() {
            self.alarm.ring();
        }
    }
}

/// A room as far as this shard's connections are in it.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) shown: Arc<str>,
    pub(crate) members: Vec<Member>,
}

#[derive(Clone, Copy)]
pub(crate) struct Member {
    pub(crate) slot: u32,
    pub(crate) is_operator: bool,
    pub(crate) is_voiced: bool,
}

/// The answer of one labelled command, while it is collected.
#[derive(Default)]
pub(crate) struct Capture {
    pub(crate) is_on: bool,
    pub(crate) lines: Vec<u8>,
    /// Number of the label that requests are remembered under.
    pub(crate) label: Option<u32>,
    /// What the client numbered the command by, its label; 0: it did not.
    pub(crate) number: u64,
    /// Requests made so far.
    pub(crate) asked: usize,
}

pub(crate) struct Shard {
    pub(crate) context: Arc<Context>,
    pub(crate) handle: Handle,
    pub(crate) number: ShardId,
    pub(crate) conns: Slab<Conn>,
    pub(crate) outs: Outs,
    pub(crate) rooms: HashMap<RoomName, Room>,
    pub(crate) sessions: HashMap<SessionId, u32>,
    /// Who watches a nick (folded).
    pub(crate) monitors: HashMap<Arc<str>, Vec<u32>>,
    pub(crate) requests: Vec<Request>,
    pub(crate) capture: Capture,
    pub(crate) now_ms: u64,
    /// The cluster as last heard, and when, for LUSERS at registration.
    pub(crate) status: Option<(u64, Box<Status>)>,
    pub(crate) link: ShardLink,
    next_tag: u64,
    next_label: u32,
    next_batch: u32,
    generation: u32,
    poll: Poll,
    control: Receiver<Control>,
    deliveries: Receiver<Vec<Delivery>>,
    listening: Listening,
    space: Option<ReadSpace>,
    queue: VecDeque<u32>,
    throttled: Vec<u32>,
    throttled_until_ms: u64,
    sweep_at_ms: u64,
    drain: Option<drain::Drain>,
    fan: Fan,
    measures: Measures,
    is_stopping: bool,
}

/// What a shard is made from.
pub(crate) struct Parts {
    pub(crate) context: Arc<Context>,
    pub(crate) handle: Handle,
    pub(crate) number: ShardId,
    pub(crate) poll: Poll,
    pub(crate) link: ShardLink,
    pub(crate) control: Receiver<Control>,
    pub(crate) deliveries: Receiver<Vec<Delivery>>,
    pub(crate) listening: Listening,
}

impl Shard {
    pub(crate) fn new(parts: Parts) -> Shard {
        Shard {
            context: parts.context,
            handle: parts.handle,
            number: parts.number,
            conns: Slab::new(),
            outs: Outs::default(),
            rooms: HashMap::new(),
            sessions: HashMap::new(),
            monitors: HashMap::new(),
            requests: Vec::new(),
            capture: Capture::default(),
            now_ms: 0,
            status: None,
            link: parts.link,
            next_tag: 0,
            next_label: 0,
            next_batch: 0,
            generation: 0,
            poll: parts.poll,
            control: parts.control,
            deliveries: parts.deliveries,
            listening: parts.listening,
            space: Some(ReadSpace::new()),
            queue: VecDeque::new(),
            throttled: Vec::new(),
            throttled_until_ms: 0,
            sweep_at_ms: 0,
            drain: None,
            fan: Fan::default(),
            measures: Measures::new(),
            is_stopping: false,
        }
    }

    /// Runs until told to stop.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        while !self.is_stopping {
            if let Err(error) = self.poll.poll(&mut events, self.timeout()) {
                if error.kind() == std::io::ErrorKind::Interrupted {
                    continue;
                }
                tracing::error!(%error, "irc shard cannot wait for its sockets and ends");
                return;
            }
            self.now_ms = self.context.now_ms();
            for event in &events {
                match event.token() {
                    WAKE => {}
                    Token(token) if token > LISTENER - self.listening.count() => {
                        self.accept(LISTENER - token)
                    }
                    Token(slot) => self.on_ready(
                        slot,
                        event.is_readable(),
                        event.is_read_closed(),
                        event.is_writable(),
                    ),
                }
            }
            self.turn();
        }
        self.close_all("Server is shutting down");
        self.flush();
        self.send_requests();
    }

    fn turn(&mut self) {
        self.link.alarm.heard();
        self.take_control();
        self.run_queue();
        self.send_requests();
        self.take_deliveries();
        self.sweep();
        self.flush();
        self.send_requests();
        self.measure();
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.queue.is_empty() || self.outs.is_anything_dirty() {
            return Some(Duration::ZERO);
        }
        let mut until_ms = self.next_sweep_ms();
        if !self.throttled.is_empty() {
            until_ms = Some(until_ms.unwrap_or(u64::MAX).min(self.throttled_until_ms));
        }
        if let Some(retry_ms) = self.listening.retry_ms() {
            until_ms = Some(until_ms.unwrap_or(u64::MAX).min(retry_ms));
        }
        until_ms.map(|it| Duration::from_millis(it.saturating_sub(self.context.now_ms())))
    }

    /// One batch for all that was asked in this turn.
    fn send_requests(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.requests);
        if !self.handle.send(batch) {
            self.is_stopping = true; // Without a node there is nothing to serve.
        }
    }

    fn take_deliveries(&mut self) {
        while let Ok(batch) = self.deliveries.try_recv() {
            for delivery in batch {
                self.deliver(delivery);
                if self.outs.appended > APPENDED_BYTES_MAX {
                    self.flush();
                }
            }
        }
    }

    fn take_control(&mut self) {
        while let Ok(control) = self.control.try_recv() {
            match control {
                Control::Socket(socket) => self.admit(socket),
                Control::Verified { conn, name, is_right, label } => {
                    self.on_verified(conn, name, is_right, label);
                }
                Control::Drain { reason, over } => self.begin_drain(&reason, over),
                Control::Stop => self.is_stopping = true,
            }
        }
    }

    /// The slot of a connection, if it is still the one meant.
    pub(crate) fn slot_of(&self, id: ConnId) -> Option<u32> {
        let conn = self.conns.get(id.slot as usize)?;
        (conn.id == id && !conn.is_closing).then_some(id.slot)
    }

    pub(crate) fn conn(&self, slot: u32) -> &Conn {
        &self.conns[slot as usize]
    }

    pub(crate) fn conn_mut(&mut self, slot: u32) -> &mut Conn {
        &mut self.conns[slot as usize]
    }

    /// A reference for a batch, unique on each connection.
    pub(crate) fn batch_reference(&mut self) -> String {
        self.next_batch = self.next_batch.wrapping_add(1);
        format!("b{:x}", self.next_batch)
    }

    pub(crate) fn next_tag(&mut self) -> u64 {
        self.next_tag += 1;
        self.next_tag
    }

    fn measure(&mut self) {
        let deliveries = std::mem::take(&mut self.outs.deliveries);
        self.measures.publish(self.conns.len(), self.sessions.len(), deliveries);
    }
}
